"""The default adapter of a model at work: under what a run is, and what one names to do without."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent
from agentx.batch import Output
from agentx.cli import map_tasks, resuming
from agentx.cli.adapter import on_other_model
from agentx.cli.setup import Options, Setup, prepare
from agentx.config import write_user_value
from agentx.errors import UsageError
from agentx.events import ModelLoaded, RunStarted
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.models.default_adapters import Passed, identity_of, put, roll_back
from agentx.models.scripted import ScriptedModel
from tests.cli.conftest import answer
from tests.decoding.lora_files import write_adapter

MODEL, OTHER = "smollm2-135m", "qwen2.5-coder-1.5b"


def set_default(path: Path, model: str = MODEL) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    put(identity_of(model), model, Passed(str(path), digest, "2026-01-01T00:00:00+00:00", "tasks 0 to 5 of 5"))
    return str(path)


@pytest.fixture
def path(tmp_path: Path, own_folders: None) -> Path:
    return write_adapter(tmp_path / "a.gguf", layers=1)


def test_a_run_is_under_the_default_of_its_model(path: Path) -> None:
    set_default(path)
    setup = prepare(Options(model=MODEL))
    assert setup.settings.adapter == str(path) and setup.notices == []
    assert setup.origins["adapter"] == "the default adapter of the model"
    assert prepare(Options(model=OTHER)).settings.adapter is None


def test_what_is_named_goes_before_it(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_default(path)
    other = write_adapter(tmp_path / "b.gguf", seed=1, layers=1)
    assert prepare(Options(model=MODEL, adapter=str(other))).settings.adapter == str(other)
    assert prepare(Options(model=MODEL, adapter="none")).settings.adapter == "none"
    monkeypatch.setenv("AGENTX_ADAPTER", "none")
    assert prepare(Options(model=MODEL)).settings.adapter == "none"


def test_a_changed_file_is_not_used_and_told_of(path: Path) -> None:
    set_default(path)
    path.write_bytes(path.read_bytes() + b"x")
    setup = prepare(Options(model=MODEL))
    assert setup.settings.adapter is None
    assert len(setup.notices) == 1 and f"{path} has changed since it passed the gate" in setup.notices[0]


@pytest.fixture
def resumed(tmp_path: Path) -> Callable[..., Setup]:
    """The setup of a session that goes on; `begun` is its adapter, `digest` that of the adapter that was loaded."""

    def resume(begun: str | None, digest: str = "", typed: str | None = None) -> Setup:
        with Journal.default() as journal:
            session = journal.create_session(workspace=tmp_path, model=MODEL, task="t")
            journal.append(session, RunStarted(session, "t", MODEL, "react", [], str(tmp_path), {"adapter": begun}))
            if digest:
                journal.append(session, ModelLoaded(MODEL, 0.1, {"adapter": digest}))
        return resuming.find(session, Options(adapter=typed)).setup

    return resume


def test_a_session_goes_on_as_it_was_begun(
    path: Path, tmp_path: Path, resumed: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_default(path)
    other = str(write_adapter(tmp_path / "b.gguf", seed=1, layers=1))
    for configured in (None, other):
        if configured:
            monkeypatch.setenv("AGENTX_ADAPTER", configured)
        assert resumed(None).settings.adapter is None
        assert resumed("none").settings.adapter == "none"
        assert resumed(str(path)).settings.adapter == str(path)
        assert resumed(str(path), typed=other).settings.adapter == other
        assert resumed(other, typed="none").settings.adapter == "none"


def test_a_session_is_begun_with_none_and_keeps_that(cli: Any, script: Any, path: Path, tmp_path: Path) -> None:
    assert cli("run", "t", "--model", script(answer("Hello.")), "--adapter", "none").code == 0
    write_user_value("adapter", str(path))
    assert resuming.find("last", Options()).setup.settings.adapter == "none"
    assert prepare(Options()).settings.adapter == str(path)


def test_a_session_does_not_go_on_under_other_bytes(path: Path, resumed: Callable[..., Setup]) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    set_default(path)
    assert resumed(str(path), digest).settings.adapter == str(path)
    path.write_bytes(path.read_bytes() + b"x")
    told = (
        f"The session was begun under the adapter {path}, which {{}}; put that file back, or go on without an adapter"
    )
    with pytest.raises(UsageError, match=re.escape(told.format("has changed since"))):
        resumed(str(path), digest)
    assert resumed(str(path), digest, typed="none").settings.adapter == "none"
    path.unlink()
    with pytest.raises(UsageError, match=re.escape(told.format("is gone"))):
        resumed(str(path))


def test_a_session_that_goes_on_tells_that_the_default_has_changed(
    path: Path, tmp_path: Path, resumed: Callable[..., Setup]
) -> None:
    set_default(path)
    assert resumed(str(path)).notices == []
    [told] = resumed(None).notices
    assert told == (
        f"The default adapter of the model is {path} by now; the session goes on without an adapter, as it was begun."
    )
    later = set_default(write_adapter(tmp_path / "b.gguf", seed=1, layers=1))
    setup = resumed(str(path))
    assert setup.settings.adapter == str(path)
    assert setup.notices == [
        f"The default adapter of the model is {later} by now; the session goes on under {path}, as it was begun."
    ]
    assert resumed("none").notices == [] == resumed(str(path), typed=later).notices, "somebody has named one"
    mine = str(write_adapter(tmp_path / "c.gguf", seed=2, layers=1))
    assert resumed(mine).notices == []
    for _ in range(2):
        roll_back(identity_of(MODEL), MODEL)
    assert "is none by now; the session goes on under" in resumed(later).notices[0]
    assert resumed(None).notices == []


def test_a_default_of_the_past_is_no_name_for_the_next_model(
    path: Path, tmp_path: Path, resumed: Callable[..., Setup]
) -> None:
    set_default(path)
    set_default(write_adapter(tmp_path / "b.gguf", seed=1, layers=1))
    assert on_other_model(resumed(str(path)), OTHER)[0].settings.adapter is None


def test_many_tasks_do_not_go_on_under_another_adapter(cli: Any, path: Path, tmp_path: Path) -> None:
    (tasks := tmp_path / "tasks.jsonl").write_text('"one"\n"two"\n')
    out = tmp_path / "out.jsonl"
    with Output(out, map_tasks.decoder(prepare(Options(model=MODEL)))) as begun:
        begun.add({"line": 1, "task": "one", "status": "ok"})
    set_default(path)
    ran = cli("map", str(tasks), "-o", str(out), "--model", MODEL)
    assert ran.code == 2 and ran.err.count("\n") == 1
    assert (
        f"was begun with {MODEL} without an adapter, and would go on with {MODEL} under the adapter {path}" in ran.err
    )
    with Output(out, map_tasks.decoder(prepare(Options(model=MODEL, adapter="none")))) as again:
        assert again.done == {1: "one"}


def test_another_model_brings_its_own_default(path: Path, tmp_path: Path, resumed: Callable[..., Setup]) -> None:
    set_default(path)
    other = set_default(write_adapter(tmp_path / "b.gguf", seed=1, layers=1), OTHER)
    under_own = prepare(Options(model=MODEL))
    for begun in (under_own, resumed(str(path)), resumed(None), prepare(Options(model="scripted:none.json"))):
        changed, problem = on_other_model(begun, OTHER)
        assert (changed.settings.model, changed.settings.adapter, problem) == (OTHER, other, None)
        assert on_other_model(changed, MODEL)[0].settings.adapter == str(path), "and back"
    assert on_other_model(under_own, None)[0].settings.adapter == other, "the default model is that one"
    Path(other).unlink()
    changed, problem = on_other_model(under_own, OTHER)
    assert changed.settings.adapter is None and "is gone, and is left out" in (problem or "")


def test_what_was_named_stays_on_another_model(path: Path, tmp_path: Path, resumed: Callable[..., Setup]) -> None:
    set_default(write_adapter(tmp_path / "b.gguf", seed=1, layers=1), OTHER)
    mine = str(write_adapter(tmp_path / "c.gguf", seed=2, layers=1))
    for named in ("none", mine):
        # Of a model without a default too, which `none` says nothing about.
        for begun in (prepare(Options(model=MODEL, adapter=named)), resumed(named)):
            assert on_other_model(begun, OTHER)[0].settings.adapter == named


def test_a_default_that_was_rolled_back_meanwhile_is_not_taken_for_a_name(path: Path, tmp_path: Path) -> None:
    set_default(path)
    under_own = prepare(Options(model=MODEL))
    roll_back(identity_of(MODEL), MODEL)
    assert on_other_model(under_own, OTHER)[0].settings.adapter is None


def test_none_is_no_file_for_an_agent(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    for model in (ScriptedModel(["x"]), f"scripted:{tmp_path / 'x.json'}"):
        agent = Agent(model, adapter="none", journal=MemoryJournal())
        assert agent.settings()["adapter"] == "none"
        assert not hasattr(asyncio.run(agent.load()), "base")


def test_doctor_tells_of_it(cli: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_default(path)
    monkeypatch.setenv("AGENTX_MODEL", MODEL)
    told = cli("doctor").out
    assert f"ok    adapter: {path}, the default of this model (tasks 0 to 5 of 5)" in told
    assert "ok    calibration: safe defaults: what was measured without the adapter" in told
    monkeypatch.setenv("AGENTX_ADAPTER", "none")
    told = cli("doctor").out
    assert "adapter:" not in told and "measured without the adapter" not in told
    monkeypatch.delenv("AGENTX_ADAPTER")
    path.unlink()
    assert f"warn  adapter: The default adapter {path} is gone, and is left out" in cli("doctor").out
