"""A session that is played again comes to the view that was seen live, wherever one stops on the way."""

from collections.abc import Sequence

from agentx_tui.player import EVERY, MAX_WAIT_S, Player
from agentx_tui.reducer import fold
from agentx_tui.view import View
from hypothesis import given, settings
from hypothesis import strategies as st

from agentx import events as ev
from agentx.events import Event
from agentx.history import in_force
from tests.tui.test_reducer import EVENT, STARTED

GAPS = st.floats(0, 100, allow_nan=False)


def recorded(events: Sequence[Event], gaps: Sequence[float] = ()) -> list[tuple[int, float, Event]]:
    at, found = 1_000.0, list[tuple[int, float, Event]]()
    for place, event in enumerate(events):
        at += gaps[place % len(gaps)] if gaps else 0.5
        found.append((place + 1, at, event))
    return found


@st.composite
def sessions(draw: st.DrawFn) -> list[Event]:
    """Events of a session, rewound now and then to one that still counts."""
    found: list[Event] = [STARTED]
    for _ in range(draw(st.integers(0, 4))):
        found += draw(st.lists(EVENT, max_size=30))
        counted = [0, *(number for number, _ in in_force(enumerate(found, 1)))]
        if draw(st.booleans()):
            found.append(ev.Rewound(draw(st.sampled_from(counted)), [], []))
    return found


def live(events: Sequence[Event]) -> View:
    return fold(event for _, event in in_force(enumerate(events, 1)))


@settings(max_examples=200, deadline=None)
@given(sessions())
def test_at_its_end_a_replay_shows_what_was_seen_live(events: list[Event]) -> None:
    player = Player(recorded(events))
    player.seek(len(events))
    assert player.over and player.view == live(events)


@settings(max_examples=150, deadline=None)
@given(sessions(), st.lists(st.integers(0, 150), max_size=8))
def test_wherever_one_goes_there_is_what_was_seen_then(events: list[Event], places: list[int]) -> None:
    player = Player(recorded(events))
    for place in places:
        player.seek(place)
        assert player.view == live(events[: player.at])


@settings(max_examples=100, deadline=None)
@given(sessions(), st.lists(GAPS, min_size=1, max_size=5), st.lists(GAPS, max_size=30))
def test_however_time_goes_by_a_replay_comes_to_the_same_end(
    events: list[Event], gaps: list[float], steps: list[float]
) -> None:
    player = Player(recorded(events, gaps))
    before = 0
    for step in steps:
        player.go_by(step)
        assert player.at >= before
        before = player.at
    while not player.over:
        at = player.at
        player.go_by(player.next_in_s)
        assert player.at > at
    assert player.view == live(events)


def test_events_come_when_they_came_and_nobody_waits_for_what_a_person_thought_about() -> None:
    asked = ev.ApprovalGiven("a", True, "allowed")
    times = [(1, 50.0, STARTED), (2, 52.0, ev.StepStarted(1)), (3, 3652.0, asked), (4, 3653.5, ev.Notice("n"))]
    player = Player(times)
    assert (player.length_s, player.next_in_s) == (2.0 + MAX_WAIT_S + 1.5, 0.0)
    player.go_by(0.0)
    assert (player.at, player.next_in_s) == (1, 2.0)
    player.go_by(1.9)
    assert player.at == 1
    player.go_by(0.2)
    assert player.at == 2
    player.go_by(60)
    assert player.over and player.played_s == player.length_s


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    player = Player([(1, 100.0, STARTED), (2, 40.0, ev.StepStarted(1)), (3, 41.0, ev.Notice("n"))])
    assert player.length_s == 1.0


def test_a_step_back_in_a_long_session_does_not_begin_at_its_beginning() -> None:
    events = [STARTED, *(ev.TextDelta("answer", f"{number} ") for number in range(20 * EVERY))]
    player = Player(recorded(events))
    player.seek(len(events))
    assert len(player._kept) == len(events) // EVERY + 1
    player.seek(len(events) - 1)
    assert player.view == live(events[:-1])


def test_nothing_was_recorded() -> None:
    player = Player(())
    assert player.over and (player.length_s, player.next_in_s, player.view) == (0.0, 0.0, View())
    player.go_by(1)
    player.seek(5)
    assert player.at == 0
