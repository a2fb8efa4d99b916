"""What the list of sessions asks of the journal, on each database that it can be in."""

import pytest

from agentx.errors import UsageError
from agentx.events import Answered, CallStarted, Event, Notice, Rewound, RunFinished, RunStarted, TextDelta
from agentx.journal import Journal
from agentx.messages import ToolCall, Usage

END = RunFinished("ok", "", None, 1, Usage())


def begun(task: str) -> RunStarted:
    return RunStarted("s", task, "m", "auto", [], "/w")


def new(journal: Journal, *events: Event, **values) -> str:
    session = journal.create_session(**{"workspace": "/w", "model": "m", "task": "t", **values})
    for event in events:
        journal.append(session, event)
    return session


def test_turns_are_counted_without_those_that_were_rewound_past(journal: Journal) -> None:
    none = new(journal)
    three = new(journal, begun("1"), END, begun("2"), END, begun("3"))
    rewound = new(journal, begun("1"), END, begun("2"), END, Rewound(2, [], []), begun("3"), END)
    emptied = new(journal, begun("1"), END, Rewound(0, [], []))
    assert journal.turns([none, three, rewound, emptied]) == {none: 0, three: 3, rewound: 2, emptied: 0}
    assert journal.turns([]) == {}
    assert journal.turns([three, *(f"none-{number}" for number in range(1200))])[three] == 3


def test_sessions_that_work_for_another_are_no_conversations_and_forks_are(journal: Journal) -> None:
    own = new(journal, begun("1"), END)
    new(journal, begun("2"), parent=own)
    fork = journal.fork(own)
    other = new(journal, workspace="/other")
    assert {row.id for row in journal.conversations()} == {own, fork, other}
    assert [row.id for row in journal.conversations(workspace="/other")] == [other]
    assert [row.id for row in journal.conversations(1)] == [other]


def test_only_the_wanted_kinds_of_events_are_read_and_the_last_of_them(journal: Journal) -> None:
    streamed = [TextDelta("answer", str(number)) for number in range(50)]
    session = new(journal, begun("1"), *streamed, Answered("a"), Notice("n"), END)
    assert journal.selected(session, [RunStarted, Answered], 10) == [(1, begun("1")), (52, Answered("a"))]
    assert journal.selected(session, [RunStarted, Answered], 1) == [(52, Answered("a"))]
    assert journal.selected(session, [RunStarted, Answered], 10, until=51) == [(1, begun("1"))]
    assert journal.selected(session, [CallStarted], 10) == []
    with pytest.raises(UsageError, match="no session"):
        journal.selected("none", [Notice], 1)


def test_events_are_read_with_their_numbers_and_times(journal: Journal) -> None:
    call = CallStarted(ToolCall("a", "read_file", {}))
    session = new(journal, begun("1"), call, END)
    found = list(journal.recorded(session))
    assert [(number, event) for number, _, event in found] == [(1, begun("1")), (2, call), (3, END)]
    times = [at for _, at, _ in found]
    assert times == sorted(times) and all(at.tzinfo is not None for at in times)
