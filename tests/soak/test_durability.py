"""A slice of `python -m benchmarks.durability kills`: whole processes, killed at labelled points and random moments."""

from benchmarks.durability.kills import AGENTX, as_json, is_bad, measure
from tests.soak.conftest import FULL, rounds


def test_a_run_that_is_killed_goes_on_and_does_everything_once() -> None:
    played = measure(AGENTX, rounds(10, 500), seed=1, labelled=None if FULL else 5)
    assert [as_json(each) for each in played if is_bad(each)] == []
    assert sum(len(each.kills) for each in played) >= rounds(10, 500)
