"""AgentX in the kill benchmark: one process that begins the task, or goes on with what the journal holds of it."""

import asyncio
import importlib
import inspect
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

from agentx_tools.files import edit_file, write_file
from agentx_tools.python import python

from agentx import Agent, Tool, ToolContext
from agentx.cli.report import EXIT_CODES
from agentx.errors import AgentXError
from agentx.events import CallFinished, CallStarted, ContextFolded, Event, ModelReplied
from agentx.history import runs
from agentx.journal import Journal
from agentx.messages import ToolCall
from agentx.model import Delta
from agentx.models.scripted import ScriptedModel
from benchmarks.durability.bank import LATENCY_S, Bank
from benchmarks.durability.fuse import Fuse
from benchmarks.durability.workload import ANSWER, WORKLOADS, Operation, Workload, times

for _name in ("agentx.loop", "agentx.planner.react", "agentx.planner.code", "agentx.decoding.constraint", "llguidance"):
    importlib.import_module(_name)  # before the fork: what takes long to import is none of a run's work

_OPENING = re.compile(r"(```python\n# [^\n]*\n|DONE:)$")
"""With what strategy `code` begins a reply, which is no part of what the model is shown."""


_LABELS: dict[type[Any], str] = {CallStarted: "intent", CallFinished: "result", ContextFolded: "fold"}
_FOLD = "write down what you have to keep"
_SUMMARY = json.dumps({"goal": "to settle the bills", "facts": ["The rent is paid."], "open": ["pay the food"]})


class WatchedJournal:
    """The journal, with labelled points before and after each row."""

    def __init__(self, journal: Journal, fuse: Fuse) -> None:
        self._journal = journal
        self._fuse = fuse

    def append(self, session_id: str, event: Event) -> int:
        label = _LABELS.get(type(event), "row")
        self._fuse.at(f"before {label}")
        number = self._journal.append(session_id, event)
        if label != "row":
            self._fuse.at(f"after {label}")
        return number

    def finish(self, session_id: str, status: str, result_json: Any) -> None:
        self._fuse.at("before end")
        self._journal.finish(session_id, status, result_json)
        self._fuse.at("after end")

    def create_session(self, **row: Any) -> str:
        session_id = self._journal.create_session(**row)
        self._fuse.at("after session")
        return session_id

    def reopen(self, session_id: str) -> None:
        self._journal.reopen(session_id)
        self._fuse.at("after reopening")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class WatchedModel(ScriptedModel):
    """The scripted model, which tells the bank what it is shown.

    Args:
        said: its replies that the journal holds.
    """

    def __init__(self, fuse: Fuse, bank: Bank, workload: Workload, said: Sequence[str] = ()) -> None:
        steps = replies(workload)
        super().__init__(
            repeat(lambda prompt: _SUMMARY if _FOLD in prompt[-600:] else steps[self._step()]),
            yes=lambda prompt: 0.01 if _is_done(prompt, workload) else 0.9,
            context_tokens=workload.context_tokens,
        )
        self._fuse = fuse
        self._bank = bank
        self._steps = 0
        self._said = list(said)

    def _step(self) -> int:
        self._steps += 1
        return self._steps - 1

    def pass_over(self) -> None:
        if self._said.pop(0) != _SUMMARY:
            self._steps += 1

    async def decode(self, prompt: Any, **options: Any) -> AsyncGenerator[Delta, None]:
        text = "".join(fragment.text for fragment in prompt)
        self._fuse.at("before reply")
        self._bank.saw(_OPENING.sub("", text))
        await asyncio.sleep(LATENCY_S)
        deltas = [delta async for delta in super().decode(prompt, **options)]
        self._fuse.at("mid-fold" if _FOLD in text[-600:] else "after reply")
        for delta in deltas:
            yield delta


def replies(workload: Workload) -> list[str]:
    """What the model says, in the dialect `python`."""
    if workload.programs:
        return [program(step) for step in workload.steps] + [f" {ANSWER}"]
    steps = ["\n".join(_call(*operation) for operation in step) for step in workload.steps]
    return [*(f"# I do what is next.\n{step}\n->" for step in steps), f"# All is done.\nAnswer: {ANSWER}"]


def program(step: tuple[Operation, ...]) -> str:
    """The operations of a step as a Python program."""
    lines = []
    for kind, arguments in step:
        if kind == "write":
            lines.append(f"Path({arguments['path']!r}).write_text({arguments['text']!r})")
        elif kind == "append":
            lines.append(f"with open({arguments['path']!r}, 'a') as file:\n    file.write({arguments['text']!r})")
        else:
            lines.append(f"print({_call(kind, arguments)})")
    return "\n".join([*lines, f"print('{len(lines)} operations')"])


def _call(name: str, arguments: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={json.dumps(value)}' for key, value in arguments.items())})"


def _is_done(prompt: str, workload: Workload) -> bool:
    """Whether the last program has run: the model then answers rather than writing one more."""
    own = prompt.rpartition("Task:")[2]
    last = program(workload.steps[-1])
    return workload.programs and "Output:" in own.partition(last)[2]


def said(journal: Journal) -> list[str]:
    """What the model has said so far."""
    events = [event for row in journal.sessions() for event in journal.events(row.id)]
    return [event.text for event in events if isinstance(event, ModelReplied)]


def tools(folder: Path, fuse: Fuse, workload: Workload) -> list[Tool]:
    bank = Bank(folder)

    def post(text: str) -> str:
        """Posts a text, where it can be looked up."""
        return bank.deliver("post", text)

    def transfer(text: str, context: ToolContext) -> str:
        """Transfers money; the bank heeds the key of a transfer."""
        return bank.deliver("transfer", text, context.call_id)

    def shout(text: str) -> str:
        """Shouts a text, which nobody writes down."""
        return bank.deliver("shout", text)

    def is_posted(context: ToolContext, arguments: dict[str, Any]) -> bool:
        return bank.applied("post", arguments["text"]) > 0

    egress = frozenset({"egress"})
    own = [
        Tool.from_function(post, capabilities=egress, probe=is_posted),
        Tool.from_function(transfer, capabilities=egress, idempotent=True),
        Tool.from_function(shout, capabilities=egress),
    ]
    given = [*own, write_file, edit_file, *([python] if workload.programs else [])]
    return [replace(tool, function=_watched(tool.function, fuse)) for tool in given]


def _watched(function: Callable[..., Any], fuse: Fuse) -> Callable[..., Any]:
    def plain(**arguments: Any) -> Any:
        fuse.at("before effect")
        result = function(**arguments)
        fuse.at("after effect")
        return result

    async def awaited(**arguments: Any) -> Any:
        fuse.at("before effect")
        result = await function(**arguments)
        fuse.at("after effect")
        return result

    return awaited if inspect.iscoroutinefunction(function) else plain


class Person:
    """Looks at the world when asked about a call in doubt."""

    def __init__(self, folder: Path, workload: Workload) -> None:
        self._folder = folder
        self._workload = workload
        self.asked: list[str] = []

    async def settle(self, call: ToolCall) -> Any:
        self.asked.append(call.id)
        return "happened" if any(times(self._folder, each) for each in self._tells(call)) else "again"

    def _tells(self, call: ToolCall) -> list[Operation]:
        """The operation that tells: of a program its last, since one that was broken off before can be run again."""
        if call.name != python.name:
            return [(call.name, call.arguments)]
        code = str(call.arguments["code"])
        return [step[-1] for step in self._workload.steps if program(step) in code]


def work(job: dict[str, Any]) -> int:
    """Begins the task or goes on with it; the exit code is that of `agentx run`. Writes `outcome.json` at the end."""
    folder, workload = Path(job["folder"]), WORKLOADS[job["workload"]]
    for name in ("DATA", "CACHE", "CONFIG"):
        os.environ[f"AGENTX_{name}_DIR"] = str(folder / name.lower())
    began = time.monotonic()
    fuse, person = Fuse(job.get("point", ""), job.get("number", 0)), Person(folder, workload)
    with Journal(folder / "journal.sqlite3") as journal:
        agent = Agent(
            WatchedModel(fuse, Bank(folder), workload, said(journal)),
            tools(folder, fuse, workload),
            strategy="code" if workload.programs else "react",
            workspace=folder / "work",
            allow=["all"],
            settle=person.settle if job.get("person") else None,
            journal=WatchedJournal(journal, fuse),
        )
        outcome = asyncio.run(_outcome(agent, journal, workload))
    outcome |= {"asked": person.asked, "passed": fuse.passed, "seconds": time.monotonic() - began}
    (folder / "outcome.json").write_text(json.dumps(outcome))
    return EXIT_CODES[outcome["status"]]


async def _outcome(agent: Agent, journal: Journal, workload: Workload) -> dict[str, Any]:
    begun = [(row.id, found) for row in journal.sessions() if (found := runs(journal.numbered(row.id)))]
    try:
        if not begun:
            result = await agent.run(workload.task)
            return {"status": result.status, "answer": result.output, "error": result.error}
        [(session_id, found)] = begun
        session = agent.resume(session_id)
        if session.unfinished is None:
            final = found[-1].finished
            assert final is not None
            return {"status": final.status, "answer": final.output, "error": final.error}
        result = await session.resume()
        return {"status": result.status, "answer": result.output, "error": result.error}
    except AgentXError as error:
        return {"status": "failed", "answer": None, "error": f"{type(error).__name__}: {error}"}
