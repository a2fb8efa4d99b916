"""Traces as lines of JSON: what their digest is of, what a run keeps of a journal, which may grow meanwhile, and what
it leaves beside an adapter to judge it by."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentx.tool import Tool
from agentx_learn.tuning.out_folder import write_private
from agentx_learn.tuning.rows import DataError
from agentx_learn.tuning.traces import Result, Round, Task, Trace

HELD_OUT = "held_out.jsonl"
"""Beside an adapter: the traces that judged it and that it has not learnt from."""


def digest_of(traces: Sequence[Trace]) -> str:
    """SHA-256 of all that is learnt from: instructions, tools as a model is shown them, requests, calls, results and
    answers."""
    digest = hashlib.sha256()
    for trace in traces:
        digest.update(_line(trace).encode())
    return digest.hexdigest()


def write_kept(traces: Sequence[Trace], path: Path) -> None:
    """Writes traces, which are tasks of a person, readable by their owner alone."""
    write_private("".join(map(_line, traces)), path)


def read_kept(path: Path, tool_of: Callable[[str], Tool | None]) -> list[Trace]:
    """The traces of a file as `write_kept` writes it. A tool that is no longer there is left out, so that the digest
    tells it.

    Raises:
        DataError: the file is damaged.
    """
    try:
        return _read(path, lambda described: tool_of(described["name"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged, so that the run cannot go on; begin anew in another --out.") from error


def read_as_shown(path: Path, tool_of: Callable[[Mapping[str, Any]], Tool]) -> list[Trace]:
    """The traces of such a file with their tools as they were shown.

    Args:
        tool_of: a tool by its `name`, `description` and `parameters`.

    Raises:
        DataError: the file is damaged.
    """
    try:
        return _read(path, tool_of)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged, so that nothing can be judged by it; train the adapter anew.") from error


def _line(trace: Trace) -> str:
    plain = {
        "number": trace.number,
        "instructions": trace.instructions,
        "tools": [{key: getattr(tool, key) for key in ("name", "description", "parameters")} for tool in trace.tools],
        "tasks": [asdict(task) for task in trace.tasks],
    }
    return json.dumps(plain, sort_keys=True) + "\n"


def _read(path: Path, tool_of: Callable[[Mapping[str, Any]], Tool | None]) -> list[Trace]:
    return [_trace(json.loads(line), tool_of) for line in path.read_text(encoding="ascii").splitlines()]


def _trace(plain: dict[str, Any], tool_of: Callable[[Mapping[str, Any]], Tool | None]) -> Trace:
    tools = tuple(tool for each in plain["tools"] if (tool := tool_of(each)) is not None)
    return Trace(plain["number"], tools, tuple(map(_task, plain["tasks"])), plain["instructions"])


def _task(plain: dict[str, Any]) -> Task:
    return Task(plain["request"], tuple(map(_round, plain["rounds"])), plain["answer"])


def _round(plain: dict[str, Any]) -> Round:
    calls = tuple((name, arguments) for name, arguments in plain["calls"])
    return Round(calls, tuple(Result(**each) for each in plain["results"]))
