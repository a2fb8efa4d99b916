"""What a journal promises, on each database that it can be in."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agentx.errors import StorageError, UsageError
from agentx.events import (
    Answered,
    ApprovalGiven,
    CallFinished,
    CallStarted,
    ModeChanged,
    Notice,
    Rewound,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    TextDelta,
)
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult, Usage
from tests.core.test_journal import EVENTS
from tests.journal.conftest import open_at

TOKEN = "ghp_" + "a1B2" * 9
IMPORTED = [replace(EVENTS[0], settings={"imported": True}), *EVENTS[1:]]
IMPORTS = (
    "import sys; from tests.journal.conftest import open_at; from agentx.events import *\nj = open_at(sys.argv[1])\n"
)


def new(journal: Journal, task: str = "t", **values) -> str:
    return journal.create_session(**{"workspace": "/w", "model": "m", "task": task, **values})


def play(journal: Journal, task: str = "the task", answer: str = "the answer", result: str = "the result") -> str:
    session = new(journal, task)
    for event in (
        RunStarted(session, task, "m", "auto", [], "/w"),
        StepStarted(1),
        CallStarted(ToolCall("c1", "read_file", {"path": "a.txt"})),
        CallFinished(ToolResult("c1", "ok", result)),
        StepFinished(1, Usage()),
        StepStarted(2),
        Answered(answer),
        RunFinished("ok", answer, None, 2, Usage()),
    ):
        journal.append(session, event)
    journal.finish(session, "ok", answer)
    return session


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTS + code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_reloaded_session_equals_the_live_one(opened: Callable[[], Journal]) -> None:
    journal = opened()
    session = new(journal)
    assert [journal.append(session, event) for event in EVENTS] == list(range(1, len(EVENTS) + 1))
    assert opened().events(session) == EVENTS
    assert opened().numbered(session) == list(enumerate(EVENTS, 1))


def test_a_row_tells_title_steps_and_status(journal: Journal) -> None:
    session = new(journal, "odd \ud800 text\0", title="first", parent="p", parent_event=3)
    for number in (1, 2, 3):
        journal.append(session, StepStarted(number))
    row = journal.session(session)
    assert (row.task, row.title, row.parent, row.parent_event) == ("odd \\ud800 text\\x00", "first", "p", 3)
    assert (row.status, row.steps, row.ended) == ("running", 3, None)
    journal.finish(session, "ok", {"output": [1, "é"]})
    row = journal.session(session)
    assert row.status == "ok"
    assert row.ended and row.ended >= row.created
    assert journal.result(session) == {"output": [1, "é"]}


def test_a_reopened_session_runs_again_and_keeps_its_result(journal: Journal) -> None:
    session = play(journal)
    journal.reopen(session)
    assert (journal.session(session).status, journal.session(session).ended) == ("running", None)
    assert journal.result(session) == "the answer"


def test_a_session_that_has_not_ended_has_no_result(journal: Journal) -> None:
    assert journal.result(new(journal)) is None


def test_sessions_are_renamed(journal: Journal) -> None:
    session = new(journal)
    journal.rename(session, "Ünïcode title")
    assert journal.session(session).title == "Ünïcode title"


@pytest.mark.parametrize(
    "use",
    [
        lambda journal: journal.events("nil"),
        lambda journal: journal.numbered("nil"),
        lambda journal: journal.tail("nil", 3),
        lambda journal: journal.session("nil"),
        lambda journal: journal.result("nil"),
        lambda journal: journal.append("nil", Notice("n")),
        lambda journal: journal.finish("nil", "ok", None),
        lambda journal: journal.reopen("nil"),
        lambda journal: journal.rename("nil", "x"),
        lambda journal: journal.fork("nil"),
        lambda journal: journal.remove("nil"),
        lambda journal: list(journal.export("nil")),
    ],
)
def test_an_unknown_session_is_one_sentence(journal: Journal, use: Callable[[Journal], object]) -> None:
    with pytest.raises(UsageError, match="no session `nil`"):
        use(journal)


def test_an_id_of_ones_own_is_taken_once(journal: Journal) -> None:
    assert new(journal, session_id="trip") == "trip"
    with pytest.raises(UsageError, match="`trip` already"):
        new(journal, session_id="trip")


def test_the_newest_comes_first_and_of_a_workspace_only_its_own(journal: Journal) -> None:
    assert journal.latest() is None
    ids = [new(journal, str(number), workspace=f"/{number % 2}") for number in range(6)]
    assert [row.id for row in journal.sessions()] == ids[::-1]
    assert [row.id for row in journal.sessions(2, "/0")] == [ids[4], ids[2]]
    latest, other = journal.latest(), journal.latest("/0")
    assert latest and other
    assert (latest.id, other.id, journal.latest("/nowhere")) == (ids[5], ids[4], None)


def test_a_long_session_is_read_page_by_page_and_from_its_end(journal: Journal) -> None:
    session = new(journal)
    for number in range(1, 2106):
        journal.append(session, Notice(str(number)))
    assert [event.text for event in journal.events(session)] == [str(number) for number in range(1, 2106)]
    assert journal.tail(session, 2) == [(2104, Notice("2104")), (2105, Notice("2105"))]
    assert journal.tail(session, 2, before=3) == [(1, Notice("1")), (2, Notice("2"))]
    assert [number for number, _ in journal.iterate(session, after=2103)] == [2104, 2105]


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


def test_processes_lay_a_journal_out_together_and_write_to_one_session(where: str) -> None:
    code = (
        "try: j.create_session(workspace='/w', model='m', task='t', session_id='s')\n"
        "except Exception as error: assert 'already' in str(error), error\n"
        "print(*[j.append('s', Notice(str(i))) for i in range(40)])"
    )
    runs = [process(code, where) for _ in range(4)]
    outputs = [run.communicate() for run in runs]
    assert [(error, run.returncode) for run, (_, error) in zip(runs, outputs, strict=True)] == [("", 0)] * 4
    numbers = [int(number) for out, _ in outputs for number in out.split()]
    assert sorted(numbers) == list(range(1, 161))
    with open_at(where) as journal:
        assert [number for number, _ in journal.numbered("s")] == list(range(1, 161))


def test_what_was_appended_survives_a_kill(where: str) -> None:
    code = (
        "from agentx.messages import ToolCall; import os\n"
        "s = j.create_session(workspace='/w', model='m', task='t', session_id='s')\n"
        "for event in (Notice('n'), CallStarted(ToolCall('c1', 'write_file', {}))): j.append(s, event)\n"
        "os.kill(os.getpid(), 9)"
    )
    run = process(code, where)
    assert (run.wait(), run.communicate()[1]) == (-9, "")
    with open_at(where) as journal:
        assert journal.events("s") == [Notice("n"), CallStarted(ToolCall("c1", "write_file", {}))]
        assert journal.session("s").status == "running"


def test_a_session_is_worked_on_by_one_process_until_that_is_dead(where: str) -> None:
    with open_at(where) as journal:
        session = new(journal)
        assert not journal.is_held(session)
        run = process(f"lease = j.lease({session!r}); lease.__enter__(); print('held', flush=True); input()", where)
        assert run.stdout and run.stdout.readline() == "held\n"
        assert journal.is_held(session)
        other = pytest.raises(UsageError, match=f"Another process works on the session `{session}`")
        with other, journal.lease(session):
            pass
        with pytest.raises(UsageError, match="Another process works"):
            journal.remove(session)
        run.kill()
        run.communicate()
        until = time.monotonic() + 20
        while journal.is_held(session) and time.monotonic() < until:
            time.sleep(0.01)
        with journal.lease(session):
            assert journal.is_held(session)
            with pytest.raises(UsageError, match="Another process works"), journal.lease(session):
                pass
        assert not journal.is_held(session)


def test_a_process_works_on_many_sessions_at_once(journal: Journal) -> None:
    names = [new(journal) for _ in range(25)]
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(journal.lease(name))
        assert all(journal.is_held(name) for name in names)
    assert not any(journal.is_held(name) for name in names)


def test_one_of_many_processes_gets_the_lease(where: str) -> None:
    open_at(where).close()
    code = (
        "import random, time\n"
        "from agentx.errors import UsageError\n"
        "from pathlib import Path\n"
        "for i in range(60):\n"
        "    try:\n"
        "        with j.lease('s'):\n"
        "            mark = Path(sys.argv[2]); mark.touch(exist_ok=False)\n"
        "            time.sleep(random.random() / 500); mark.unlink(); print('had')\n"
        "    except UsageError: pass\n"
    )
    mark = f"/tmp/agentx-lease-{time.time_ns()}"
    runs = [process(code, where, mark) for _ in range(3)]
    outputs = [run.communicate() for run in runs]
    assert [error for _, error in outputs] == ["", "", ""]
    assert "had" in outputs[0][0]


def test_tasks_answers_and_results_are_found(journal: Journal) -> None:
    first = play(journal, task="Fix the CSV parser", answer="It dropped the last row.", result="def parse(text): naïve")
    second = play(journal, task="Water the flowers", answer="Done, in README.md", result="watering_can is empty")
    running = new(journal)
    journal.append(running, RunStarted(running, "flowers that still grow", "m", "auto", [], "/w"))

    def found(query: str) -> set[tuple[str, int, str]]:
        return {(hit.session.id, hit.number, hit.kind) for hit in journal.search(query)}

    assert found("csv parser") == {(first, 1, "task")}
    assert found("dropped row") == {(first, 7, "answer")}
    assert found("parse") == {(first, 4, "result"), (first, 1, "task")}
    assert found("flowers") == {(second, 1, "task"), (running, 1, "task")}
    assert found("README.md") == {(second, 7, "answer")}
    assert found("readme") == {(second, 7, "answer")}
    assert found("water") == {(second, 1, "task"), (second, 4, "result")}
    assert found("nothing of that") == set()
    assert "CSV" in next(iter(journal.search("csv"))).excerpt
    assert journal.search("flowers", workspace="/nowhere") == []
    assert len(journal.search("flowers", limit=1)) == 1


@pytest.mark.parametrize(
    "query", ['"', "a' OR 1=1 --", "NEAR(a b)", "* - :", "x:* & !y", "é\0\ud800", "text:the", "AND OR"]
)
def test_a_query_is_words_and_never_a_language(journal: Journal, query: str) -> None:
    play(journal)
    try:
        journal.search(query)
    except UsageError as error:
        assert "no word" in str(error)


def test_a_fork_goes_on_from_an_event(journal: Journal) -> None:
    session = play(journal)
    copy = journal.fork(session, 3, "another way")
    assert journal.events(copy) == journal.events(session)[:3]
    row = journal.session(copy)
    assert (row.parent, row.parent_event, row.title) == (session, 3, "another way")
    assert (row.status, row.steps, row.task, journal.result(copy)) == ("running", 1, "the task", None)
    assert journal.append(copy, Notice("n")) == 4
    assert len(journal.events(session)) == 8


def test_a_fork_at_the_end_has_ended_as_well(journal: Journal) -> None:
    session = play(journal)
    copy = journal.fork(session)
    assert (journal.session(copy).status, journal.result(copy)) == ("ok", "the answer")
    assert journal.session(copy).ended
    assert {hit.session.id for hit in journal.search("answer")} == {session, copy}


def test_a_fork_of_a_session_that_was_taken_back_stands_as_that_one(journal: Journal) -> None:
    session = play(journal)
    journal.append(session, RunStarted(session, "another", "m", "auto", [], "/w"))
    journal.append(session, Rewound(8, [], []))
    copy = journal.fork(session)
    assert (journal.session(copy).status, journal.result(copy)) == ("ok", "the answer")
    journal.append(session, Rewound(3, [], []))
    copy = journal.fork(session)
    assert (journal.session(copy).status, journal.result(copy)) == ("interrupted", None)
    assert journal.session(copy).ended


def test_a_fork_at_no_event_is_one_sentence(journal: Journal) -> None:
    session = play(journal)
    for number in (0, 9):
        with pytest.raises(UsageError, match=f"has events 1 to 8; it cannot be forked at {number}"):
            journal.fork(session, number)
    with pytest.raises(UsageError, match="has no event yet"):
        journal.fork(new(journal))
    assert len(journal.sessions()) == 2


def test_what_is_exported_can_be_imported(journal: Journal) -> None:
    session = new(journal, title="odd", parent="p", parent_event=2)
    for event in EVENTS:
        journal.append(session, event)
    journal.finish(session, "ok", {"a": 1})
    lines, before = list(journal.export(session)), journal.session(session)
    journal.remove(session)
    with pytest.raises(UsageError):
        journal.session(session)
    assert journal.read_in(lines) == [(session, session)]
    assert (journal.session(session), journal.events(session)) == (before, IMPORTED)
    assert journal.result(session) == {"a": 1}
    [(_, other)] = journal.read_in(lines)
    assert other != session
    assert journal.events(other) == IMPORTED
    assert list(journal.export(other))[2:] == lines[2:]


PERMITTING = {"allow": ["all"], "mode": "full", "adapter": "/x.gguf"}
NARROWING = {"deny": ["shell"], "mode": "read-only", "adapter": "none", "instructions": "Be brief."}


@pytest.mark.parametrize(("settings", "kept"), [(PERMITTING, {}), (NARROWING, NARROWING)])
def test_what_a_file_permits_is_left_out(journal: Journal, settings: dict, kept: dict) -> None:
    session = new(journal)
    begun = RunStarted(session, "t", "m", "auto", ["shell"], "/w", settings)
    approved = ApprovalGiven("c1", True, "yes", {"a": 1}, "shell")
    for event in (begun, ModeChanged("full"), ModeChanged("read-only"), approved, Notice("n")):
        journal.append(session, event)
    [(_, copy)] = journal.read_in(list(journal.export(session)))
    assert journal.numbered(copy) == [
        (1, replace(begun, settings=kept | {"imported": True})),
        (3, ModeChanged("read-only")),
        (4, replace(approved, grant=None)),
        (5, Notice("n")),
    ]
    assert journal.events(session)[0] == begun


def test_several_sessions_are_imported_at_once_or_none(journal: Journal) -> None:
    first, second = play(journal, "one"), play(journal, "two")
    lines = [*journal.export(first), "", *journal.export(second)]
    assert [old for old, _ in journal.read_in(lines)] == [first, second]
    count = len(journal.sessions())
    with pytest.raises(UsageError, match="Line 20 is not that of a session"):
        journal.read_in([*lines, "no json", "{}"])
    assert len(journal.sessions()) == count


HEAD = {"agentx_session": 1, "id": "i", "created": "2026-01-01T00:00:00+00:00", "status": "ok"}
BAD_START = {"kind": "RunStarted", "settings": 1}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["[1]"], "it is no object"),
        (["{"], "it is no JSON"),
        ([json.dumps({"number": 1, "at": "", "event": {"kind": "Notice"}})], "before a line that describes"),
        ([json.dumps(HEAD | {"agentx_session": 2})], "update agentx-local"),
        ([json.dumps(HEAD | {"id": ""})], "`id` must have"),
        ([json.dumps(HEAD | {"task": 3})], "`task` is no text"),
        ([json.dumps(HEAD | {"created": "x"})], "`created` is no time"),
        ([json.dumps(HEAD), json.dumps({"number": 0, "event": {"kind": "N"}})], "`number` is no number"),
        ([json.dumps(HEAD), json.dumps({"number": True, "event": {"kind": "N"}})], "`number` is no number"),
        ([json.dumps(HEAD), json.dumps({"number": 2**40, "event": {"kind": "N"}})], "`number` is no number"),
        ([json.dumps(HEAD), json.dumps({"number": 1, "event": 1})], "`event` is no object"),
        ([json.dumps(HEAD), json.dumps({"number": 1, "at": HEAD["created"], "event": BAD_START})], "`settings` is no"),
        (["[" * 100_000], "is not that of a session"),
    ],
)  # fmt: skip
def test_a_line_of_something_else_is_one_sentence(journal: Journal, lines: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        journal.read_in(lines)
    assert journal.sessions() == []


def test_no_lines_are_one_sentence(journal: Journal) -> None:
    with pytest.raises(UsageError, match="no session to import"):
        journal.read_in(["", "\n"])


def test_what_is_old_goes_but_not_what_is_worked_on(journal: Journal) -> None:
    old, held, young = (play(journal, name) for name in ("old", "held", "young"))
    before = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    for session in (old, held):
        lines = [json.loads(line) for line in journal.export(session)]
        journal.remove(session)
        lines[0] |= {"created": before, "ended": before}
        journal.read_in(json.dumps(line) for line in lines)
    with journal.lease(held):
        assert journal.purge(30) == [old]
    assert {row.id for row in journal.sessions()} == {held, young}
    assert {hit.session.id for hit in journal.search("result")} == {held, young}
    journal.keep_days = 30
    newest = new(journal)
    assert {row.id for row in journal.sessions()} == {young, newest}


def test_a_session_goes_with_those_that_worked_for_it_or_not_at_all(journal: Journal) -> None:
    own = play(journal)
    helper = new(journal, "helped", parent=own)
    deeper = new(journal, "helped the helper", parent=helper)
    fork = journal.fork(own)
    with journal.lease(deeper), pytest.raises(UsageError, match=f"Another process works on the session `{deeper}`"):
        journal.remove(own)
    assert len(journal.sessions()) == 4
    journal.states.write(deeper, "c1", b"state")
    assert journal.remove(own) == [own, helper, deeper]
    assert journal.states.newest(deeper, ["c1"]) is None
    assert [row.id for row in journal.sessions()] == [fork]


def test_what_worked_for_an_old_session_goes_with_it(journal: Journal) -> None:
    old = play(journal)
    lines = [json.loads(line) for line in journal.export(old)]
    journal.remove(old)
    before = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    journal.read_in(json.dumps(line) for line in [lines[0] | {"created": before, "ended": before}, *lines[1:]])
    helper, young = new(journal, parent=old), new(journal)
    assert journal.purge(30) == [old, helper]
    assert [row.id for row in journal.sessions()] == [young]


def test_a_session_in_which_something_happens_is_not_old(journal: Journal) -> None:
    session = new(journal)
    [line] = journal.export(session)
    journal.remove(session)
    journal.read_in([json.dumps(json.loads(line) | {"created": "2020-01-01T00:00:00+00:00"})])
    journal.append(session, Notice("n"))
    assert journal.purge(30) == []
    assert journal.purge(1e300) == []
    assert journal.purge(0) == [session]


def test_secrets_are_never_written(journal: Journal) -> None:
    session = new(journal, f"use {TOKEN}", title=TOKEN)
    journal.append(session, CallStarted(ToolCall("c1", "x", {"header": f"Authorization: Bearer {TOKEN}", TOKEN: 1})))
    journal.append(session, CallFinished(ToolResult("c1", "ok", "x", value=[{"url": "https://me:hunter2@host/"}])))
    for piece in ("my to", "ken is g", "hp_", *TOKEN[4:], ", ", "as said"):
        journal.append(session, TextDelta("answer", piece))
    journal.append(session, Answered(f"{TOKEN}"))
    journal.finish(session, "ok", {"text": TOKEN})
    journal.search("token")
    written = "\n".join(journal.export(session)) + "".join(hit.excerpt for hit in journal.search("token"))
    assert TOKEN[4:] not in written
    assert "hunter2" not in written
    assert written.count("[redacted: github token]") >= 6
    text = "".join(event.text for event in journal.events(session) if isinstance(event, TextDelta))
    assert text == "my token is g[redacted: github token], as said"


def test_text_that_was_held_back_is_written_before_what_follows(journal: Journal) -> None:
    session = new(journal)
    journal.append(session, TextDelta("answer", "see https://exam"))
    assert journal.append(session, TextDelta("thought", "hm sk-")) == 3
    journal.append(session, Notice("n"))
    assert journal.events(session) == [
        TextDelta("answer", "see https"),
        TextDelta("answer", "://exam"),
        TextDelta("thought", "hm "),
        TextDelta("thought", "sk-"),
        Notice("n"),
    ]


def test_a_closed_journal_says_so(opened: Callable[[], Journal]) -> None:
    journal = opened()
    session = new(journal)
    journal.close()
    with pytest.raises(StorageError, match="closed before"):
        journal.append(session, Notice("n"))
