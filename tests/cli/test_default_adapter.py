"""The default adapter of a model at work: under what a run is, and what one names to do without."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentx.cli import resuming
from agentx.cli.adapter import on_other_model
from agentx.cli.setup import Options, prepare
from agentx.config import Settings
from agentx.events import RunStarted
from agentx.journal import Journal
from agentx.models.default_adapters import Passed, identity_of, put
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
    assert prepare(Options(model=MODEL, adapter="none")).settings.adapter is None
    monkeypatch.setenv("AGENTX_ADAPTER", "none")
    assert prepare(Options(model=MODEL)).settings.adapter is None


def test_a_changed_file_is_not_used_and_told_of(path: Path) -> None:
    set_default(path)
    path.write_bytes(path.read_bytes() + b"x")
    setup = prepare(Options(model=MODEL))
    assert setup.settings.adapter is None
    assert len(setup.notices) == 1 and f"{path} has changed since it passed the gate" in setup.notices[0]


def test_a_session_goes_on_as_it_was_begun(path: Path, tmp_path: Path) -> None:
    def resumed(**settings: Any) -> str | None:
        with Journal.default() as journal:
            session = journal.create_session(workspace=tmp_path, model=MODEL, task="t")
            journal.append(session, RunStarted(session, "t", MODEL, "react", [], str(tmp_path), settings))
        return resuming.find(session, Options()).setup.settings.adapter

    set_default(path)
    assert resumed(adapter=None) is None
    assert resumed(adapter=str(path)) == str(path)


def test_another_model_brings_its_own_default(path: Path, tmp_path: Path) -> None:
    set_default(path)
    other = set_default(write_adapter(tmp_path / "b.gguf", seed=1, layers=1), OTHER)
    under_own = Settings(model=MODEL, adapter=str(path))
    assert on_other_model(under_own, OTHER) == (Settings(model=OTHER, adapter=other), None)
    assert on_other_model(under_own, None)[0].adapter == other, "the default model is that one"
    named = replace(under_own, adapter="mine.gguf")
    assert on_other_model(named, OTHER)[0].adapter == "mine.gguf"
    turned_off = replace(under_own, adapter=None)
    assert on_other_model(turned_off, OTHER)[0].adapter is None
    Path(other).unlink()
    settings, problem = on_other_model(under_own, OTHER)
    assert settings.adapter is None and "is gone, and is left out" in (problem or "")


def test_doctor_tells_of_it(cli: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_default(path)
    monkeypatch.setenv("AGENTX_MODEL", MODEL)
    told = cli("doctor").out
    assert f"ok    adapter: {path}, the default of this model (tasks 0 to 5 of 5)" in told
    assert "ok    calibration: safe defaults: what was measured without the adapter" in told
    monkeypatch.setenv("AGENTX_ADAPTER", "none")
    assert "adapter:" not in cli("doctor").out
    monkeypatch.delenv("AGENTX_ADAPTER")
    path.unlink()
    assert f"warn  adapter: The default adapter {path} is gone, and is left out" in cli("doctor").out
