"""A gate as a whole, on cases whose outcomes are given: what it says, keeps, sets and goes on with."""

import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentx_learn.gating.kept import Kept
from agentx_learn.gating.measure import measure
from agentx_learn.gating.run import dry, gate

from agentx.errors import ModelError, UsageError
from agentx.models.default_adapters import known
from agentx.models.scripted import ScriptedModel
from tests.learn.gates import ADAPTER, BAD, BASE, GOOD, Given, better, given, plan


def test_what_passes_becomes_the_default_and_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folders: None
) -> None:
    passing = plan(tmp_path, [*better(), *given("attacks", (GOOD, GOOD))])
    assert gate(passing, BASE, ADAPTER) == 0
    said = capsys.readouterr()
    assert "smollm2-135m runs under it by default, `agentx tune rollback smollm2-135m` takes that back" in said.err
    lines = [line.split() for line in said.out.splitlines()]
    assert ["tasks", "5", "0", "5", "5", "0", "0.031", "better"] in lines
    adapter = known("weights").adapter
    assert adapter and (adapter.path, adapter.sha256) == (str(passing.subject.path), passing.subject.sha256)
    assert "traces 0 to 5 of 5" in adapter.figures
    report = json.loads((tmp_path / "adapter.gate.json").read_text())
    assert report["passed"] and report["parts"]["tasks"]["better"] == 5 and report["model_identity"] == "weights"


def test_what_does_not_pass_changes_no_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folders: None
) -> None:
    assert gate(plan(tmp_path, better(("traces",))), BASE, ADAPTER) == 1
    said = capsys.readouterr()
    assert "Not shown on tasks" in said.out and "no default has changed" in said.err
    assert known("weights").adapter is None
    assert json.loads((tmp_path / "adapter.gate.json").read_text())["passed"] is False


def test_a_part_of_the_cases_is_for_a_look_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folders: None
) -> None:
    few = replace(plan(tmp_path, better()), whole=False)
    assert gate(few, BASE, ADAPTER) == 1
    assert "passes on these few cases, and only all of them count; no default has changed" in capsys.readouterr().err
    assert known("weights").adapter is None


def test_sides_take_turns(tmp_path: Path) -> None:
    runs: list[str] = []
    cases = given("tasks", (GOOD, BAD), (GOOD, BAD), runs=runs)
    asyncio.run(measure(cases, BASE, ADAPTER, Kept(tmp_path / "kept")))
    assert runs == ["tasks 0 weights", "tasks 0 weights-adapter", "tasks 1 weights-adapter", "tasks 1 weights"]


class Interrupted(Given):
    """Presses Ctrl-C at its first run."""

    async def run(self, model: Any) -> Any:
        if self.id not in self.runs:
            self.runs.append(self.id)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)
        return await super().run(model)


def test_an_interrupted_gate_goes_on_and_runs_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folders: None
) -> None:
    runs: list[str] = []
    cases = [*better(("traces",), runs), Interrupted("tasks", "breaks", BAD, GOOD, runs), *better(("tasks",), runs)]
    broken = plan(tmp_path, cases)
    with pytest.raises(KeyboardInterrupt):
        gate(broken, BASE, ADAPTER)
    assert f"kept in {broken.kept}; the same command goes on" in capsys.readouterr().err
    assert len(runs) == 11 and known("weights").adapter is None
    with broken.kept.open("a") as file:
        file.write('{"key": "half a li')
    assert gate(plan(tmp_path, cases), BASE, ADAPTER) == 0
    assert len(runs) == 11 + 12 and len(set(runs)) == len(runs)
    assert gate(plan(tmp_path, cases), BASE, ADAPTER) == 0
    assert len(runs) == 23


def test_outcomes_of_another_adapter_do_not_count(tmp_path: Path) -> None:
    runs: list[str] = []
    cases, kept = given("tasks", (GOOD, BAD), runs=runs), Kept(tmp_path / "kept")
    asyncio.run(measure(cases, BASE, ADAPTER, kept))
    asyncio.run(measure(cases, BASE, ScriptedModel(identity="weights-other"), Kept(kept.path)))
    assert runs == ["tasks 0 weights", "tasks 0 weights-adapter", "tasks 0 weights-other"]


class Closing(Given):
    async def run(self, model: Any) -> Any:
        model.closed = True
        return await super().run(model)


def test_what_a_closed_model_failed_is_no_outcome(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")
    with pytest.raises(ModelError, match="run the gate again, and it goes on from here"):
        asyncio.run(measure([Closing("tasks", "a", BAD, BAD)], ScriptedModel(identity="weights"), ADAPTER, kept))
    assert not kept.path.exists()


def test_a_dry_run_counts_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folders: None
) -> None:
    slow = type(GOOD)(True, seconds=60.0)
    cases = [*given("traces", *[(slow, slow)] * 3), *given("attacks", (slow, slow))]
    assert dry(plan(tmp_path, cases), BASE, ADAPTER) == 0
    told = {line[:15].strip(): line[15:].strip() for line in capsys.readouterr().out.splitlines()}
    assert (told["held-out traces"], told["attacks"]) == ("3", "1")
    assert told["runs"] == "8 to make, 0 kept" and told["time"] == "about 8 min"
    assert [path.name for path in tmp_path.iterdir()] == ["adapter.gguf"]


def test_a_model_without_weights_of_its_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no weights that an adapter could be bound to"):
        gate(plan(tmp_path, better()), ScriptedModel(), ADAPTER)
