import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from benchmarks.overhead import imports, memory, step
from benchmarks.overhead.agentx_steps import WAYS, make
from benchmarks.overhead.figures import spread, table, verdicts
from benchmarks.overhead.task import ANSWER, CALLS, Adder, measure


@pytest.mark.parametrize("way", WAYS)
def test_our_run_makes_every_call_and_can_be_made_again(way: str) -> None:
    adder = Adder()
    assert len(list(measure(make(way, adder), adder, warm_up=1, runs=2))) == 2
    assert adder.calls == 3 * CALLS


@pytest.mark.parametrize(("calls", "answer"), [(CALLS - 1, ANSWER), (CALLS, "I gave up.")])
def test_a_run_that_skips_a_call_or_answers_otherwise_is_no_result(calls: int, answer: str) -> None:
    adder = Adder()

    def run() -> str:
        for number in range(calls):
            adder.add(number, 1)
        return answer

    with pytest.raises(RuntimeError, match=f"made {calls} calls of {CALLS}"):
        list(measure(run, adder, warm_up=0, runs=1))


def test_runs_that_warm_up_are_not_counted() -> None:
    adder, number = Adder(), count()

    def run() -> str:
        next(number)
        for _ in range(CALLS):
            adder.add(1, 1)
        return ANSWER

    assert len(list(measure(run, adder, warm_up=2, runs=3))) == 3
    assert next(number) == 5


def test_contenders_take_turns_and_only_those_with_an_environment() -> None:
    found = step.measured({"agentx": sys.executable}, rounds=2, runs=1)
    assert list(found) == ["AgentX", "AgentX, journal on disk"]
    assert all(len(times) == 2 and min(times) > 0 for times in found.values())


def test_a_contender_that_fails_ends_the_benchmark_with_its_reason() -> None:
    with pytest.raises(SystemExit, match="failed: .*no_such_module"):
        step.step_time(sys.executable, "benchmarks.overhead.no_such_module", "memory", 1)


def test_imports_are_timed_by_turns_after_an_unmeasured_round(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def write(word: str) -> list[str]:
        return [sys.executable, "-c", f"open({str(log)!r}, 'a').write({word!r})"]

    found = imports.measured({"one": write("1"), "two": write("2")}, rounds=2)
    assert log.read_text() == "121212"
    assert [len(times) for times in found.values()] == [2, 2]


def test_an_import_that_fails_ends_the_benchmark_with_its_reason() -> None:
    with pytest.raises(SystemExit, match="failed: .*No module named 'no_such_module'"):
        imports.measured({"peer": [sys.executable, "-c", "import no_such_module"]}, rounds=1)


def test_every_command_of_ours_can_be_run() -> None:
    for command in imports.commands(None, None).values():
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_figures_are_medians_with_extremes_and_ratios_of_each_round() -> None:
    rounds = {"ours": [1.0, 2.0, 9.0], "theirs": [10.0, 10.0, 30.0]}
    assert spread(rounds["ours"]) == "2 (1 to 9)"
    assert table(rounds, "ms", 1) == "ours    2.0 (1.0 to 9.0) ms\ntheirs  10.0 (10.0 to 30.0) ms"
    assert verdicts(rounds, [("ours", "theirs", 0.25)]) == "ours / theirs: 0.200 (0.100 to 0.300), target 0.25: reached"
    assert verdicts(rounds, [("ours", "theirs", 0.1)]).endswith("target 0.1: missed")
    assert verdicts(rounds, [("ours", "theirs", None)]) == "ours / theirs: 0.200 (0.100 to 0.300)"


@pytest.mark.parametrize(("sizes", "held"), [([60, 60.5, 60.2], True), ([60, 64, 70], False), ([60, 75, 60], False)])
def test_memory_is_flat_where_no_later_size_exceeds_the_first(sizes: list[float], held: bool) -> None:
    assert memory.is_flat(sizes) is held


def test_memory_is_read_after_every_block_of_tasks() -> None:
    assert len(list(memory.sizes(tasks=20, block=10))) == 2
