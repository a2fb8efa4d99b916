from pathlib import Path
from typing import Any

import pytest

from benchmarks.decoding.__main__ import NAMES, table
from benchmarks.decoding.__main__ import main as run_all
from benchmarks.decoding.timing import Figure, Spread, aligned, figures_of, interleave, options, ratios, report


def test_sides_are_measured_by_turns_and_told_the_round() -> None:
    calls: list[tuple[str, int]] = []

    def side(name: str) -> Any:
        return lambda number: calls.append((name, number)) or f"{name}{number}"

    measured = interleave({"a": side("a"), "b": side("b")}, 3)
    assert calls == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert measured == {"a": ["a0", "a1", "a2"], "b": ["b0", "b1", "b2"]}


def test_a_ratio_is_taken_within_each_round_and_its_median_told_with_least_and_most() -> None:
    assert ratios([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert Spread.of([3.0, 1.0, 2.0, 10.0]).show(1) == "2.5 (1.0 to 10.0)"


@pytest.mark.parametrize(
    ("target", "at_least", "reached"),
    [(0.5, False, True), (0.49, False, False), (0.5, True, True), (0.51, True, False), (None, False, None)],
)
def test_the_median_has_to_reach_the_target(target: float | None, at_least: bool, reached: bool | None) -> None:
    assert Figure("x", Spread(0.5, 0.1, 0.9, 9), target, at_least).reached is reached


def test_a_report_can_be_read_back_and_joined_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = [Figure("ours / theirs", Spread(0.3, 0.2, 0.4, 9), 0.4), Figure("aside", Spread(2.0, 2.0, 2.0, 1))]
    missed = [Figure("rate", Spread(1.2, 1.1, 1.3, 9), 1.5, at_least=True)]
    for name, some in (("one", figures), ("two", missed)):
        report(options(name, "").parse_args(["--out", str(tmp_path / f"{name}.json")]), some, "details", {"raw": [1]})
    assert figures_of(tmp_path / "one.json") == figures
    assert "details" in capsys.readouterr().out
    text = table([tmp_path / "one.json", tmp_path / "two.json"])
    assert text.splitlines()[1].split() == [
        "ours",
        "/",
        "theirs",
        "<=",
        "0.4",
        "0.300",
        "(0.200",
        "to",
        "0.400)",
        "reached",
    ]
    assert ">= 1.5" in text and "MISSED" in text
    assert text.endswith("1 of 2 targets")


def test_columns_are_aligned() -> None:
    assert aligned([("name", "n"), ("a", "10")]) == "name   n\na     10"


def test_every_benchmark_takes_the_same_options_and_its_failure_ends_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "none.gguf")
    for name in NAMES:
        assert run_all(["--only", name, "--model", nowhere, "--rounds", "1", "--out", str(tmp_path)]) != 0
        assert "none.gguf" in capfd.readouterr().err
