from pathlib import Path

import pytest

from benchmarks.decoding.snapshot import Start, figures, rounds, start, table


def test_a_hit_reads_less_than_a_miss_and_says_the_same(small_model: Path) -> None:
    starts = rounds(str(small_model), 200, 1, ["hit", "miss"])
    (hit,), (miss,) = starts["hit"], starts["miss"]
    assert (miss.reused, hit.read + hit.reused) == (0, miss.read)
    assert hit.reused > 128
    assert hit.reply == miss.reply
    assert 0 < hit.loaded < hit.first


def test_the_table_has_the_medians_and_the_figure_the_ratio_of_each_round() -> None:
    hits = [Start(0.5, first, 10, 90, "a") for first in (1.0, 2.0, 3.0)]
    misses = [Start(0.5, 10.0, 100, 0, reply) for reply in "aab"]
    starts = {"hit": hits, "miss": misses}
    assert "2.00 (1.00 to 3.00)" in table(starts)
    assert "hit and miss: same first 12 tokens in 2 of 3" in table(starts)
    (figure,) = figures(starts)
    assert (figure.value.show(3), figure.target, figure.reached) == ("0.200 (0.100 to 0.300)", 0.15, False)


def test_a_start_that_fails_ends_the_benchmark_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="the process for `hit` failed: .*ModelNotFound"):
        start("hit", str(tmp_path / "none.gguf"), 200, None)
