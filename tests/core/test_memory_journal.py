import threading

import pytest

from agentx.errors import UsageError
from agentx.events import Notice, StepStarted
from agentx.memory_journal import MemoryJournal


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def new(journal: MemoryJournal, task: str = "t") -> str:
    return journal.create_session(workspace="/w", model="m", task=task)


def test_events_come_back_in_order_with_their_numbers(journal: MemoryJournal) -> None:
    session = new(journal)
    events = [StepStarted(1), Notice("n")]
    assert [journal.append(session, event) for event in events] == [1, 2]
    assert journal.events(session) == events


def test_a_row_tells_steps_and_status(journal: MemoryJournal) -> None:
    session = new(journal, "the task")
    assert journal.session(session).status == "running"
    for number in (1, 2):
        journal.append(session, StepStarted(number))
    journal.finish(session, "ok", "yes")
    [row] = journal.sessions()
    assert (row.id, row.workspace, row.model, row.task) == (session, "/w", "m", "the task")
    assert (row.status, row.steps) == ("ok", 2)


def test_the_newest_session_comes_first(journal: MemoryJournal) -> None:
    ids = [new(journal) for _ in range(60)]
    assert len(set(ids)) == 60
    assert [row.id for row in journal.sessions(limit=2)] == [ids[-1], ids[-2]]


def test_an_id_of_ones_own_is_taken_once(journal: MemoryJournal) -> None:
    assert journal.create_session(workspace="/w", model="m", task="t", session_id="trip") == "trip"
    with pytest.raises(UsageError, match="`trip` already"):
        journal.create_session(workspace="/w", model="m", task="t", session_id="trip")


def test_an_unknown_session_is_one_sentence(journal: MemoryJournal) -> None:
    for use in (journal.events, journal.session):
        with pytest.raises(UsageError, match="no session `nil`"):
            use("nil")
    with pytest.raises(UsageError, match="no session `nil`"):
        journal.append("nil", Notice("n"))
    with pytest.raises(UsageError, match="no session `nil`"):
        journal.finish("nil", "ok", None)


def test_threads_share_a_journal(journal: MemoryJournal) -> None:
    session = new(journal)
    numbers: list[int] = []

    def write() -> None:
        numbers.extend([journal.append(session, Notice(str(i))) for i in range(500)])

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 2001))


def test_the_newest_of_a_workspace_is_found(journal: MemoryJournal) -> None:
    assert journal.latest() is None
    first = journal.create_session(workspace="/a", model="m", task="t", title="one", parent="p", parent_event=2)
    second = journal.create_session(workspace="/b", model="m", task="t")
    latest, other = journal.latest(), journal.latest("/a")
    assert latest and other
    assert (latest.id, other.id, journal.latest("/c")) == (second, first, None)
    assert (other.title, other.parent, other.parent_event) == ("one", "p", 2)


def test_a_session_that_has_ended_can_go_on(journal: MemoryJournal) -> None:
    session = new(journal)
    assert journal.result(session) is None
    journal.append(session, Notice("n"))
    journal.finish(session, "ok", [1])
    assert journal.result(session) == [1]
    assert journal.session(session).ended
    journal.reopen(session)
    assert (journal.session(session).status, journal.session(session).ended) == ("running", None)
    assert journal.numbered(session) == [(1, Notice("n"))]
    with journal.lease(session):
        assert not journal.is_held(session)


def test_the_sessions_that_work_for_another_are_named_and_forks_are_not(journal: MemoryJournal) -> None:
    own = new(journal)
    helper = journal.create_session(workspace="/w", model="m", task="t", parent=own)
    journal.create_session(workspace="/w", model="m", task="t", parent=own, parent_event=1)
    assert [row.id for row in journal.helpers(own)] == [helper]
