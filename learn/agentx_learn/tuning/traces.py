"""What an assistant is taught by: tasks that ended well, with the tools at hand, the calls made and what they gave."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agentx.tool import Tool

Call = tuple[str, dict[str, Any]]
"""Name of a tool and arguments."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a call gave: its text, and whether it worked."""

    text: str
    ok: bool = True
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """Calls that were made at once, and the result of each."""

    calls: tuple[Call, ...]
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A request, the rounds of calls it took, and the answer; empty where the trace ends with calls."""

    request: str
    rounds: tuple[Round, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A conversation of one or more tasks.

    Attributes:
        number: of the row that it was read from, or of the session.
        instructions: of the user's own, for the system prompt.
    """

    number: int
    tools: tuple[Tool, ...]
    tasks: tuple[Task, ...]
    instructions: str = ""

    @property
    def uses_tools(self) -> bool:
        return any(task.rounds for task in self.tasks)


def unseen_split(traces: Sequence[Trace], share: float, shuffled: Sequence[int]) -> tuple[list[Trace], list[Trace]]:
    """Traces to learn from and to judge by: those whose first request is the same are never parted.

    Args:
        share: of them all, that judges, as nearly as such groups allow; one at least where there are two groups.
        shuffled: the order in which they are chosen.
    """
    judging: set[str] = set()
    taken, wanted = 0, max(1, round(share * len(traces)))
    sizes = Counter(map(_request, traces))
    order = list(dict.fromkeys(_request(traces[i]) for i in shuffled))
    for request in order:
        if len(judging) + 1 < len(order) and taken + sizes[request] / 2 <= wanted:
            judging.add(request)
            taken += sizes[request]
    if not judging and len(order) > 1:
        # Where groups are large, the smallest one has to do.
        judging.add(min(order, key=lambda request: sizes[request]))
    return list(_those(traces, judging, False)), list(_those(traces, judging, True))


def _those(traces: Sequence[Trace], requests: set[str], among: bool) -> Iterator[Trace]:
    return (trace for trace in traces if (_request(trace) in requests) == among)


def _request(trace: Trace) -> str:
    return " ".join(trace.tasks[0].request.lower().split())
