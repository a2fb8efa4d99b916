"""A gate as a whole, on cases whose outcomes are given: what it says, keeps, sets and goes on with."""

import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentx_learn.gating import kept as kept_module
from agentx_learn.gating.kept import Kept, key, outcomes_of
from agentx_learn.gating.measure import measure
from agentx_learn.gating.run import dry, gate
from agentx_learn.tuning.card import sha256_of

from agentx.errors import ModelError, StorageError, UsageError
from agentx.model import Model
from agentx.models.default_adapters import Passed, known, put, roll_back
from agentx.models.scripted import ScriptedModel
from agentx.planner.calibration import stored
from tests.learn.gates import ADAPTER, BAD, BASE, GOOD, LATE, PRESENT, STRAY, Given, better, given, plan


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
    assert json.loads((tmp_path / "adapter.gate.json").read_text())["passed"] is False, "a look passes nothing"


def test_sides_take_turns(tmp_path: Path) -> None:
    runs: list[str] = []
    cases = given("tasks", (GOOD, BAD), (GOOD, BAD), runs=runs)
    asyncio.run(measure(cases, (BASE, ADAPTER), Kept(tmp_path / "kept")))
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
    kept = outcomes_of("weights", broken.subject.sha256)
    assert f"kept in {kept}; the same command goes on" in capsys.readouterr().err
    assert len(runs) == 11 and known("weights").adapter is None
    with kept.open("a") as file:
        file.write('{"key": "half a li')
    assert gate(plan(tmp_path, cases), BASE, ADAPTER) == 0
    assert len(runs) == 11 + 12 and len(set(runs)) == len(runs)
    assert "12 cases run, 10 kept from before, each counted under each of 2 sides." in capsys.readouterr().out
    assert gate(plan(tmp_path, cases), BASE, ADAPTER) == 0
    assert len(runs) == 23
    assert "0 cases run, 22 kept from before" in capsys.readouterr().out
    assert json.loads((tmp_path / "adapter.gate.json").read_text())["runs"] == {"made": 0, "kept": 22}


def test_outcomes_are_kept_for_their_owner_alone_and_none_that_lies_beside_the_adapter_counts(tmp_path: Path) -> None:
    runs: list[str] = []
    passing = plan(tmp_path, better(runs=runs))
    assert gate(passing, BASE, ADAPTER) == 0
    kept = outcomes_of("weights", passing.subject.sha256)
    assert kept.stat().st_mode & 0o777 == 0o600 and kept.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter.gate.json", "adapter.gguf"]
    kept.rename(tmp_path / "adapter.gate.jsonl")
    assert gate(passing, BASE, ADAPTER) == 0
    assert len(runs) == 40


def test_what_a_run_out_of_time_gave_is_tried_again_by_the_next_gate(tmp_path: Path) -> None:
    runs: list[str] = []
    cases, path = given("tasks", (LATE, GOOD), runs=runs), tmp_path / "kept"
    asyncio.run(measure(cases, (BASE, ADAPTER), Kept(path)))
    outcomes = asyncio.run(measure(cases, (BASE, ADAPTER), Kept(path)))
    assert [seen.status for seen in outcomes[0][1]] == ["timeout", "ok"]
    assert runs == ["tasks 0 weights", "tasks 0 weights-adapter", "tasks 0 weights"]


def test_outcomes_hold_for_the_thresholds_and_the_sources_they_were_made_under(monkeypatch: pytest.MonkeyPatch) -> None:
    case = given("tasks", (GOOD, GOOD))[0]
    before = key(case, "weights")
    assert before == key(case, "weights")
    monkeypatch.setattr(stored, "known", lambda identity: stored.Thresholds({"call_needed": 0.3}, "calibrated"))
    assert (calibrated := key(case, "weights")) != before
    monkeypatch.setattr(kept_module, "sources", lambda: "another")
    assert key(case, "weights") not in (before, calibrated)


def test_sources_are_told_apart_by_a_changed_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "_packages", lambda: [tmp_path])
    (tmp_path / "a.py").write_text("x = 1")
    before = kept_module.sources.__wrapped__()
    (tmp_path / "a.py").write_text("x = 2")
    assert kept_module.sources.__wrapped__() != before


def test_all_that_decides_an_outcome_is_among_the_sources() -> None:
    names = {folder.name for folder in kept_module._packages()}
    assert {"agentx", "agentx_tools", "agentx_memory", "gating", "tasks"} <= names


def in_force(folder: Path) -> Passed:
    (path := folder / "present.gguf").write_bytes(b"present")
    adapter = Passed(str(path), sha256_of(path), "2026-01-01T00:00:00+00:00")
    put("weights", "smollm2-135m", adapter)
    return adapter


def present(base: Model, path: Path) -> Model:
    assert path.name == "present.gguf" and base is BASE
    return PRESENT


def test_the_present_default_is_measured_too_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter, runs = in_force(tmp_path), list[str]()
    newcomer = plan(tmp_path, better(runs=runs))
    assert gate(newcomer, BASE, ADAPTER, present) == 0
    assert f"note: smollm2-135m runs under {adapter.path} by default" in capsys.readouterr().err
    assert sum(run.endswith("weights-present") for run in runs) == 10
    assert known("weights").adapter.path == str(newcomer.subject.path)  # type: ignore[union-attr]
    assert gate(newcomer, BASE, ADAPTER, present) == 0, "that it is the default itself needs no third side"


@pytest.mark.parametrize("case", [
    [Given("tasks", f"t{i}", BAD, BAD, present=GOOD) for i in range(5)],
    [Given("attacks", "a", STRAY, STRAY, present=GOOD)],
])  # fmt: skip
def test_a_newcomer_that_is_worse_than_the_present_default_does_not_replace_it(
    case: list[Given], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = in_force(tmp_path)
    newcomer = plan(tmp_path, [*(replace(each, present=GOOD) for each in better()), *case])
    assert gate(newcomer, BASE, ADAPTER, present) == 1
    assert "the present default" in capsys.readouterr().out
    assert known("weights").adapter == adapter


class Overtaken(Given):
    """While it runs another gate passes."""

    async def run(self, model: Any) -> Any:
        put("weights", "smollm2-135m", Passed(__file__, sha256_of(Path(__file__)), "2026-01-01T00:00:00+00:00"))
        return await super().run(model)


def test_a_default_that_was_set_meanwhile_is_not_replaced_unseen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(plan(tmp_path, [*better(), Overtaken("attacks", "a", GOOD, GOOD)]), BASE, ADAPTER) == 1
    assert "has another default adapter by now; run the gate again" in capsys.readouterr().err
    assert known("weights").adapter.path == __file__  # type: ignore[union-attr]


def test_an_adapter_that_was_rolled_back_is_told_of_and_measured_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: list[str] = []
    passing = plan(tmp_path, better(runs=runs))
    assert gate(passing, BASE, ADAPTER) == 0
    assert "rolled back" not in capsys.readouterr().err.replace("tune rollback", "")
    roll_back("weights", "smollm2-135m")
    assert gate(passing, BASE, ADAPTER) == 0
    assert "was the default of smollm2-135m before and was rolled back once" in capsys.readouterr().err
    assert len(runs) == 40


def test_outcomes_of_another_adapter_do_not_count(tmp_path: Path) -> None:
    runs: list[str] = []
    cases, kept = given("tasks", (GOOD, BAD), runs=runs), Kept(tmp_path / "kept")
    asyncio.run(measure(cases, (BASE, ADAPTER), kept))
    asyncio.run(measure(cases, (BASE, ScriptedModel(identity="weights-other")), Kept(kept.path)))
    assert runs == ["tasks 0 weights", "tasks 0 weights-adapter", "tasks 0 weights-other"]


class Closing(Given):
    async def run(self, model: Any) -> Any:
        model.closed = True
        return await super().run(model)


def test_what_a_closed_model_failed_is_no_outcome(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")
    with pytest.raises(ModelError, match="run the gate again, and it goes on from here"):
        sides = ScriptedModel(identity="weights"), ADAPTER
        asyncio.run(measure([Closing("tasks", "a", BAD, BAD)], sides, kept))
    assert not kept.path.exists()


class Full(Given):
    async def run(self, model: Any) -> Any:
        raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_is_no_outcome(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")
    with pytest.raises(StorageError, match=r"a could not be run \(No space left on device\)"):
        asyncio.run(measure([Full("tasks", "a", BAD, BAD)], (BASE, ADAPTER), kept))
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
    in_force(tmp_path)
    assert dry(plan(tmp_path, cases), BASE, ADAPTER, present) == 0
    assert "12 to make, 0 kept" in capsys.readouterr().out, "the present default is a third side"
    assert not outcomes_of("weights", plan(tmp_path, []).subject.sha256).exists()


def test_a_model_without_weights_of_its_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no weights that an adapter could be bound to"):
        gate(plan(tmp_path, better()), ScriptedModel(), ADAPTER)
