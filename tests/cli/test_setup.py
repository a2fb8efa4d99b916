"""From what was typed and set to a setup."""

from pathlib import Path

import pytest

from agentx.cli import map_tasks
from agentx.cli.setup import Options, prepare


def test_a_path_of_a_model_holds_in_whatever_folder_a_session_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = f"{tmp_path}/m.gguf"
    assert prepare(Options(model="./m.gguf")).settings.model == model
    monkeypatch.setenv("AGENTX_MODEL", "m.gguf")
    assert map_tasks.decoder(prepare(Options())) == f"{model} without an adapter"


@pytest.mark.parametrize("model", [None, "smollm2-135m", "no-such-model", "hf://o/r/m.gguf", "scripted:sub/a.json"])
def test_another_word_for_a_model_stays_as_it_is(model: str | None, tmp_path: Path) -> None:
    assert prepare(Options(workspace=tmp_path, model=model)).settings.model == model


def test_no_tools_are_none_and_nothing_typed_is_all(tmp_path: Path) -> None:
    assert prepare(Options(workspace=tmp_path, tools=[])).tools == []
    assert len(prepare(Options(workspace=tmp_path)).tools) > 5
