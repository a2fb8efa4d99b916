"""What the journal costs: appending, redacting, and opening what has grown long, on the disk that is named."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agentx.events import CallFinished, CallStarted, Event, Notice, RunStarted, TextDelta, to_json
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult
from agentx.redaction import redact_json

INTENT = CallStarted(ToolCall("c1", "write_file", {"path": "notes.txt", "text": "A line of a note.\n" * 30}))
RESULT = CallFinished(ToolResult("c1", "ok", "A line of what came of it, https://example.com/a/b.\n" * 77))
FIRST_VIEW = 200
"""Events that a first view shows."""

Row = tuple[str, str, str]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability journal", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the files lie (default: here)")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=10_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=chosen.folder, prefix=".durability-") as name:
        folder = Path(name)
        rows = [
            *appending(folder, chosen.rounds),
            *redacting(chosen.rounds),
            *viewing(folder, chosen.events),
            *listing(folder, chosen.sessions),
        ]
    width = max(len(row[0]) for row in rows)
    for what, figure, target in [("what", "measured", "target"), *rows]:
        print(f"{what:<{width}}  {figure:>22}  {target}")
    return 0


def appending(folder: Path, rounds: int) -> list[Row]:
    """Intent and result rows beside the sync alone, turn about, so that a busy disk is busy for all of them."""
    path = folder / "sync"
    sync = os.open(path, os.O_CREAT | os.O_RDWR)
    size = 0

    def sync_alone() -> None:
        nonlocal size
        size += os.pwrite(sync, b"x" * 4120, size)
        os.fdatasync(sync)

    with Journal(folder / "append.sqlite3") as journal:
        session = journal.create_session(workspace="/w", model="m", task="t")
        what: dict[str, Callable[[], object]] = {
            "sync alone (4 kB and fdatasync)": sync_alone,
            "append of an intent row": lambda: journal.append(session, INTENT),
            "append of a result row, 4 kB": lambda: journal.append(session, RESULT),
            "append of a piece of text": lambda: journal.append(session, TextDelta("answer", " word")),
        }
        times = timed(what, rounds)
    os.close(sync)
    targets = ["", "p50 <= 0.5 ms", "p50 <= 0.5 ms", ""]
    return [(name, spread(times[name]), target) for name, target in zip(what, targets, strict=True)]


def redacting(rounds: int) -> list[Row]:
    def body(event: Event) -> str:
        return json.dumps(to_json(event))

    plain, secret = body(RESULT), body(CallFinished(ToolResult("c", "ok", "x " * 2000 + "ghp_" + "a1B2" * 9)))
    what: dict[str, Callable[[], object]] = {
        f"redaction of {len(plain) / 1000:.1f} kB without a secret": lambda: redact_json(plain),
        f"redaction of {len(secret) / 1000:.1f} kB with one": lambda: redact_json(secret),
    }
    times = timed(what, rounds)
    return [(name, spread(times[name]), "") for name in what]


def viewing(folder: Path, events: int) -> list[Row]:
    """A long session: opened in a new process, which imports the journal too, and in this one."""
    path = folder / "long.sqlite3"
    with Journal(path) as journal:
        session = journal.create_session(workspace="/w", model="m", task="t", session_id="long")
        journal.append(session, RunStarted(session, "t", "m", "auto", [], "/w"))
        lines = list(journal.export(session))
        kinds = [INTENT, RESULT, Notice("n"), *[TextDelta("answer", " word")] * 17]
        bodies = [to_json(event) for event in kinds]
        head, first = json.loads(lines[0]), json.loads(lines[1])
        journal.remove(session)
        rows = (first | {"number": number, "event": bodies[number % 20]} for number in range(1, events + 1))
        journal.read_in([json.dumps(head), *map(json.dumps, rows)])

    def first_view() -> None:
        with Journal(path) as journal:
            assert len(journal.tail("long", FIRST_VIEW)) == FIRST_VIEW

    def in_a_process() -> None:
        code = "import sys; from agentx.journal import Journal; Journal(sys.argv[1]).tail('long', int(sys.argv[2]))"
        subprocess.run([sys.executable, "-c", code, str(path), str(FIRST_VIEW)], check=True)

    def whole() -> None:
        with Journal(path) as journal:
            assert len(journal.events("long")) == events

    name = f"session of {events:,} events"
    view, process = timed({"view": first_view}, 20)["view"], timed({"process": in_a_process}, 5)["process"]
    return [
        (f"{name}, to its last {FIRST_VIEW}", spread(view), "<= 300 ms"),
        (f"{name}, the same with a new Python", spread(process), "<= 300 ms"),
        (f"{name}, read whole", spread(timed({"whole": whole}, 1)["whole"]), ""),
    ]


def listing(folder: Path, sessions: int) -> list[Row]:
    path = folder / "many.sqlite3"
    with Journal(path) as journal:
        session = journal.create_session(workspace="/w", model="m", task="A task of some words. " * 10)
        journal.append(session, RESULT)
        journal.finish(session, "ok", "An answer. " * 100)
        lines = list(journal.export(session))
        journal.read_in(
            line
            for number in range(sessions - 1)
            for line in (json.dumps(json.loads(lines[0]) | {"id": f"s{number}"}), *lines[1:])
        )

    def listed() -> None:
        with Journal(path) as journal:
            assert len(journal.sessions(sessions)) == sessions

    def printed() -> None:
        command = [
            sys.executable,
            "-c",
            "import sys; from agentx.cli import main; sys.exit(main())",
            "sessions",
            "list",
        ]
        environment = os.environ | {"AGENTX_JOURNAL_URL": f"sqlite:///{path}"}
        subprocess.run([*command, "--limit", str(sessions)], check=True, stdout=subprocess.DEVNULL, env=environment)

    def found() -> None:
        with Journal(path) as journal:
            assert journal.search("what came of", 20)

    with Journal(path) as journal:
        started = time.perf_counter()
        journal.search("nothing")
        indexed = time.perf_counter() - started
    return [
        (f"list of {sessions:,} sessions", spread(timed({"list": listed}, 20)["list"]), "<= 200 ms"),
        ("`agentx sessions list` of all of them", spread(timed({"list": printed}, 3)["list"]), ""),
        ("search that indexes all of them first", f"{indexed * 1000:.0f} ms", ""),
        ("search after that", spread(timed({"search": found}, 5)["search"]), ""),
    ]


def timed(what: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in what}
    for _ in range(rounds):
        for name, act in what.items():
            started = time.perf_counter()
            act()
            times[name].append(time.perf_counter() - started)
    return times


def spread(times: list[float]) -> str:
    """The median, and what nine of ten stay below, in milliseconds."""
    if len(times) < 5:
        return f"{statistics.median(times) * 1000:.0f} ms"
    return f"{statistics.median(times) * 1000:.3f} (p90 {statistics.quantiles(times, n=10)[8] * 1000:.3f}) ms"
