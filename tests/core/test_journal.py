import json
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agentx.errors import StorageError, UsageError
from agentx.events import (
    Answered,
    ApprovalAsked,
    ApprovalGiven,
    CallDecoded,
    CallFinished,
    CallProgress,
    CallStarted,
    ModelLoaded,
    Notice,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    TextDelta,
    Thought,
    from_json,
    to_json,
)
from agentx.journal import Journal, keeping
from agentx.messages import ToolCall, ToolResult, Usage

CALL = ToolCall("c1", "read_file", {"path": "a.txt", "n": 1.5, "deep": {"x": [None, True]}})
EVENTS = [
    RunStarted("s", "task é \ud800", "m", "auto", ["read_file"], "/w"),
    ModelLoaded("m", 0.5),
    StepStarted(1),
    TextDelta("answer", "\x00\x1b[31m"),
    Thought("hm"),
    CallDecoded(CALL),
    ApprovalAsked(CALL, "changes files"),
    ApprovalGiven("c1", True, "allowed"),
    CallStarted(CALL),
    CallProgress("c1", "half"),
    CallFinished(ToolResult("c1", "error", "cut", "the whole text", "Traceback …", 0.1)),
    Notice("n"),
    StepFinished(1, Usage(prompt_tokens=3, decode_s=0.25)),
    Answered("yes"),
    RunFinished("ok", {"a": [1, None]}, None, 1, Usage(sampled_tokens=7, drafted_tokens=4, accepted_tokens=3)),
]


@pytest.fixture
def journal(tmp_path: Path):
    with Journal(tmp_path / "data" / "sessions.sqlite3") as opened:
        yield opened


def new(journal: Journal, task: str = "t") -> str:
    return journal.create_session(workspace="/w", model="m", task=task)


def test_a_reloaded_session_equals_the_live_one(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path) as journal:
        session = new(journal)
        assert [journal.append(session, event) for event in EVENTS] == list(range(1, len(EVENTS) + 1))
    with Journal(path) as journal:
        assert journal.events(session) == EVENTS


def test_an_event_written_before_drafts_were_counted_is_read() -> None:
    row = to_json(StepFinished(1, Usage(sampled_tokens=7)))
    del row["usage"]["drafted_tokens"], row["usage"]["accepted_tokens"]
    assert from_json(row) == StepFinished(1, Usage(sampled_tokens=7))


def test_it_works_in_memory() -> None:
    with Journal(":memory:") as journal:
        session = new(journal)
        journal.append(session, Notice("n"))
        assert journal.events(session) == [Notice("n")]


def test_ids_sort_by_time_and_newest_comes_first(journal: Journal) -> None:
    first = new(journal, "one")
    time.sleep(1.05)
    second = new(journal, "two")
    assert first < second
    assert [row.task for row in journal.sessions()] == ["two", "one"]
    assert [row.task for row in journal.sessions(limit=1)] == ["two"]


def test_many_sessions_of_one_second_get_ids_of_their_own(journal: Journal) -> None:
    assert len({new(journal) for _ in range(60)}) == 60


def test_a_row_tells_steps_and_status(journal: Journal) -> None:
    session = new(journal, "odd \ud800 text")
    assert journal.session(session).status == "running"
    for number in (1, 2, 3):
        journal.append(session, StepStarted(number))
    journal.finish(session, "ok", {"output": "yes"})
    [row] = journal.sessions()
    assert (row.id, row.workspace, row.model, row.task) == (session, "/w", "m", "odd \\ud800 text")
    assert (row.status, row.steps) == ("ok", 3)


def test_an_id_of_ones_own_is_taken_once(journal: Journal) -> None:
    assert journal.create_session(workspace="/w", model="m", task="t", session_id="trip") == "trip"
    with pytest.raises(UsageError, match="`trip` already"):
        journal.create_session(workspace="/w", model="m", task="t", session_id="trip")


def test_an_unknown_session_is_one_sentence(journal: Journal) -> None:
    with pytest.raises(UsageError, match="no session `nil`"):
        journal.events("nil")
    with pytest.raises(UsageError, match="no session `nil`"):
        journal.append("nil", Notice("n"))
    with pytest.raises(UsageError, match="no session `nil`"):
        journal.finish("nil", "ok", None)


def test_threads_share_a_journal(journal: Journal) -> None:
    session = new(journal)

    def write(name: int) -> None:
        for i in range(50):
            journal.append(session, Notice(f"{name}-{i}"))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [event.text for event in journal.events(session)]
    assert sorted(texts) == sorted(f"{n}-{i}" for n in range(4) for i in range(50))


def test_processes_share_a_journal_from_the_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    code = (
        "import sys; from agentx.journal import Journal; from agentx.events import Notice\n"
        "j = Journal(sys.argv[1]); s = j.create_session(workspace='/w', model='m', task='t')\n"
        "for i in range(20): j.append(s, Notice(str(i)))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(run.communicate()[1], run.returncode) for run in runs] == [(b"", 0)] * 4
    with Journal(path) as journal:
        assert [len(journal.events(row.id)) for row in journal.sessions()] == [20] * 4


def test_what_was_appended_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    code = (
        "import os, sys; from agentx.journal import Journal; from agentx.events import CallStarted\n"
        "from agentx.messages import ToolCall\n"
        "j = Journal(sys.argv[1]); s = j.create_session(workspace='/w', model='m', task='t', session_id='s')\n"
        "j.append(s, CallStarted(ToolCall('c1', 'write_file', {}))); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    with Journal(path) as journal:
        assert journal.events("s") == [CallStarted(ToolCall("c1", "write_file", {}))]
        assert journal.session("s").status == "running"


def test_kinds_and_fields_of_a_newer_version_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path) as journal:
        session = new(journal)
        journal.append(session, Notice("a"))
    with sqlite3.connect(path) as raw:
        for number, body in ((2, {"kind": "FromTomorrow", "x": 1}), (3, {"kind": "Notice", "text": "b", "colour": 1})):
            raw.execute("INSERT INTO events VALUES (?, ?, '', '', ?)", (session, number, json.dumps(body)))
    raw.close()
    with Journal(path) as journal:
        assert journal.events(session) == [Notice("a")]


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StorageError, match=r"newer AgentX \(schema 99.*update agentx-local"):
        Journal(path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    path.write_bytes(b"hello, this is text" * 100)
    with pytest.raises(StorageError, match=r"j\.sqlite3 cannot be used .*not a database.*move it away"):
        Journal(path)
    assert path.read_bytes() == b"hello, this is text" * 100


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE other (x)")
    raw.close()
    with pytest.raises(StorageError, match="database of something else"):
        Journal(path)
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT name FROM sqlite_schema").fetchall() == [("other",)]
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    raw.close()


@pytest.mark.parametrize(
    "deletes", [lambda journal, session: journal.remove(session), lambda journal, _: journal.purge(0)]
)
def test_nothing_of_a_deleted_session_stays_in_the_files(tmp_path: Path, deletes) -> None:
    with Journal(tmp_path / "j.sqlite3") as journal:
        session = new(journal, "zyzzyva")
        journal.append(session, CallFinished(ToolResult("c1", "ok", "quokka " * 50)))
        journal.finish(session, "ok", "axolotl")
        deletes(journal, session)
        journal.compact()
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        assert [word for word in (b"zyzzyva", b"quokka", b"axolotl") if word in kept] == []


def test_what_a_new_session_purges_rewrites_no_index_and_costs_it_nothing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    new(journal)
    journal.database._connection.execute("UPDATE sessions SET created = '2020-01-01T00:00:00+00:00'")
    journal.keep_days = 30
    monkeypatch.setattr(
        journal.database, "compact", lambda: pytest.fail("this takes long, and nobody has asked for it")
    )
    kept = new(journal)
    assert [row.id for row in journal.sessions()] == [kept]

    def full(*_: object) -> list[str]:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(keeping, "purge", full)
    assert new(journal) in {row.id for row in journal.sessions()}


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"sessions\.sqlite3 cannot be used .*AGENTX_DATA_DIR"):
        Journal(tmp_path / "file" / "sessions.sqlite3")


def test_a_path_that_is_a_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be used"):
        Journal(tmp_path)


def test_a_full_disk_is_one_sentence_and_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    code = (
        "import resource, signal, sys; from agentx.journal import Journal; from agentx.events import Notice\n"
        "from agentx.errors import StorageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "j = Journal(sys.argv[1]); s = j.create_session(workspace='/w', model='m', task='t', session_id='s')\n"
        "j.append(s, Notice('kept')); resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try: j.append(s, Notice('x' * 1_000_000))\n"
        "except StorageError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "j.sqlite3 cannot be used" in run.stdout
    with Journal(path) as journal:
        assert journal.events("s") == [Notice("kept")]


def test_a_full_database_says_to_free_space(journal: Journal) -> None:
    session = new(journal)
    journal.database._connection.execute("PRAGMA max_page_count = 8")
    with pytest.raises(StorageError, match=r"full\): free some space"):
        journal.append(session, Notice("x" * 100_000))
    journal.append(session, Notice("small"))
    assert journal.events(session) == [Notice("small")]


def test_a_lock_held_elsewhere_is_one_sentence_after_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path) as journal:
        session = new(journal)
        journal.database._connection.execute("PRAGMA busy_timeout = 100")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another process holds it"):
            journal.append(session, Notice("n"))
        other.execute("ROLLBACK")
        other.close()
        assert journal.append(session, Notice("n")) == 1


def test_only_the_owner_may_read_it(journal: Journal, tmp_path: Path) -> None:
    new(journal)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()} == {0o600}


def test_the_default_journal_makes_its_folder_when_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "not" / "yet"))
    Journal.default().close()
    assert [file.name for file in (tmp_path / "not" / "yet").iterdir()] == ["sessions.sqlite3"]
