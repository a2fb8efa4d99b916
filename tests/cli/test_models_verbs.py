"""Which model `agentx models` means where none is named."""

from pathlib import Path
from typing import Any

import pytest

from tests.models.conftest import gguf


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of one's own, which is the model that is set."""
    monkeypatch.setenv("AGENTX_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf())
    monkeypatch.setenv("AGENTX_MODEL", str(path))
    return path


def test_without_a_name_it_is_the_one_that_is_set(cli: Any, mine: Path) -> None:
    assert cli("models", "path").out == f"{mine}\n"
    assert cli("models", "verify").out.endswith(f"  {mine}\n")
    assert cli("models", "pull", "--json").object["paths"] == {"mine.gguf": str(mine)}


def test_a_name_goes_before_it(cli: Any, mine: Path) -> None:
    (other := mine.with_name("other.gguf")).write_bytes(gguf())
    assert cli("models", "path", str(other)).out == f"{other}\n"


def test_one_that_is_set_and_has_no_file_of_ours_is_a_sentence(
    cli: Any, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTX_MODEL", "scripted:replies.json")
    for verb in ("path", "verify", "pull"):
        ran = cli("models", verb)
        assert ran.code == 2 and ran.err.count("\n") == 1
        assert "The setting `model` is scripted:replies.json, of which AgentX keeps no file; name a model." in ran.err
