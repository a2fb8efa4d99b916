"""What a run has learnt from the world, as its journal holds it: played back, the run comes to where it broke off.

A run is determined by what the model replies, what calls bring, what tools have on the task, and what people say. All
of that stands in its events, so that the same loop, fed with them, reaches the same state, whatever its strategy, and
the model is not asked, nor a call made. This is durable execution as workflow engines know it, with one difference: a
reply is found by what was asked for, not by its place, so that calls may have run side by side.
"""

import hashlib
import json
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, TypeAlias

from agentx.errors import EndsRun
from agentx.events import (
    Answered,
    ApprovalGiven,
    CallDecoded,
    CallFinished,
    CallProgress,
    CallStarted,
    DoubtRaised,
    DoubtSettled,
    Event,
    ExamplesShown,
    Guarded,
    ModelReplied,
    ModelScored,
    QuestionAnswered,
    SteeringShown,
    StepStarted,
    Surveyed,
    TextDelta,
    to_json,
)
from agentx.messages import ToolCall, ToolResult
from agentx.model import GREEDY, Constraint, Delta, Fragment, Model, Prompt, Sampling, Scores
from agentx.redaction import redact


class TapeEnded(EndsRun):
    """A run that is only played back has come to where it broke off."""

    status = "interrupted"


class Diverged(EndsRun):
    """A run that goes on asks the model for something else than it did before."""


class Tape:
    """The record of one run.

    Args:
        events: of the run so far; none for a new one.
        closed: the run is only played back: nothing new may happen in it.

    Attributes:
        live: the run has come to where the record ends.
        resumed: there was a record to begin with.
        surveys: what tools had on the task; None where that is not recorded.
        examples: the past tasks that were shown with this one; None where none were.
        grants: patterns of calls that a person has granted.
        guarded: what guards have found in the task ("input") and in the answer ("output").
        tainted: a guard has found in one of them, or in what was said to the run, what taints (see `agentx.guard`).
        tainted_steps: the numbers of the steps before which it was found in what was said.
        answered: the record holds the answer.
        steering: for the number of each step what the person's words before it were.
    """

    def __init__(self, events: Iterable[Event] = (), *, closed: bool = False) -> None:
        self.live = True
        self.resumed = False
        self.surveys: dict[str, dict[str, Any]] | None = None
        self.examples: ExamplesShown | None = None
        self.grants: list[str] = []
        self.guarded: dict[str, Guarded] = {}
        self.tainted = self.answered = False
        self.tainted_steps: set[int] = set()
        self.steering: dict[int, list[str]] = {}
        self._step = self._decided = 0
        self._closed = closed
        self._replies: defaultdict[str, deque[ModelReplied | ModelScored]] = defaultdict(deque)
        self._decoded: list[ToolCall] = []
        self._intents: dict[str, CallStarted] = {}
        self._results: dict[str, ToolResult] = {}
        self._answers: defaultdict[str, list[str]] = defaultdict(list)
        self._made: set[str] = set()
        for event in events:
            self.live, self.resumed = False, True
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case ModelReplied() | ModelScored():
                self._replies[event.request].append(event)
                self._decided = self._step
            case Surveyed():
                self.surveys = event.calls
            case ExamplesShown():
                self.examples = event
            case Guarded() if event.place != "tool_result":
                self.tainted = self.tainted or event.taints
                # What is said while the run is on is kept as it was shown.
                if event.place == "output" or self.surveys is None:
                    self.guarded[event.place] = event
                elif event.taints:
                    self.tainted_steps.add(self._step)
            case Answered():
                self.answered = True
            case StepStarted():
                self._step = event.number
            case SteeringShown():
                self.steering[event.step] = event.texts
            case CallDecoded():
                self._decoded.append(event.call)
                self._decided = self._step
            case CallStarted():
                self._intents[event.call.id] = event
                # Carried out once more: what came of it before counts no longer.
                self._results.pop(event.call.id, None)
            case CallFinished() if event.result.status != "cancelled":
                self._results[event.result.call_id] = event.result
            case QuestionAnswered() if event.answer:
                self._answers[event.call_id].append(event.answer)
            case ApprovalGiven() if event.grant:
                self.grants.append(event.grant)
            case _:
                pass

    def reply(self, request: str) -> "ModelReplied | ModelScored | None":
        """What the model said to a request; None where the record does not tell, from where on the run is live.

        Raises:
            TapeEnded: the run is only played back.
            Diverged: there are effects on the record to which this run has not come.
        """
        if found := self._replies.get(request):
            return found.popleft()
        if self.live:
            return None
        self.require_open()
        self.live = True
        return None

    @property
    def closed(self) -> bool:
        """Whether the run is only played back."""
        return self._closed

    def passed_on(self, task: str) -> str:
        """The task as the model was given it (see `agentx.guarding.desk`)."""
        event = self.guarded.get("input")
        return task if event is None or event.text is None else event.text

    def pass_end(self) -> None:
        """Called where the answer is given out: unless the record holds it, what is told from here on is new."""
        self.live = self.live or not (self.answered or self._closed)

    @property
    def was_passed_on(self) -> bool:
        """Whether the record tells that the model was given the task, or why not."""
        return self.surveys is not None or self._decided > 0 or "input" in self.guarded

    def is_new(self, step: int) -> bool:
        """Whether nothing of a step is on the record, or no more than that it has begun."""
        return self.live or step > self._decided

    def require_open(self) -> None:
        """Called before anything new happens in the run.

        Raises:
            TapeEnded: it is only played back.
            Diverged: there are effects on the record to which it has not come, so that it goes another way.
        """
        if not self.live:
            self._require_no_stray_effects()
        if self._closed:
            raise TapeEnded("The record of the run ends here.")

    def call(self, name: str, arguments: dict[str, Any], maker: ToolCall | None = None) -> ToolCall:
        """A call with its id: that of the record where the same call stands there, else a new one.

        Args:
            maker: the call of the program that makes this one; None where the model does.
        """
        before = f"{maker.id}." if maker else ""
        for place, call in enumerate(self._decoded):
            number = call.id.removeprefix(before)
            if (call.name, call.arguments) == (name, arguments) and call.id.startswith(before) and "." not in number:
                del self._decoded[place]
                self._made.add(call.id)
                return call
        return ToolCall(f"{before or 'call-'}{secrets.token_hex(8)}", name, arguments)

    def unmade(self, maker: ToolCall) -> list[ToolCall]:
        """Calls that a program had begun and that it has not made again."""
        before = f"{maker.id}."
        return [it.call for name, it in self._intents.items() if name.startswith(before) and name not in self._made]

    def within(self, maker: ToolCall) -> list[tuple[ToolCall, ToolResult]]:
        """Calls that a program began, with their results where these are recorded, in the order of the results."""
        before = f"{maker.id}."
        begun = ((self._intents.get(name), result) for name, result in self._results.items() if name.startswith(before))
        return [(intent.call, result) for intent, result in begun if intent]

    def answers(self, call: ToolCall) -> list[str]:
        """What a person has said to the questions of a call, and of those that it made."""
        return [
            answer
            for name, answers in self._answers.items()
            if name == call.id or name.startswith(f"{call.id}.")
            for answer in answers
        ]

    @property
    def broken_off(self) -> list[ToolCall]:
        """Calls that were begun and of whose end nothing is recorded."""
        return [intent.call for name, intent in self._intents.items() if name not in self._results]

    def intent(self, call_id: str) -> CallStarted | None:
        """What is recorded of the start of a call."""
        return self._intents.get(call_id)

    def result(self, call_id: str) -> ToolResult | None:
        """What is recorded of the end of a call; None for one that was broken off."""
        return self._results.get(call_id)

    def _require_no_stray_effects(self) -> None:
        stray = [intent.call for intent in self._intents.values() if not self._is_known(intent.call.id)]
        if stray:
            raise Diverged(
                f"This run cannot go on where it broke off: it made a call of {stray[0].name} that it would not make "
                "now, since AgentX, the model, the tools or the settings are not the same; give the session a new task."
            )

    def _is_known(self, call_id: str) -> bool:
        while call_id not in self._made:
            call_id, found, _ = call_id.rpartition(".")
            if not found:
                return False
        return True


Again: TypeAlias = Callable[[ModelReplied, AsyncGenerator[Delta, None]], Awaitable[None]]
Watch: TypeAlias = Callable[[str, Prompt], None]


class RecordedModel:
    """A Model whose replies are taken from a tape as long as it has them, and are recorded beyond it.

    Args:
        again: given each reply off the tape, and the stream in which the model would say it now.
        watch: given the digest and the prompt of each request; the prompt grows afterwards.
    """

    def __init__(
        self,
        model: Model,
        tape: Tape,
        emit: Callable[[Event], None],
        again: Again | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.name, self.identity = model.name, model.identity
        self.context_tokens, self.dialect, self.chat = model.context_tokens, model.dialect, model.chat
        self.count, self.check = model.count, model.check
        self._model = model
        self._tape = tape
        self._emit = emit
        self._again = again
        self._watch = watch

    async def decode(
        self,
        prompt: Prompt,
        *,
        constraint: Constraint | None = None,
        stop: Sequence[str] = (),
        max_tokens: int = 512,
        sampling: Sampling = GREEDY,
    ) -> AsyncGenerator[Delta, None]:
        asked = [constraint.lark if constraint else "", *stop, str(max_tokens), repr(sampling)]
        request = digest(prompt, asked)
        if self._watch:
            self._watch(request, prompt)
        now = partial(
            self._model.decode, prompt, constraint=constraint, stop=stop, max_tokens=max_tokens, sampling=sampling
        )
        recorded = self._tape.reply(request)
        if isinstance(recorded, ModelReplied):
            if self._again:
                await self._again(recorded, now())
            # A script that is read from its beginning in each process has to come to the same place.
            if pass_over := getattr(self._model, "pass_over", None):
                pass_over()
            yield Delta(recorded.text)
            yield Delta("", recorded.finish, tuple(recorded.fragments), recorded.usage)
            return
        pieces: list[str] = []
        stream = now()
        try:
            async for delta in stream:
                pieces.append(delta.text)
                if delta.finish:
                    text, fragments = "".join(pieces), list(map(_without_secrets, delta.fragments))
                    self._emit(ModelReplied(request, text, delta.finish, fragments, delta.usage))
                yield delta
        finally:
            await stream.aclose()

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        request = digest(prompt, list(continuations))
        if self._watch:
            self._watch(request, prompt)
        recorded = self._tape.reply(request)
        if isinstance(recorded, ModelScored):
            return Scores(recorded.logprobs, recorded.usage)
        scores = await self._model.score(prompt, continuations)
        self._emit(ModelScored(request, scores.logprobs, scores.usage))
        return scores


class Echo:
    """Passes on the events of a run that is played back, but for those that its record holds already."""

    def __init__(self, emit: Callable[[Event], None], events: Iterable[Event], tape: Tape) -> None:
        self._emit = emit
        self._tape = tape
        # A doubt that is raised once more is new: a person has to hear of it.
        kept = (event for event in events if not isinstance(event, DoubtRaised | DoubtSettled))
        self._held = Counter(map(event_key, kept))

    def __call__(self, event: Event) -> None:
        # A reply off the tape comes in one piece, whatever the pieces were.
        if isinstance(event, TextDelta | CallProgress) and not self._tape.live:
            return
        key = event_key(event)
        if self._held[key]:
            self._held[key] -= 1
        else:
            self._emit(event)


def digest(prompt: Prompt, asked: Iterable[str]) -> str:
    """What tells a request to the model from others: its texts, as the journal would keep them."""
    whole = hashlib.blake2b(digest_size=16)
    for fragment in prompt:
        whole.update(_digest_of_text(fragment.text, fragment.markup))
    for text in asked:
        whole.update(_digest_of_text(text, markup=True))
    return whole.hexdigest()


def _without_secrets(fragment: Fragment) -> Fragment:
    """The journal redacts texts; the tokens of one must not tell what it held."""
    return fragment if redact(fragment.text) == fragment.text else replace(fragment, tokens=None)


@lru_cache(maxsize=2048)
def _digest_of_text(text: str, markup: bool) -> bytes:
    data = redact(text).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=16, salt=b"markup" if markup else b"").digest()


def event_key(event: Event) -> str:
    """What two events have in common that are the same."""
    return json.dumps(to_json(event), default=repr, sort_keys=True)
