"""Plays a session's tasks through the loop again, on the replies that its journal holds, and says what differs.

What the loop makes of the same replies and results must be the same, byte for byte. With `live` the model is asked
again too, for each reply under the same prompt: the same weights, build, threads and batch shapes give the same tokens,
and where one of them is another, a tie between two tokens may fall the other way.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from agentx.dialogue import Dialogue
from agentx.echo import event_key
from agentx.events import (
    Answered,
    CallDecoded,
    CallFinished,
    CallStarted,
    ContextFolded,
    Criticised,
    Event,
    ModelReplied,
    Revised,
    SteeringShown,
    StepFinished,
    StepStarted,
    TextDelta,
    Thought,
)
from agentx.history import Run, runs
from agentx.model import Delta, Fragment

if TYPE_CHECKING:
    from agentx.agent import Agent

_OWN = (StepStarted, SteeringShown, Thought, StepFinished, Criticised, Revised, Answered, ContextFolded)
_OF_CALLS = (CallDecoded, CallStarted)


@dataclass(slots=True)
class Replay:
    """What came of playing a session again.

    Attributes:
        tasks: that were compared.
        passed_over: tasks that were not, since another model had them or they were not finished.
        events: of the loop that were compared.
        replies: that the model was asked for again.
        differences: a sentence each.
    """

    tasks: int = 0
    passed_over: int = 0
    events: int = 0
    replies: int = 0
    differences: list[str] = field(default_factory=list[str])


async def replay(agent: "Agent", session_id: str, *, live: bool = False) -> Replay:
    """Plays the tasks of a session again; nothing is written and no call is made.

    Raises:
        UsageError: no such session.
        Diverged: AgentX, the tools or the settings are not those that the session was recorded with.
    """
    found = Replay()

    async def again(recorded: ModelReplied, stream: AsyncGenerator[Delta, None]) -> None:
        now: list[int] = []
        async for delta in stream:
            now = _tokens(delta.fragments)
        then = _tokens(recorded.fragments)
        found.replies += 1
        if then != now:
            shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(then, now, strict=False)))
            found.differences.append(f"reply {found.replies} is another from its token {shared + 1} on")

    model = await agent.load()
    dialogue = Dialogue(agent)
    for number, run in enumerate(runs(agent.open_journal().numbered(session_id)), 1):
        made: list[Event] = []
        await dialogue.play_back(model, run, session_id, made.append, again if live else None)
        if dialogue.plays(run) and not run.is_unfinished:
            found.tasks += 1
            _compare(found, run, made, f"task {number}")
        else:
            found.passed_over += 1
    return found


def _compare(found: Replay, run: Run, made: Sequence[Event], where: str) -> None:
    before, now = (Counter(map(event_key, _own(events))) for events in (run.events, made))
    found.events += sum(before.values())
    found.differences += [f"{where}: not again: {key[:300]}" for key in (before - now)]
    found.differences += [f"{where}: only now: {key[:300]}" for key in (now - before)]
    for channel in ("thought", "call", "answer"):
        if _text(run.events, channel) != _text(made, channel):
            found.differences.append(f"{where}: what was streamed as {channel} is another text")


def _own(events: Iterable[Event]) -> list[Event]:
    """Events of the loop itself: those of people, of programs and of the clock do not come again."""
    own: list[Event] = []
    begun: set[str] = set()
    for event in events:
        if isinstance(event, _OWN):
            own.append(event)
        elif isinstance(event, _OF_CALLS):
            # One that was in doubt was begun twice.
            if "." not in event.call.id and f"{type(event)}{event.call.id}" not in begun:
                own.append(event)
            begun.add(f"{type(event)}{event.call.id}")
        elif isinstance(event, CallFinished) and "." not in event.result.call_id:
            own.append(event)
    return own


def _text(events: Iterable[Event], channel: str) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta) and event.channel == channel)


def _tokens(fragments: Iterable[Fragment]) -> list[int]:
    return [token for fragment in fragments for token in fragment.tokens or ()]
