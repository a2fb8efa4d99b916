"""Runs an agent on a task in a fresh folder with a fresh memory, and judges what comes of it."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agentx.errors import AgentXError
from agentx.events import CallStarted, Event, ModelLoaded, RunFinished
from agentx.memory import Memory
from agentx.messages import Usage
from benchmarks.tasks.judge import Outcome, judge
from benchmarks.tasks.pages import served
from benchmarks.tasks.report import progress
from benchmarks.tasks.results import Record, ResultsFile, Settings, counts, without
from benchmarks.tasks.task import Task
from benchmarks.tasks.workspace import lay_out, snapshot

LIMIT_S = 180.0
_GRACE_S = 30.0  # the agent keeps its own time limit; this much later the runner ends it
_MAX_CALL_CHARS = 300


class AgentLike(Protocol):
    """What the runner needs of an agent."""

    def stream(self, task: str) -> AsyncGenerator[Event, None]:
        """The events of a run; the last is RunFinished."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What is laid out for one run.

    Attributes:
        workspace: folder with the task's files.
        memory: folder of the memory; there only if the task has notes, or once something was remembered.
        address: `host:port` of the page server, empty if the task has no pages.
    """

    task: Task
    workspace: Path
    memory: Path
    address: str


MakeAgent = Callable[[Scene], AgentLike]
OpenMemory = Callable[[Path], Memory]


@dataclass(slots=True)
class _Run:
    """What was seen of a run so far."""

    finished: RunFinished | None = None
    calls: list[str] = field(default_factory=list[str])
    load_seconds: float = 0.0

    def see(self, event: Event) -> None:
        if isinstance(event, CallStarted):
            self.calls.append(str(event.call)[:_MAX_CALL_CHARS])
        elif isinstance(event, ModelLoaded):
            self.load_seconds += event.elapsed_s
        elif isinstance(event, RunFinished):
            self.finished = event


async def run_all(
    tasks: Sequence[Task],
    settings: Settings,
    results: ResultsFile,
    make_agent: MakeAgent,
    open_memory: OpenMemory,
    *,
    resume: bool = False,
    limit_s: float = LIMIT_S + _GRACE_S,
) -> list[Record]:
    """Runs the tasks that have no record yet, one after the other; returns the records of all, in order.

    Raises:
        UsageError, StorageError: see `ResultsFile`.
        AgentXError: no agent can be made, for instance because there is no such model.
    """
    records = results.open(settings, resume=resume)
    wanted = {task.id: task for task in tasks}
    for task_id in without(records, list(wanted)):
        record = await run_task(wanted[task_id], settings, make_agent, open_memory, limit_s)
        results.append(record)
        records.append(record)
        print(progress(record), file=sys.stderr, flush=True)
    by_id = {record.id: record for record in records}
    return [by_id[task_id] for task_id in wanted]


async def run_task(
    task: Task,
    settings: Settings,
    make_agent: MakeAgent,
    open_memory: OpenMemory,
    limit_s: float = LIMIT_S + _GRACE_S,
) -> Record:
    """Runs one task in a fresh folder, which is deleted at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="agentx-task-", ignore_cleanup_errors=True) as folder,
        served(task.pages) as address,
    ):
        scene = Scene(task, Path(folder, "workspace"), Path(folder, "memory"), address)
        lay_out(scene.workspace, task.files)
        before = snapshot(scene.workspace)
        for note in task.notes:
            open_memory(scene.memory).add(note, "note")
        agent = make_agent(scene)
        run, start = _Run(), time.perf_counter()
        await _follow(agent, task.text.replace("{base}", f"http://{address}"), run, limit_s)
        seconds = time.perf_counter() - start - run.load_seconds
        outcome = Outcome(
            _answer(run.finished), scene.workspace, before, _remembered(scene, open_memory), len(run.calls)
        )
        return _record(task, settings, run, outcome, seconds)


async def _follow(agent: AgentLike, text: str, run: _Run, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s), aclosing(agent.stream(text)) as events:
            async for event in events:
                run.see(event)
    except TimeoutError:
        run.finished = _ended("timeout", f"The run did not end within {limit_s:.0f} s.")
    except AgentXError:
        raise
    except Exception as error:
        # A defect of the agent costs it this task, not the benchmark.
        run.finished = _ended("failed", f"{type(error).__name__}: {error}")


def _ended(status: str, error: str) -> RunFinished:
    return RunFinished("timeout" if status == "timeout" else "failed", None, error, 0, Usage())


def _answer(finished: RunFinished | None) -> str | None:
    if finished is None or finished.status != "ok" or finished.output is None:
        return None
    return str(finished.output)


def _remembered(scene: Scene, open_memory: OpenMemory) -> list[str]:
    if not scene.memory.exists():
        return []
    memory = open_memory(scene.memory)
    count = memory.count()
    found = memory.search(scene.task.text, limit=count) if count else ()
    return [hit.text for hit in found if hit.text not in scene.task.notes]


def _record(task: Task, settings: Settings, run: _Run, outcome: Outcome, seconds: float) -> Record:
    verdict = judge(task, outcome)
    end = run.finished or _ended("failed", "The stream ended without RunFinished.")
    return Record(
        id=task.id,
        split=task.split,
        tags=list(task.tags),
        settings=settings,
        solved=verdict.solved,
        reasons=verdict.reasons,
        strays=verdict.strays,
        status=end.status,
        error=end.error,
        answer=outcome.answer,
        steps=end.steps,
        calls=run.calls,
        seconds=round(seconds, 3),
        load_seconds=round(run.load_seconds, 3),
        cause=end.cause,
        **counts(end.usage),
    )
