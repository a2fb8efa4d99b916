"""Folds events into a view. Pure: a reloaded session gives the view that was seen live, however its text was cut."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce as fold_left
from typing import Any

from agentx import events as ev
from agentx.messages import ResultStatus, ToolResult, Usage
from agentx_tui.rope import Rope
from agentx_tui.view import (
    MAX_LIVE_LINES,
    MAX_PACE,
    Added,
    Answer,
    Card,
    CardStatus,
    Item,
    Note,
    Phase,
    Thought,
    Turn,
    View,
    Writing,
)

_ENDS: dict[ResultStatus, CardStatus] = {
    "ok": "success",
    "error": "error",
    "denied": "rejected",
    "refused": "rejected",
    "timeout": "timed-out",
    "cancelled": "cancelled",
}
_STREAMED: dict[str, tuple[type[Thought] | type[Writing] | type[Answer], Phase]] = {
    "thought": (Thought, "thinking"),
    "call": (Writing, "calling"),
    "answer": (Answer, "answering"),
}

BROKEN_OFF = ev.RunFinished("interrupted", None, "The run broke off.", 0, Usage())
"""The end of a run whose process was killed: nobody has written one."""


def fold(events: Iterable[ev.Event], view: View | None = None) -> View:
    """The view after all these events."""
    return fold_left(reduce, events, view or View())


def reduce(view: View, event: ev.Event) -> View:
    """The view after one more event."""
    if isinstance(event, ev.RunStarted):
        if view.turn is not None and not view.turn.over:
            view = _run_finished(view, view.turn, BROKEN_OFF)
        return replace(
            view,
            session_id=event.session_id,
            model=event.model,
            workspace=event.workspace,
            past=view.turns,
            turn=Turn(event.task),
            phase="loading",
        )
    if isinstance(event, ev.ModelLoaded):
        size: Any = event.build.get("context_tokens")
        known = size if isinstance(size, int) else view.context_tokens
        return replace(view, model=event.name, context_tokens=known, phase="reading" if view.busy else "idle")
    if isinstance(event, ev.RunResumed):
        turn = view.turn or Turn(event.task)
        return replace(
            view, session_id=event.session_id, turn=replace(turn, status="running", error=None), phase="loading"
        )
    if view.turn is None or view.turn.over:
        return view
    step = _STEPS.get(type(event))
    return step(view, view.turn, event) if step else view


def _step_started(view: View, turn: Turn, event: ev.StepStarted) -> View:
    items = turn.items
    # What a step before this one has said by way of an answer was not its last word.
    if items and isinstance(items[-1], Answer | Note):
        items = tuple(_as_draft(item) for item in items)
    return replace(view, turn=replace(turn, step=event.number, items=_without_writing(items)), phase="reading")


def _delta(view: View, turn: Turn, event: ev.TextDelta) -> View:
    if not event.text or event.channel not in _STREAMED:
        return view
    kind, phase = _STREAMED[event.channel]
    items, last = turn.items, turn.items[-1] if turn.items else None
    if isinstance(last, kind) and not _is_closed(last):
        grown = replace(last, text=last.text + event.text)
        return replace(view, turn=replace(turn, items=(*items[:-1], grown)), phase=phase)
    return replace(view, turn=replace(turn, items=(*items, kind(Rope() + event.text))), phase=phase)


def _thought(view: View, turn: Turn, event: ev.Thought) -> View:
    """The whole thought; it takes the place of what was streamed of it."""
    items = list(turn.items)
    whole = Thought(Rope() + event.text, closed=True)
    for at in range(len(items) - 1, -1, -1):
        item = items[at]
        if isinstance(item, Thought) and not item.closed:
            items[at] = whole
            return _with(view, turn, tuple(items))
        if not isinstance(item, Writing | Answer) or (isinstance(item, Answer) and item.state != "streaming"):
            break
    # A thought stands before the call or the answer that was streamed meanwhile.
    place = len(items) - 1 if items and _is_open_text(items[-1]) else len(items)
    items.insert(place, whole)
    return _with(view, turn, tuple(items))


def _call_decoded(view: View, turn: Turn, event: ev.CallDecoded) -> View:
    return _with(view, turn, (*_without_writing(turn.items), Card(event.call)), "tool")


def _approval_asked(view: View, turn: Turn, event: ev.ApprovalAsked) -> View:
    return _card(view, turn, event.call.id, lambda card: replace(card, status="approval", reason=event.reason))


def _approval_given(view: View, turn: Turn, event: ev.ApprovalGiven) -> View:
    def decided(card: Card) -> Card:
        call = card.call if event.arguments is None else replace(card.call, arguments=event.arguments)
        edited = card.edited or call.arguments != card.call.arguments
        return replace(card, call=call, edited=edited, status="pending", reason=event.reason)

    return _card(view, turn, event.call_id, decided)


def _question_asked(view: View, turn: Turn, event: ev.QuestionAsked) -> View:
    return _card(view, turn, event.call_id, lambda card: replace(card, status="question", question=event.question))


def _question_answered(view: View, turn: Turn, event: ev.QuestionAnswered) -> View:
    return _card(view, turn, event.call_id, lambda card: replace(card, status="running"))


def _call_started(view: View, turn: Turn, event: ev.CallStarted) -> View:
    return _card(view, turn, event.call.id, lambda card: replace(card, call=event.call, status="running"))


def _call_progress(view: View, turn: Turn, event: ev.CallProgress) -> View:
    def grown(card: Card) -> Card:
        return replace(card, live=(*card.live, *event.text.split("\n"))[-MAX_LIVE_LINES:])

    return _card(view, turn, event.call_id, grown)


def _call_finished(view: View, turn: Turn, event: ev.CallFinished) -> View:
    result = event.result
    return _card(
        view, turn, result.call_id, lambda card: replace(card, status=_ENDS.get(result.status, "error"), result=result)
    )


def _steered(view: View, turn: Turn, event: ev.Steered) -> View:
    return replace(view, turn=replace(turn, steering=(*turn.steering, event.text)))


def _steering_shown(view: View, turn: Turn, event: ev.SteeringShown) -> View:
    turn = replace(turn, steering=turn.steering[len(event.texts) :])
    return _with(view, turn, (*turn.items, *map(Added, event.texts)))


def _steering_unheard(view: View, turn: Turn, event: ev.SteeringUnheard) -> View:
    return replace(view, turn=replace(turn, steering=turn.steering[len(event.texts) :]))


def _notice(view: View, turn: Turn, event: ev.Notice) -> View:
    return _with(view, turn, (*_without_writing(turn.items), Note(event.text)))


def _guarded(view: View, turn: Turn, event: ev.Guarded) -> View:
    sentence = event.sentence
    return _with(view, turn, (*turn.items, Note(f"{sentence[0].upper()}{sentence[1:]}.")))


def _context_folded(view: View, turn: Turn, event: ev.ContextFolded) -> View:
    told = f"The conversation was folded from {event.before_tokens:,} to {event.after_tokens:,} tokens of the context."
    return replace(_with(view, turn, (*turn.items, Note(told))), used_tokens=event.after_tokens)


def _criticised(view: View, turn: Turn, event: ev.Criticised) -> View:
    told = f"The draft goes against “{event.principle}”: {event.critique}"
    return _with(view, turn, (*turn.items, Note(told, "critique")))


def _step_finished(view: View, turn: Turn, event: ev.StepFinished) -> View:
    return replace(view, turn=replace(turn, usage=turn.usage + event.usage), step_usage=event.usage)


def _model_replied(view: View, turn: Turn, event: ev.ModelReplied) -> View:
    usage = event.usage
    pace = view.pace
    if usage.output_tokens and usage.decode_s > 0:
        pace = (*pace, usage.output_tokens / usage.decode_s)[-MAX_PACE:]
    return replace(view, used_tokens=usage.prompt_tokens + usage.reused_tokens + usage.output_tokens, pace=pace)


def _answered(view: View, turn: Turn, event: ev.Answered) -> View:
    last = turn.items[-1] if turn.items else None
    final = Answer(Rope() + event.text, "final", tuple(event.citations), tuple(event.unverified))
    if isinstance(last, Answer) and last.state == "streaming":
        if str(last.text).strip() == event.text.strip():
            final = replace(final, text=last.text)
        return _with(view, turn, (*turn.items[:-1], final), "answering")
    return _with(view, turn, (*_without_writing(turn.items), final), "answering")


def _run_finished(view: View, turn: Turn, event: ev.RunFinished) -> View:
    items = tuple(_ended(item) for item in _without_writing(turn.items))
    output = event.output if isinstance(event.output, str) else ""
    if event.status == "ok" and output and not any(isinstance(item, Answer) for item in items):
        items = (*items, Answer(Rope() + output, "final"))
    usage = turn.usage if turn.step and not event.steps else event.usage
    return replace(
        view, turn=replace(turn, items=items, status=event.status, error=event.error, usage=usage), phase="idle"
    )


_STEPS: dict[type[Any], Callable[[View, Turn, Any], View]] = {
    ev.StepStarted: _step_started,
    ev.TextDelta: _delta,
    ev.Thought: _thought,
    ev.CallDecoded: _call_decoded,
    ev.ApprovalAsked: _approval_asked,
    ev.ApprovalGiven: _approval_given,
    ev.QuestionAsked: _question_asked,
    ev.QuestionAnswered: _question_answered,
    ev.CallStarted: _call_started,
    ev.CallProgress: _call_progress,
    ev.CallFinished: _call_finished,
    ev.Notice: _notice,
    ev.Guarded: _guarded,
    ev.Steered: _steered,
    ev.SteeringShown: _steering_shown,
    ev.SteeringUnheard: _steering_unheard,
    ev.ContextFolded: _context_folded,
    ev.Criticised: _criticised,
    ev.StepFinished: _step_finished,
    ev.ModelReplied: _model_replied,
    ev.Answered: _answered,
    ev.RunFinished: _run_finished,
}


def _with(view: View, turn: Turn, items: tuple[Item, ...], phase: Phase | None = None) -> View:
    return replace(view, turn=replace(turn, items=items), phase=phase or view.phase)


def _card(view: View, turn: Turn, call_id: str, change: Callable[[Card], Card]) -> View:
    """The view with one card changed; the phase is that of the cards which have not come to an end."""
    at = next((at for at, item in enumerate(turn.items) if isinstance(item, Card) and item.call.id == call_id), None)
    if at is None:
        return view
    card: Any = turn.items[at]
    items = (*turn.items[:at], change(card), *turn.items[at + 1 :])
    statuses = {item.status for item in items if isinstance(item, Card) and item.waits}
    phase: Phase = "approval" if "approval" in statuses else "asking" if "question" in statuses else "tool"
    return _with(view, turn, items, phase if statuses else "reading")


def _as_draft(item: Item) -> Item:
    return replace(item, state="draft") if isinstance(item, Answer) and item.state == "streaming" else item


def _is_closed(item: Item) -> bool:
    return (isinstance(item, Thought) and item.closed) or (isinstance(item, Answer) and item.state != "streaming")


def _is_open_text(item: Item) -> bool:
    return isinstance(item, Writing) or (isinstance(item, Answer) and item.state == "streaming")


def _without_writing(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(item for item in items if not isinstance(item, Writing))


def _ended(item: Item) -> Item:
    """An item of a run that is over; what was under way was cancelled, and what was said so far stays."""
    match item:
        case Card() if item.waits:
            result = item.result or ToolResult(item.call.id, "cancelled", "")
            return replace(item, status="cancelled", result=result)
        case Answer(state="streaming"):
            return replace(item, state="final")
        case Thought(closed=False):
            return replace(item, closed=True)
        case _:
            return item
