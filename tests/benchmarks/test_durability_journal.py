from pathlib import Path

import pytest

from benchmarks.durability.__main__ import main


def test_a_small_run_tells_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--folder", str(tmp_path), "--rounds", "5", "--events", "400", "--sessions", "30"]
    assert main(["journal", *small]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:4]] == [
        "sync alone (4 kB and fdatasync)",
        "append of an intent row",
        "append of a result row, 4 kB",
    ]
    assert len(lines) == 14
    assert all(" ms" in line for line in lines[1:])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_benchmark_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nil"]) == 2
    assert "journal" in capsys.readouterr().err
