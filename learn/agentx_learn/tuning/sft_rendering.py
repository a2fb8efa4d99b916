"""A trace as the text that strategy `direct` sends and wants back, and which of its tokens are learnt.

Nothing here words a prompt: the system prompt, the tools, the calls and the results are the strategy's and the
dialect's own. Only the worked requests before the task are left out; what they show is what is learnt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from agentx.dialects.base import Dialect
from agentx.messages import ToolCall, ToolResult
from agentx.model import GREEDY, ChatFormat, Fragment, Model
from agentx.planner.base import Turn
from agentx.planner.decoding import prompt_text
from agentx.planner.direct import Direct
from agentx.planner.requests import functions, judged
from agentx.planner.showing import shown_calls
from agentx.toolbox import Toolbox
from agentx_learn.tuning.traces import Result, Task, Trace


class Part(NamedTuple):
    """What the model is sent, its reply, and whether that is learnt: calls that failed are not to be made again."""

    asked: list[Fragment]
    reply: str
    learnt: bool


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Of a model, as much as a prompt is made of."""

    chat: ChatFormat


def rendered(trace: Trace, dialect: Dialect, chat: ChatFormat) -> list[Part]:
    """The trace as requests and replies in turn, all in one growing prompt.

    After a round of calls the strategy asks for an answer, or for what failed once more: a trace that goes on with
    other calls instead is followed so far and no further.
    """
    parts: list[Part] = []
    for i, task in enumerate(trace.tasks):
        turn = _turn(trace, task, dialect, chat)
        asked = Direct().opening(turn, follow_up=True) if i else opening(trace, task, dialect, chat)
        parts += _replies(turn, task, asked)
        if turn.must_answer:
            break
    return parts


def opening(trace: Trace, task: Task, dialect: Dialect, chat: ChatFormat) -> list[Fragment]:
    """What is sent with the first task, without worked requests."""
    turn = _turn(trace, task, dialect, chat)
    if not trace.tools:
        return Direct().opening(turn, follow_up=False)
    system = "\n\n".join(filter(None, [prompt_text("direct"), trace.instructions]))
    return chat.opening(system, f"{functions(dialect, trace.tools, turn.toolbox)} {task.request}")


def _replies(turn: Turn, task: Task, asked: list[Fragment]) -> Iterator[Part]:
    """The replies of one task, each with what is sent before it; `turn.must_answer` where more cannot be followed."""
    for number, one in enumerate(task.rounds):
        if number and not turn.recovery.retrying:
            turn.must_answer = True
            return
        calls = [ToolCall(str(i), name, arguments) for i, (name, arguments) in enumerate(one.calls)]
        # Whether a function is of use is asked once a task.
        reply = ("" if number else judged(True).text) + shown_calls(turn, calls)
        yield Part(asked, reply, not one.results or any(result.ok for result in one.results))
        if not one.results:
            turn.must_answer = True
            return
        results = [_result(call, result) for call, result in zip(calls, one.results, strict=True)]
        for call, result in zip(calls, results, strict=True):
            turn.recovery.take(turn.toolbox[call.name], result, turn.toolbox)
        turn.notes = turn.recovery.after_step(set(turn.toolbox))
        asked = Direct().results(turn, list(zip(calls, results, strict=True)))
    if task.answer and not turn.recovery.retrying:
        yield Part(asked, (judged(False).text if turn.toolbox and not task.rounds else "") + task.answer, True)
    else:
        turn.must_answer = True


def _result(call: ToolCall, result: Result) -> ToolResult:
    return ToolResult(call.id, "ok" if result.ok else "error", result.text, untrusted=result.untrusted)


def _turn(trace: Trace, task: Task, dialect: Dialect, chat: ChatFormat) -> Turn:
    return Turn(
        model=cast("Model", _Speaker(chat)),
        dialect=dialect,
        toolbox=Toolbox(trace.tools),
        task=task.request,
        sampling=GREEDY,
        emit=lambda event: None,
        new_call=lambda name, arguments: ToolCall("", name, arguments),
        instructions=trace.instructions or None,
    )


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of a whole trace, and for each whether it is learnt."""

    ids: list[int]
    learnt: list[bool]

    @property
    def labels(self) -> list[int]:
        """The ids that are learnt; -100, which the loss leaves out, for the others."""
        return [token if known else -100 for token, known in zip(self.ids, self.learnt, strict=True)]


def tokenized(parts: Sequence[Part], tokens: Any, end: int) -> Example:
    """Args:
    tokens: an `agentx_learn.decoder.tokens.Tokens`.
    end: the token that ends a reply; it is learnt with it.
    """
    ids: list[int] = []
    learnt: list[bool] = []

    def add(new: list[int], known: bool) -> None:
        ids.extend(new)
        learnt.extend([known] * len(new))

    if tokens.bos is not None:
        add([tokens.bos], False)
    for asked, reply, known in parts:
        sent = [token for fragment in asked for token in tokens.tokenize(fragment.text, fragment.markup)]
        # What ends the reply before stands there already, as does what begins every prompt.
        add(sent[1:] if ids and sent[:1] == ids[-1:] else sent, False)
        add([*tokens.tokenize(reply, False), end], known)
    return Example(ids, learnt)
