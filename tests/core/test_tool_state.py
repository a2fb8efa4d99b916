import os
import stat
import time
from pathlib import Path

import pytest

from agentx import folders, tool_state
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.provenance import Provenance
from agentx.tool import Marks
from agentx.tool_state import DiskStates, MemoryStates, ToolState


@pytest.fixture(params=[DiskStates, MemoryStates])
def states(request):
    return request.param()


def files():
    return [path for path in (folders.data_dir() / "states").rglob("*") if path.is_file()]


def test_the_last_call_that_left_something_counts(states):
    states.write("s", "one", b"1")
    states.write("s", "three", b"3")
    assert states.newest("s", ["one", "two"]) == b"1"
    assert states.newest("s", ["one", "two", "three"]) == b"3"
    assert states.newest("s", ["two"]) is None and states.newest("other", ["one"]) is None


def test_a_call_that_is_made_again_leaves_what_it_leaves_then(states):
    states.write("s", "one", b"1")
    states.write("s", "one", b"again")
    assert states.newest("s", ["one"]) == b"again"
    states.drop("s", "one")
    states.drop("s", "one")
    assert states.newest("s", ["one"]) is None


def test_a_fork_has_what_was_there_and_goes_its_own_way(states):
    states.write("s", "one", b"1")
    states.copy("s", "fork")
    states.write("fork", "one", b"other")
    assert (states.newest("s", ["one"]), states.newest("fork", ["one"])) == (b"1", b"other")
    states.copy("s", "second")
    states.forget("s")
    assert (states.newest("s", ["one"]), states.newest("second", ["one"])) == (None, b"1")


def test_a_fork_has_the_rest_where_one_has_gone_meanwhile(monkeypatch):
    states, listed = DiskStates(), tool_state._files
    states.write("s", "one", b"1")
    monkeypatch.setattr(tool_state, "_files", lambda folder: [folder / "gone", *listed(folder)])
    states.copy("s", "fork")
    assert states.newest("fork", ["one"]) == b"1"


def test_the_newest_few_are_kept(states, monkeypatch):
    calls = [str(number) for number in range(tool_state.MAX_STATES + 2)]
    for call in calls:
        states.write("s", call, call.encode())
        time.sleep(0.01)  # the clock of the file system goes by steps
    assert states.newest("s", calls[:2]) is None
    assert states.newest("s", calls[:3]) == b"2"
    monkeypatch.setattr(tool_state, "MAX_BYTES", 3)
    states.write("s", "large", b"1234")
    assert states.newest("s", calls) is None and states.newest("s", ["large"]) == b"1234"


def test_what_is_on_disk_is_for_the_users_eyes_and_names_nothing():
    DiskStates().write("../../s", "../call", b"1")
    [path] = files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.parent == folders.data_dir() / "states"


def test_what_was_left_long_ago_goes(monkeypatch):
    DiskStates().write("old", "one", b"1")
    os.utime(files()[0].parent, (0, 0))
    monkeypatch.setattr(tool_state, "_SWEPT_ONCE_IN", 1)
    DiskStates().write("new", "one", b"1")
    assert len(files()) == 1


def test_a_session_that_goes_takes_its_states_along(tmp_path: Path):
    with Journal(tmp_path / "sessions.sqlite3") as journal:
        names = [journal.create_session(workspace=tmp_path, model="m", task="t") for _ in range(3)]
        for name in names:
            journal.states.write(name, "one", b"1")
        journal.remove(names[0])
        assert len(files()) == 2
        journal.finish(names[1], "ok", None)
        journal.finish(names[2], "ok", None)
        assert set(journal.purge(0)) == set(names[1:])
        assert files() == []


def test_a_journal_in_memory_leaves_nothing_on_disk():
    for journal in (MemoryJournal(), Journal(":memory:"), Journal.at("sqlite://")):
        journal.states.write("s", "one", b"1")
        assert journal.states.newest("s", ["one"]) == b"1"
    assert not folders.data_dir().exists()


def state_of(states, call, *earlier, provenance=None):
    return ToolState(states, "s", call, earlier, Marks(), provenance or Provenance())


def test_what_a_call_left_before_it_broke_off_does_not_count_when_it_is_made_again(states):
    state_of(states, "one").write(b"1")
    state_of(states, "two", "one").write(b"half")
    assert state_of(states, "two", "one").read() == b"1"
    assert state_of(states, "three", "one", "two").read() == b"1"


def test_text_of_strangers_is_marked_in_what_is_kept(states):
    tainted = Provenance()
    state_of(states, "clean").write(b"1")
    tainted.taint()
    state_of(states, "dirty", "clean", provenance=tainted).write(b"2")
    clean, dirty = state_of(states, "x", "clean"), state_of(states, "y", "clean", "dirty")
    assert (clean.read(), clean.marks.untrusted) == (b"1", False)
    assert (dirty.read(), dirty.marks.untrusted) == (b"2", True)


def test_a_mark_of_the_call_itself_is_kept_too(states):
    state = state_of(states, "one")
    state.marks.untrusted = True
    state.write(b"1")
    later = state_of(states, "two", "one")
    assert later.read() == b"1" and later.marks.untrusted


@pytest.mark.parametrize("room", [1, 0])
def test_what_cannot_be_written_leaves_nothing_for_the_next_call(room):
    class Full(MemoryStates):
        def write(self, session_id, call_id, state):
            if len(state) > room:
                raise OSError(28, os.strerror(28))
            super().write(session_id, call_id, state)

    states, full = MemoryStates(), Full()
    full._kept = states._kept
    state_of(states, "one").write(b"1")
    with pytest.raises(OSError, match="No space left"):
        state_of(full, "two", "one").write(b"2")
    assert not state_of(states, "three", "one", "two").read()
