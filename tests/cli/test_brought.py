"""Sessions that a file has brought go on with a model, tools and an adapter of the user's own."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentx.cli import resuming
from agentx.cli.setup import Options, Setup
from agentx.errors import UsageError
from agentx.events import ModelLoaded, RunStarted
from agentx.journal import Journal
from tests.agent.test_imported import of_a_file
from tests.cli.test_default_adapter import MODEL, OTHER, set_default
from tests.decoding.lora_files import write_adapter

Brought = Callable[..., Setup]


@pytest.fixture
def brought(tmp_path: Path, own_folders: None) -> Brought:
    """The setup of an imported session that goes on; `digest` is that of the adapter that was loaded in it."""

    def go_on(
        typed: Options | None = None, *, model: str = MODEL, tools: Any = (), digest: str = "none", without: Any = ()
    ) -> Setup:
        settings = {"adapter": "/elsewhere/a.gguf", "without": list(without)}
        begun = RunStarted("brought", "t", model, "react", list(tools), str(tmp_path), settings)
        with Journal.default() as journal:
            [(_, session)] = journal.read_in(of_a_file([begun, ModelLoaded(model, 0.1, {"adapter": digest})]))
        return resuming.find(session, typed or Options()).setup

    return go_on


STRANGE = ["hf://evil/repo/any.gguf", "/elsewhere/x.gguf", "scripted:x.json", "transformers:x"]


@pytest.mark.parametrize("model", STRANGE)
def test_a_model_of_the_file_s_choice_is_named_by_the_user(
    model: str, brought: Brought, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=f"its model {model} is neither .* type it after --model"):
        brought(model=model)
    assert brought(Options(model=model), model=model).settings.model == model
    assert brought(Options(model=OTHER), model=model).settings.model == OTHER
    monkeypatch.setenv("AGENTX_MODEL", model)
    assert brought(model=model).settings.model == model


def test_a_model_of_the_catalogue_is_taken_and_may_be_another(brought: Brought, tmp_path: Path) -> None:
    assert brought().settings.model == MODEL
    assert brought(model=OTHER).settings.model == OTHER
    with pytest.raises(UsageError, match="--seed is what the session was begun with"):
        brought(Options(seed=1))


def test_tools_that_are_not_enabled_are_named_by_the_user(brought: Brought, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [tool.name for tool in brought(tools=["shell", "now"]).tools] == ["shell", "now"]
    monkeypatch.setenv("AGENTX_ENABLED_TOOLS", "read_file,now")
    assert [tool.name for tool in brought(tools=["now"]).tools] == ["now"]
    for chosen in ({"tools": ["shell", "now"]}, {"tools": ["now"], "without": ["shell"]}):
        with pytest.raises(UsageError, match="not enabled here: shell; .* --tool"):
            brought(**chosen)
    setup = brought(Options(tools=["shell"]), tools=["shell", "now"])
    assert [tool.name for tool in setup.tools] == ["shell", "now"]
    monkeypatch.setenv("AGENTX_ENABLED_TOOLS", "+shell")
    assert [tool.name for tool in brought(tools=["shell", "now"]).tools] == ["shell", "now"]


def test_an_adapter_of_the_same_bytes_is_taken_where_it_is_the_user_s(
    brought: Brought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_adapter(tmp_path / "a.gguf", layers=1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    gone = "was begun under an adapter, which a file does not bring"
    setup = brought(digest=digest)
    assert setup.settings.adapter == "none" and len(setup.notices) == 1 and gone in setup.notices[0]
    typed = brought(Options(adapter=str(path)), digest=digest)
    assert (typed.settings.adapter, typed.notices) == (str(path), [])
    other = write_adapter(tmp_path / "b.gguf", seed=1, layers=1)
    set_default(other)
    setup = brought(digest=digest)
    assert setup.settings.adapter == "none" and len(setup.notices) == 1 and gone in setup.notices[0]
    monkeypatch.setenv("AGENTX_ADAPTER", str(path))
    assert (brought(digest=digest).settings.adapter, brought(digest=digest).notices) == (str(path), [])
    monkeypatch.delenv("AGENTX_ADAPTER")
    set_default(path)
    setup = brought(digest=digest)
    assert (setup.settings.adapter, setup.notices) == (str(path), [])
    assert setup.origins["adapter"] == "the default adapter of the model"


def test_another_model_that_is_named_has_its_own_adapter(brought: Brought, tmp_path: Path) -> None:
    own = set_default(write_adapter(tmp_path / "a.gguf", layers=1), OTHER)
    setup = brought(Options(model=OTHER), digest="0" * 64)
    assert (setup.settings.adapter, setup.notices) == (own, [])
