"""One run of a journal again and again, each time with another of its writes, syncs or opens going wrong.

`python -m tests.journal.faults FOLDER MODE [SQL]` with the library of `faults.c` preloaded; a line for each round, in
JSON, of what came of it. With a file of SQL, the journal is first made by that; the run, a short one, migrates it.
"""

import ctypes
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from agentx.errors import StorageError
from agentx.events import Answered, CallFinished, CallStarted, Event, Notice, RunStarted, StepStarted
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult

MODES = {"eio-once": 1, "eio-from-then-on": 2, "no-space": 3, "half": 4, "kill-before": 5, "kill-after": 6}
EVENTS: list[Event] = [
    RunStarted("s", "t", "m", "auto", [], "/w"),
    StepStarted(1),
    *[
        event
        for number in range(5)
        for event in (
            CallStarted(ToolCall(f"c{number}", "write_file", {"text": "x" * 3000})),
            CallFinished(ToolResult(f"c{number}", "ok", "word " * 2000)),
            Notice("n" * 500),
        )
    ],
    Answered("the answer"),
]
STORED, REFUSED, ODD = 0, 3, 4
V1_EVENTS = {"20260101-000000-aaaa": 15, "20260101-000001-bbbb": 9, "trip": 0}
"""How many each session of `v1.sql` has."""


def library(folder: Path) -> Path:
    """The compiled shim."""
    target = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    command = ["gcc", "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-nonnull-compare"]
    subprocess.run([*command, "-o", str(target), str(source), "-ldl"], check=True)
    return target


def run(path: Path, said: int, short: bool) -> None:
    """The scripted run; says what it was told is written, a byte each, before the next begins."""
    with Journal(path) as journal:
        # So that the log goes into the file several times in this short run.
        journal.database.read("PRAGMA wal_autocheckpoint = 20")
        journal.create_session(workspace="/w", model="m", task="t", session_id="s")
        os.write(said, b"s")
        if short:
            return
        for event in EVENTS:
            journal.append("s", event)
            os.write(said, b"e")
        journal.finish("s", "ok", "the answer")
        os.write(said, b"f")
        journal.rename("s", "a title")
        journal.search("answer")
        journal.fork("s", 3)
        journal.remove(journal.sessions(1)[0].id)


def child(path: Path, mode: int, number: int, said: int, told: int, short: bool) -> None:
    """Runs with one fault, says how many operations there were, and ends with STORED, REFUSED or ODD."""
    shim: Any = ctypes.CDLL(None)
    shim.fault_arm(os.fsencode(path), mode, number)
    code = STORED
    try:
        run(path, said, short)
    except StorageError as error:
        code = REFUSED if str(path) in str(error) and str(error).endswith(".") else ODD
        os.write(told, f"{error}\n".encode())
    except BaseException:
        code = ODD
        os.write(told, traceback.format_exc().encode())
    count = shim.fault_count()
    shim.fault_arm(b"", 0, 0)
    os.write(told, f"{count}\n".encode())
    os._exit(code)


def checked(path: Path, acknowledged: bytes, migrated: bool) -> str:
    """What is wrong with the file after the round; "" if nothing is: it is sound, holds all that was acknowledged and
    at most one event more, and the run can go on in it."""
    try:
        connection = sqlite3.connect(path)
        sound = connection.execute("PRAGMA integrity_check").fetchall()
        connection.close()
        if sound != [("ok",)]:
            return f"integrity_check says {sound}"
        with Journal(path) as journal:
            counts = {row.id: len(journal.events(row.id)) for row in journal.sessions() if row.id in V1_EVENTS}
            if migrated and counts != V1_EVENTS:
                return f"of the old sessions there are {counts}"
            if b"s" not in acknowledged and all(row.id != "s" for row in journal.sessions()):
                return ""
            events = journal.events("s")
            count = acknowledged.count(b"e")
            if not count <= len(events) <= count + 1 or events != EVENTS[: len(events)]:
                return f"{count} events were acknowledged, {len(events)} are there"
            if b"f" in acknowledged and journal.session("s").status != "ok":
                return "the end was lost"
            for event in EVENTS[len(events) :]:
                journal.append("s", event)
            journal.finish("s", "ok", "the answer")
            if [hit.kind for hit in journal.search("the answer")] != ["answer"]:
                return "the answer cannot be found"
            if journal.events("s") != EVENTS or journal.database.read("PRAGMA foreign_key_check"):
                return "what came after is not there"
    except Exception:
        return traceback.format_exc()
    return ""


def play(folder: Path, mode: int, number: int, sql: str) -> dict[str, Any]:
    """One round in a child process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "j.sqlite3"
    if sql:
        connection = sqlite3.connect(path)
        connection.executescript(sql)
        connection.close()
    said, told = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        child(path, mode, number, said[1], told[1], bool(sql))
    os.close(said[1])
    os.close(told[1])
    with os.fdopen(said[0], "rb") as first, os.fdopen(told[0], "rb") as second:
        acknowledged, text = first.read(), second.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    wrong = f"it ended in no sentence: {text}" if code == ODD else checked(path, acknowledged, bool(sql))
    *_, count = ["0", *text.split()]
    return {"number": number, "code": code, "text": text, "wrong": wrong, "count": int(count)}


def main() -> None:
    folder, mode = Path(sys.argv[1]), MODES[sys.argv[2]]
    sql = Path(sys.argv[3]).read_text("utf-8") if sys.argv[3:] else ""
    total = play(folder, 0, 0, sql)["count"]
    for number in range(1, total + 1):
        print(json.dumps(play(folder, mode, number, sql)), flush=True)


if __name__ == "__main__":
    main()
