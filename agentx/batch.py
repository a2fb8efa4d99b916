"""Many tasks of one agent side by side, each with one line in a file, whatever is killed in between.

The tasks share the decoder, which puts what they ask for into the same batches. Each is a session of the journal, so
that one which broke off goes on where it was; the session's name comes from a file beside the output, which is there
as long as the output is not complete.
"""

import asyncio
import fcntl
import json
import os
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import EndsRun, StorageError, UsageError
from agentx.events import Event
from agentx.journal.rows import clean
from agentx.redaction import redact
from agentx.report import Report
from agentx.tape import Diverged

if TYPE_CHECKING:
    from agentx.agent import Agent


@dataclass(frozen=True, slots=True)
class Item:
    """A task with its line in the input, from 1, and the name that it was given there, if any."""

    line: int
    task: str
    id: str | int | None = None


def items(lines: Iterable[str], source: str) -> list[Item]:
    """The tasks of a JSON Lines text: a string each, or an object with `task` and perhaps `id`; blank lines are none.

    Raises:
        UsageError: a line is neither.
    """
    found: list[Item] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"Line {number} of {source} is no JSON ({error}); write a string or an object.") from None
        given: dict[str, Any] = {"task": row} if isinstance(row, str) else row if isinstance(row, dict) else {}
        task, name = given.get("task"), given.get("id")
        if not isinstance(task, str) or not task.strip():
            raise UsageError(f'Line {number} of {source} has no task; write "what to do" or {{"task": "what to do"}}.')
        if not isinstance(name, str | int | None) or isinstance(name, bool):
            raise UsageError(f"The id in line {number} of {source} is no text and no whole number.")
        found.append(Item(number, task, name))
    return found


class Output:
    """The file that gets a line for each task; held by one process at a time. A context manager.

    Args:
        path: of the file.
        decoder: the model and its adapter in words, which each line names: all are of one.

    Attributes:
        done: lines of the tasks that have one, each with its task; None where an older version has left that out.
        missed: how many of these did not end ok.
        errors: what was said of these, and how often.

    Raises:
        UsageError: the file holds something else, was begun with another decoder, or another process writes to it.
        StorageError: it cannot be read or written.
    """

    def __init__(self, path: Path, decoder: str = "") -> None:
        self.path = path
        self.decoder = decoder
        self._decoders: set[str] = set()
        self.done: dict[int, str | None] = {}
        self.missed = 0
        self.errors: Counter[str] = Counter()
        self.name = ""
        self._beside = path.with_name(f".{path.name}.map")

    def __enter__(self) -> "Output":
        try:
            if self.path.exists() and not self.path.is_file():
                raise UsageError(f"{self.path} is no file that can be read again; name another one.")
            self._hold()
            try:
                self._open()
            except BaseException:
                if not self.name:
                    self.complete()
                os.close(self._lock)
                raise
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written ({error.strerror}); choose another file.") from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
        os.close(self._lock)

    def add(self, row: dict[str, Any]) -> None:
        """Appends a line and has it on the disk before it returns."""
        data = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
        size = os.fstat(self._file).st_size
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            # Another task may still get its line behind this one.
            with suppress(OSError):
                os.ftruncate(self._file, size)
            raise StorageError(f"{self.path} cannot be written ({error.strerror}); make room and go on.") from None
        self._take(row)

    def _take(self, row: dict[str, Any]) -> None:
        self.done[int(row["line"])] = row.get("task")
        if model := row.get("model"):  # which older versions have left out
            self._decoders.add(str(model))
        if row.get("status") != "ok":
            self.missed += 1
            self.errors[str(row.get("error") or row.get("status"))] += 1

    def complete(self) -> None:
        """Says that nothing is left to be done."""
        with suppress(OSError):
            self._beside.unlink()

    def _hold(self) -> None:
        self._lock = os.open(self._beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise UsageError(f"Another process writes to {self.path}; wait for it, or name another file.") from None

    def _open(self) -> None:
        self.name, _, begun = self._beside.read_text("utf-8", "replace").partition("\n")
        # An output that was taken away begins anew, and with it the tasks.
        known = self.name if self.path.exists() else ""
        if not known:
            os.ftruncate(self._lock, 0)
        elif begun:
            self._require_own({begun})
        self._file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o644)
        held = self.path.read_bytes()
        # The last line of a process that was killed may be a part of one.
        whole = held[: held.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                os.close(self._file)
                raise UsageError(f"{self.path} holds something else than results; name another file.") from None
        try:
            self._require_own(self._decoders)
        except UsageError:
            os.close(self._file)
            raise
        os.ftruncate(self._file, len(whole))
        if not known:
            self.name = secrets.token_hex(8)
            os.pwrite(self._lock, f"{self.name}\n{self.decoder}".encode("utf-8", "replace"), 0)
            os.fsync(self._lock)

    def _require_own(self, decoders: set[str]) -> None:
        """Raises UsageError where one of these is not what would go on."""
        for begun in decoders - {self.decoder}:
            raise UsageError(
                f"{self.path} was begun with {begun}, and would go on with {self.decoder}; give --model and --adapter "
                "as they were then (`--adapter none` for no adapter), or name another file for the output."
            )


async def results(
    agent: "Agent", tasks: Sequence[Item], output: Output, jobs: int
) -> AsyncGenerator[dict[str, Any], None]:
    """Runs the tasks that have no line yet, `jobs` of them at a time; yields each line once it is in the file.

    Raises:
        UsageError: a task is another than that of its line, or than it was when it was begun.
    """
    for item in tasks:
        if output.done.get(item.line) not in (None, item.task):
            raise _changed(item)
    waiting = iter([item for item in tasks if item.line not in output.done])
    ready: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def work() -> None:
        for item in waiting:
            which = {"line": item.line, "id": item.id, "task": item.task, "model": output.decoder}
            row = {**which, **await _object(agent, item, output.name)}
            output.add(row)
            ready.put_nowait(row)

    workers = [asyncio.ensure_future(work()) for _ in range(max(jobs, 1))]
    whole = asyncio.gather(*workers)
    whole.add_done_callback(lambda _: ready.put_nowait(None))
    try:
        while (row := await ready.get()) is not None:
            yield row
        await whole
        output.complete()
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _object(agent: "Agent", item: Item, name: str) -> dict[str, Any]:
    """What came of a task, as `agentx run --json` says it; one that was begun before goes on."""
    from agentx.session import session_of

    report = Report()
    session = session_of(agent, f"map-{name}-{item.line}", item.task)
    run = session.last
    if run is None:
        return await _ended(report, session.stream(item.task))
    if run.started.task not in (item.task, redact(clean(item.task))):
        raise _changed(item)
    for event in (run.started, *run.events):
        report.take(event)
    if run.is_unfinished:
        try:
            return await _ended(report, session.stream_resumed())
        except Diverged:
            raise UsageError(
                f"Line {item.line} cannot go on where it broke off: AgentX, the model, the tools or the settings are "
                "others than then; give the options that it was begun with, or name another file for the output."
            ) from None
    if run.finished:
        report.take(run.finished)
    return report.ended()


def _changed(item: Item) -> UsageError:
    return UsageError(
        f"Line {item.line} of the tasks was another task before; put it back, or name another file for the output."
    )


async def _ended(report: Report, events: AsyncGenerator[Event, None]) -> dict[str, Any]:
    try:
        async for event in events:
            report.take(event)
    except Diverged:
        raise
    except EndsRun as error:
        return report.failed(str(error))
    return report.ended()
