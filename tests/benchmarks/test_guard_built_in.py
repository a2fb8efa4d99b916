"""The pattern guards on ordinary tool results: what `benchmarks.guard.built_in` reports stays true."""

import pytest

from agentx.guarding.checking import make
from benchmarks.guard.built_in import GUARDS, alarms, microseconds_a_kilobyte, results

MOST_FALSE = 0.02


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [text for _, text in results() if text.strip()]


@pytest.mark.parametrize("name", GUARDS)
def test_ordinary_results_raise_next_to_no_alarm(name: str, texts: list[str]) -> None:
    assert len(texts) >= 300
    alarmed, pieces = alarms(make(name, {}), texts)
    assert alarmed <= MOST_FALSE * len(texts), pieces.most_common(10)


def test_an_alarm_is_counted_once_a_text_with_its_piece() -> None:
    alarmed, pieces = alarms(make("personal", {}), ["ann@firma.de, ann@firma.de", "nothing", "bo@firma.de"])
    assert alarmed == 2
    assert pieces == {("e-mail address", "ann@firma.de"): 2, ("e-mail address", "bo@firma.de"): 1}


def test_the_cost_of_a_kilobyte_is_measured() -> None:
    assert 0 < microseconds_a_kilobyte(make("secrets", {}), ["word " * 1_000]) < 100_000
