"""Makes the spans of one session out of its events and their times; see `agentx.trace`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agentx import events as ev
from agentx.guarded import PASS_ON
from agentx.messages import ToolCall, Usage
from agentx.trace import Kind, Part, PartKind, Span, as_text, call_id, total

SHORT_LOAD_S = 0.05
"""A model that was loaded before is there at once, which is no span."""
MAX_NESTED = 100
"""Calls within calls; what is deeper is shown beside them, since no program calls so, and a forged session may."""
SHORT_CHARACTERS = 200
"""Of an argument or a reply, in what is told of it on a line."""


def spans(session_id: str, events: Iterable[tuple[float, ev.Event]]) -> list[Span]:
    """A span for each task, at the times that the events have (seconds)."""
    building = _Building(session_id)
    for at, event in events:
        building.take(at, event)
    building.close(building.now, "open")
    return building.tasks


@dataclass(slots=True)
class _Call:
    """A call that has not ended; `waits` are the stretches in which a person was waited for."""

    span: Span
    waits: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    asked_at: float | None = None


class _Building:
    """Takes events in order; `now` is the time of the last."""

    def __init__(self, session_id: str) -> None:
        self.tasks: list[Span] = []
        self.now = 0.0
        self._session_id = session_id
        self._made = 0
        self._step: Span | None = None
        self._open: dict[str, _Call] = {}
        self._calls: dict[str, ToolCall] = {}

    def take(self, at: float, event: ev.Event) -> None:
        before, self.now = self.now, max(at, self.now)
        if isinstance(event, ev.RunStarted | ev.RunResumed):
            self.close(before, "broke off")
            self._begin(event)
        elif self.tasks and (self.tasks[-1].status == "open" or isinstance(event, ev.Rewound)):
            handle: Any = _HANDLERS.get(type(event))
            if handle:
                handle(self, event, max(before, self.tasks[-1].start))

    def _begin(self, event: ev.RunStarted | ev.RunResumed) -> None:
        texts = [("Task", event.task)]
        if isinstance(event, ev.RunStarted) and event.settings:
            texts.append(("Settings", as_text(event.settings)))
        name = "task" if isinstance(event, ev.RunStarted) else "task, resumed"
        self.tasks.append(self._span("task", name, self.now, self.now, event.task, "open", texts=texts))

    def close(self, at: float, status: str) -> None:
        """Ends what is under way."""
        self._end_step(at, status)
        if self.tasks and self.tasks[-1].status == "open":
            task = self.tasks[-1]
            task.status, task.end = status, at
            task.children.sort(key=_start)
            task.parts = [Part("whole", task.start, task.end)]
            task.usage = task.usage or total(span.usage for span in task.walk() if span.request and span.usage)

    def _end_step(self, at: float, status: str = "open") -> None:
        self._end_calls(list(self._open.values()), at, status)
        if (step := self._step) is not None:
            step.end = max([at, *(span.end for span in step.children)])
            # A call is there before the model is asked about it, and begins after that.
            step.children.sort(key=_start)
            step.parts = [Part("whole", step.start, step.end)]
            step.usage = total(span.usage for span in step.walk() if span.request and span.usage)
            self._step = None

    def step_started(self, event: ev.StepStarted, before: float) -> None:
        self._end_step(before)
        self._step = self._add(self._span("step", f"step {event.number}", self.now, self.now))

    def step_finished(self, event: ev.StepFinished, before: float) -> None:
        self._end_step(self.now)

    def model_loaded(self, event: ev.ModelLoaded, before: float) -> None:
        if event.elapsed_s >= SHORT_LOAD_S:
            start = max(before, self.now - event.elapsed_s)
            texts = [("Model", event.name), ("Build", as_text(event.build))]
            span = self._span("load", "load the model", start, self.now, event.name, texts=texts)
            span.parts = [Part("tool", span.start, span.end)]
            self._add(span)

    def thought(self, event: ev.Thought, before: float) -> None:
        if self._step is not None:
            self._step.about = self._step.about or event.text
            self._step.texts.append(("Thought", event.text))

    def replied(self, event: ev.ModelReplied, before: float) -> None:
        texts = [("Reply", event.text), ("Ended by", event.finish)]
        thought, _, rest = event.text.partition("\n")
        # The thought stands beside the step already.
        about = rest if thought.startswith("#") else event.text
        self._request("reply", "reply", about[:SHORT_CHARACTERS], event.request, event.usage, before, texts)

    def scored(self, event: ev.ModelScored, before: float) -> None:
        rows = [f"{at}: {value:.4f} nats, {_probability(value):.4f}" for at, value in enumerate(event.logprobs, 1)]
        about = f"{len(rows)} continuations"
        texts = [("Log-probabilities of the continuations", "\n".join(rows))]
        self._request("probe", "probe", about, event.request, event.usage, before, texts)

    def _request(
        self, kind: Kind, name: str, about: str, request: str, usage: Usage, before: float, texts: list[tuple[str, str]]
    ) -> None:
        """What was measured says when it began; where nothing was, it began when what was before it had ended."""
        measured = usage.prompt_s + usage.decode_s
        if not 0 < measured < math.inf:  # a session of somebody else may hold any number
            measured = 0.0
        start = max(before, self.now - measured) if measured else before
        span = self._span(kind, name, start, self.now, about, usage=usage, texts=texts, request=request)
        share = min(max(usage.prompt_s / measured, 0.0), 1.0) if measured else 0.0
        middle = start + share * span.elapsed_s
        span.parts = [Part("read", start, middle)] if middle > start else []
        if middle < span.end or not span.parts:
            span.parts.append(Part("read" if kind == "probe" else "write", middle, span.end))
        self._add(span)

    def folded(self, event: ev.ContextFolded, before: float) -> None:
        told = f"{event.before_tokens:,} to {event.after_tokens:,} tokens"
        texts = [("Summary", as_text(event.summary)), ("Events that left", as_text(event.left))]
        owner = self._owner()
        # Its summary is the reply before it, if the model gave one.
        own = [owner.children.pop()] if owner.children and owner.children[-1].kind == "reply" else []
        start = own[0].start if own else before
        span = self._span("fold", "fold", start, self.now, told, texts=texts)
        span.parts, span.children = [Part("whole", start, self.now)], own
        self._add(span)

    def decoded(self, event: ev.CallDecoded, before: float) -> None:
        self._open_call(event.call)

    def _open_call(self, call: ToolCall) -> _Call:
        if before := self._open.get(call.id):
            self._end_call(before, self.now, "open")
        self._calls[call.id] = call
        about = "  ".join(_short(value) for value in call.arguments.values())
        span = self._span("call", call.name, self.now, self.now, about, "open")
        span.key = f"{span.key}#{call.id}"
        maker = self._open.get(call.id.rpartition(".")[0]) if call.id.count(".") <= MAX_NESTED else None
        (maker.span if maker else self._owner()).children.append(span)
        found = self._open[call.id] = _Call(span)
        return found

    def approval_asked(self, event: ev.ApprovalAsked, before: float) -> None:
        call = self._open.get(event.call.id) or self._open_call(event.call)
        call.asked_at = self.now
        self._begin_at(call, self.now)
        call.span.texts.append(("Asked because", event.reason))

    def approval_given(self, event: ev.ApprovalGiven, before: float) -> None:
        if call := self._open.get(event.call_id):
            self._waited(call)
            call.span.texts.append(("Allowed" if event.allowed else "Denied", event.reason))
            if call.span.name == PASS_ON:
                self._end_call(call, self.now, "" if event.allowed else "denied")

    def question_asked(self, event: ev.QuestionAsked, before: float) -> None:
        if call := self._open.get(event.call_id):
            call.asked_at = self.now
            call.span.texts.append(("Question", event.question))

    def question_answered(self, event: ev.QuestionAnswered, before: float) -> None:
        if call := self._open.get(event.call_id):
            self._waited(call)
            call.span.texts.append(("Answer of the person", event.answer or "(none)"))

    def _waited(self, call: _Call) -> None:
        if call.asked_at is not None:
            call.waits.append((call.asked_at, self.now))
            call.asked_at = None

    def started(self, event: ev.CallStarted, before: float) -> None:
        call = self._open.get(event.call.id) or self._open_call(event.call)
        self._calls[event.call.id] = event.call  # a person may have changed its arguments
        self._waited(call)
        self._begin_at(call, self.now)

    def _begin_at(self, call: _Call, at: float) -> None:
        """A call that has waited for its turn begins only now, unless something happened in it before."""
        if not call.waits and not call.span.children:
            call.span.start = at

    def finished(self, event: ev.CallFinished, before: float) -> None:
        result = event.result
        call = self._open.get(result.call_id)
        if call is None:
            # One that was begun before the run broke off.
            known = self._calls.get(result.call_id, ToolCall(result.call_id, result.call_id, {}))
            call = self._open_call(known)
            call.span.start = max(before, self.now - result.elapsed_s)
        self._end_call(call, self.now, "" if result.ok else result.status)
        texts = call.span.texts
        texts.append(("Result", result.full_text if result.full_text is not None else result.text))
        if result.full_text is not None:
            texts.append(("Of that, what the model was shown", result.text))
        if result.changed:
            texts.append(("Changed files", "\n".join(result.changed)))
        if result.traceback:
            texts.append(("Traceback", result.traceback))

    def _end_calls(self, calls: list[_Call], at: float, status: str) -> None:
        for call in calls:
            if self._open.get(call_id(call.span)) is call:
                self._end_call(call, at, status)

    def _end_call(self, call: _Call, at: float, status: str) -> None:
        span = call.span
        id = call_id(span)
        # What it has called does not outlive it; the innermost first.
        called = [made for name, made in self._open.items() if name.startswith(f"{id}.")]
        self._end_calls(called[::-1], at, "open")
        if call.asked_at is not None:
            call.waits.append((call.asked_at, at))
        span.end, span.status = max([at, *(child.end for child in span.children)]), status
        place = span.start
        for begin, end in call.waits:
            span.parts += _part("tool", place, begin) + _part("wait", begin, end)
            place = end
        span.parts += _part("tool", place, span.end) or ([] if span.parts else [Part("tool", place, place)])
        span.texts.insert(0, ("Arguments", as_text(self._calls[id].arguments)))
        del self._open[id]

    def marked(self, event: Any, before: float) -> None:
        name, text = _mark(event)
        # A task that has ended is not made longer by what a person did afterwards.
        at = self.now if self.tasks[-1].status == "open" else self.tasks[-1].end
        span = self._span("mark", name, at, at, text, texts=[("Text", text)])
        span.parts = [Part("whole", at, at)]
        self._add(span)

    def answered(self, event: ev.Answered, before: float) -> None:
        self.tasks[-1].texts.append(("Answer", event.text))

    def run_finished(self, event: ev.RunFinished, before: float) -> None:
        task = self.tasks[-1]
        if event.error:
            task.texts.append(("Ended with", event.error))
        self.close(self.now, "" if event.status == "ok" else event.status.replace("_", " "))

    def _owner(self) -> Span:
        return self._step or self.tasks[-1]

    def _add(self, span: Span) -> Span:
        owner = self.tasks[-1] if span.kind == "step" else self._owner()
        owner.children.append(span)
        return span

    def _span(
        self, kind: Kind, name: str, start: float, end: float, about: str = "", status: str = "", **more: Any
    ) -> Span:
        self._made += 1
        return Span(f"{self._session_id}/{self._made}", kind, name, start, end, about, self._session_id, status, **more)


_HANDLERS: dict[type[Any], Any] = {
    ev.StepStarted: _Building.step_started,
    ev.StepFinished: _Building.step_finished,
    ev.ModelLoaded: _Building.model_loaded,
    ev.Thought: _Building.thought,
    ev.ModelReplied: _Building.replied,
    ev.ModelScored: _Building.scored,
    ev.ContextFolded: _Building.folded,
    ev.CallDecoded: _Building.decoded,
    ev.ApprovalAsked: _Building.approval_asked,
    ev.ApprovalGiven: _Building.approval_given,
    ev.QuestionAsked: _Building.question_asked,
    ev.QuestionAnswered: _Building.question_answered,
    ev.CallStarted: _Building.started,
    ev.CallFinished: _Building.finished,
    ev.ExamplesShown: _Building.marked,
    ev.Notice: _Building.marked,
    ev.Guarded: _Building.marked,
    ev.Criticised: _Building.marked,
    ev.Revised: _Building.marked,
    ev.DoubtSettled: _Building.marked,
    ev.SteeringShown: _Building.marked,
    ev.SteeringUnheard: _Building.marked,
    ev.Rewound: _Building.marked,
    ev.Answered: _Building.answered,
    ev.RunFinished: _Building.run_finished,
}


def _mark(event: Any) -> tuple[str, str]:
    """The name and the text of what takes no time."""
    match event:
        case ev.Notice():
            return "notice", event.text
        case ev.Guarded():
            return "guard", event.sentence
        case ev.ExamplesShown():
            return "examples", event.text
        case ev.Criticised():
            return "critique", f"{event.principle}\n{event.critique}"
        case ev.Revised():
            return "revision", event.text
        case ev.SteeringShown():
            return "the user adds", "\n\n".join(event.texts)
        case ev.SteeringUnheard():
            return "not heard before the end", "\n\n".join(event.texts)
        case ev.DoubtSettled():
            return "doubt settled", f"{'It happened' if event.happened else 'It did not happen'}: {event.reason}"
        case _:
            return "rewound", f"The session went back to its event {event.to}; what is above counts no longer."


def _start(span: Span) -> float:
    return span.start


def _part(kind: PartKind, start: float, end: float) -> list[Part]:
    return [Part(kind, start, end)] if end > start else []


def _probability(logprob: float) -> float:
    return math.exp(min(logprob, 0.0))


def _short(value: object) -> str:
    return (value if isinstance(value, str) else as_text(value))[:SHORT_CHARACTERS]
