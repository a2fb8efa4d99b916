"""Traces from the journal: runs that ended well, the calls among them included, with the tools as they are today."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agentx import plugins
from agentx.errors import AgentXError
from agentx.events import Answered, CallDecoded, CallFinished, StepFinished
from agentx.history import Run, runs
from agentx.journal import Journal
from agentx.journal.rows import SessionRow
from agentx.messages import ToolCall
from agentx.tool import Tool
from agentx_learn.tuning.kept_traces import digest_of, read_kept
from agentx_learn.tuning.rows import DataError
from agentx_learn.tuning.traces import Result, Round, Task, Trace

JOURNAL = "journal"
_ALL = 1_000_000


@dataclass(slots=True)
class Read:
    """Attributes:
    left_out: reason -> how many runs of that kind there were.
    sha256: see `kept_traces.digest_of`.
    """

    traces: list[Trace] = field(default_factory=list[Trace])
    left_out: dict[str, int] = field(default_factory=dict[str, int])
    sha256: str = ""


def read_journal(journal: Journal, tools: Mapping[str, Tool] | None = None) -> Read:
    """Each run that ended well, as a trace of one task; the oldest first. What a fork has copied counts once.

    A program that calls tools is one call, of the tool that runs programs: the calls in it were not the model's.

    Args:
        tools: by their names; those that are installed where None.

    Raises:
        DataError: there are none.
    """
    known = _Known(tools)
    read = Read()
    sessions = {row.id: row for row in reversed(journal.sessions(_ALL))}
    seen: set[tuple[str, int, str]] = set()
    for row in sessions.values():
        for run in runs(journal.numbered(row.id)):
            why, trace = _trace(run, len(read.traces) + 1, known)
            if trace is not None:
                # A fork amid a run has its beginning and may have another end.
                place = (_origin(row, run.number, sessions), run.number, digest_of([replace(trace, number=0)]))
                if place not in seen:
                    seen.add(place)
                    read.traces.append(trace)
                    continue
                why = "are copies in forked sessions"
            read.left_out[why] = read.left_out.get(why, 0) + 1
    read.sha256 = digest_of(read.traces)
    if not read.traces:
        told = ", ".join(f"{count} {why}" for why, count in read.left_out.items()) or "it holds no runs"
        raise DataError(f"The journal has no run that an assistant could learn from: {told}.")
    return read


def read_export(path: Path) -> Read:
    """As `read_journal`, of a file as `agentx sessions export` writes it.

    Raises:
        DataError: it is none of these files, or there are no such runs in it.
    """
    journal = Journal(":memory:")
    try:
        with path.open(encoding="utf-8") as file:
            journal.read_in(line.rstrip("\n") for line in file)
        return read_journal(journal)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); name a file of `agentx sessions export`.") from error
    finally:
        journal.close()


def read_kept_journal(path: Path) -> Read:
    """As `read_journal` gave it when a run began that is gone on with; see `kept_traces`."""
    traces = read_kept(path, _Known(None).__getitem__)
    return Read(traces, {}, digest_of(traces))


def _origin(row: SessionRow, number: int, sessions: Mapping[str, SessionRow]) -> str:
    """Id of the session in which an event came to be, through all forks; a deleted one has its id still."""
    for _ in sessions:  # an imported row may name whatever parent
        if row.parent is None or row.parent_event is None or number > row.parent_event:
            break
        if row.parent not in sessions:
            return row.parent
        row = sessions[row.parent]
    return row.id


class _Known:
    """Tools by their names; None where one is not installed."""

    def __init__(self, tools: Mapping[str, Tool] | None) -> None:
        self._tools: dict[str, Tool | None] = dict(tools) if tools is not None else {}
        self._named = plugins.names("agentx.tools") if tools is None else ()

    def __getitem__(self, name: str) -> Tool | None:
        if name not in self._tools:
            self._tools[name] = None
            if name in self._named:
                try:
                    self._tools[name] = plugins.load("agentx.tools", name)
                except AgentXError:
                    self._tools[name] = None
        return self._tools[name]


def _trace(run: Run, number: int, known: _Known) -> tuple[str, Trace | None]:
    """The trace of a run, or why there is none."""
    if run.finished is None or run.finished.status != "ok":
        return "did not end well", None
    answer = next((event.text for event in reversed(run.events) if isinstance(event, Answered)), "")
    if not answer.strip() or not run.started.task.strip():
        return "have no answer", None
    rounds = _rounds(run)
    if not all(result.ok for result in rounds[-1].results) if rounds else False:
        return "ended on a call that failed", None
    tools = [tool for name in run.started.tools if (tool := known[name]) is not None]
    names = {tool.name for tool in tools}
    if any(name not in names for one in rounds for name, _ in one.calls):
        return "use tools that are not installed", None
    instructions = str(run.started.settings.get("instructions") or "")
    return "", Trace(number, tuple(tools), (Task(run.started.task, tuple(rounds), answer),), instructions)


def _rounds(run: Run) -> list[Round]:
    """The calls of each step of the run that had some."""
    found: list[Round] = []
    calls: list[ToolCall] = []
    results: dict[str, Result] = {}

    def close() -> None:
        made = [call for call in calls if call.id in results]
        if made:
            told = tuple(results[call.id] for call in made)
            found.append(Round(tuple((call.name, call.arguments) for call in made), told))
        calls.clear()
        results.clear()

    for event in run.events:
        # A call that a program made has the program's id and a number behind it.
        if isinstance(event, CallDecoded) and "." not in event.call.id:
            calls.append(event.call)
        elif isinstance(event, CallFinished):
            result: Any = event.result
            results[result.call_id] = Result(result.text, result.ok, result.untrusted)
        elif isinstance(event, StepFinished):
            close()
    close()
    return found
