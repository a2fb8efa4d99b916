"""A session to be read by people, as Markdown or HTML; what models and tools say stays text, whatever it looks like."""

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, NamedTuple

from agentx.cli.text import one_line, visible
from agentx.events import (
    Answered,
    ApprovalAsked,
    ApprovalGiven,
    CallDecoded,
    CallFinished,
    CallProgress,
    CallStarted,
    Criticised,
    Event,
    ExamplesShown,
    Guarded,
    Notice,
    QuestionAnswered,
    QuestionAsked,
    Revised,
    RunFinished,
    RunStarted,
    Steered,
    SteeringShown,
    SteeringUnheard,
    StepStarted,
    TextDelta,
    Thought,
)
from agentx.journal import SessionRow
from agentx.models.catalog import named

_SUMMARY_CHARACTERS = 100


class Block(NamedTuple):
    """A heading and what stands under it; `is_aside` is what only some readers look at."""

    head: str
    text: str
    is_aside: bool = False


def blocks(events: Iterable[Event]) -> Iterator[Block]:
    """What a reader should see of the events."""
    names: dict[str, str] = {}
    for event in events:
        match event:
            case RunStarted():
                yield Block("Task", event.task)
            case SteeringShown():
                yield Block("Added to the task", "\n\n".join(event.texts))
            case SteeringUnheard():
                yield Block("Not heard before the run ended", "\n\n".join(event.texts))
            case ExamplesShown():
                yield Block(f"Examples from {', '.join(event.sessions)}", event.text, True)
            case Thought():
                yield Block("Thought", event.text, True)
            case CallDecoded():
                names[event.call.id] = event.call.name
            case ApprovalGiven() if not event.allowed:
                yield Block(f"Denied: {names.get(event.call_id, '')}", event.reason)
            case QuestionAsked():
                yield Block("Question", event.question)
            case QuestionAnswered():
                yield Block("Reply", event.answer or "(none)")
            case CallStarted():
                yield Block(
                    f"Call of {event.call.name}", json.dumps(event.call.arguments, indent=2, ensure_ascii=False)
                )
            case CallFinished(result):
                head = f"Result of {names.get(result.call_id, '')}: {result.status}, {result.elapsed_s:.1f} s"
                yield Block(head, result.full_text or result.text, True)
            case Notice():
                yield Block("Note", event.text)
            case Guarded():
                yield Block("Guard", event.sentence)
            case Criticised():
                yield Block("Draft goes against a principle", f"{event.principle}\n{event.critique}")
            case Answered():
                yield Block("Answer", event.text)
                if event.unverified:
                    yield Block("Unverified", "\n".join(event.unverified))
            case RunFinished() if event.error:
                yield Block(f"Ended: {event.status}", event.error)
            case _:
                pass


def summary(event: Event) -> str:
    """What an event says, on a line."""
    match event:
        case RunStarted():
            text = event.task
        case CallDecoded() | CallStarted() | ApprovalAsked():
            text = str(event.call)
        case CallFinished(result):
            text = f"{result.status}: {result.text}"
        case TextDelta() | Thought() | CallProgress() | Notice() | Revised() | Answered() | Steered():
            text = event.text
        case SteeringShown() | SteeringUnheard():
            text = " / ".join(event.texts)
        case ExamplesShown():
            text = ", ".join(event.sessions)
        case ApprovalGiven():
            text = event.reason
        case Guarded():
            text = event.sentence
        case StepStarted():
            text = str(event.number)
        case RunFinished():
            text = f"{event.status} {event.error or ''}"
        case _:
            text = ""
    return one_line(text, _SUMMARY_CHARACTERS)


def markdown(row: SessionRow, events: Iterable[Event]) -> Iterator[str]:
    """The lines of a Markdown file."""
    yield f"# {_plain_markdown(row.title or row.task)}\n"
    for name, value in _facts(row):
        yield f"- {name}: {_plain_markdown(value)}"
    for block in blocks(events):
        text = visible(block.text)
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"\n## {_plain_markdown(block.head)}\n\n{fence}text\n{text}\n{fence}"


def html(row: SessionRow, events: Iterable[Event]) -> Iterator[str]:
    """The lines of an HTML page that loads nothing and runs nothing."""
    title = escape(one_line(row.title or row.task))
    yield _PAGE_BEGIN.replace("TITLE", title)
    yield f"<h1>{title}</h1>\n<dl>"
    for name, value in _facts(row):
        yield f"<dt>{escape(name)}</dt><dd>{escape(one_line(value))}</dd>"
    yield "</dl>"
    for block in blocks(events):
        head, text = escape(one_line(block.head)), f"<pre>{escape(visible(block.text))}</pre>"
        if block.is_aside:
            yield f"<details><summary>{head}</summary>{text}</details>"
        else:
            yield f"<section><h2>{head}</h2>{text}</section>"
    yield "</main></body></html>"


def _facts(row: SessionRow) -> list[tuple[str, str]]:
    facts: list[tuple[str, Any]] = [
        ("Session", row.id),
        ("Begun", row.created),
        ("Model", named(row.model)),
        ("Workspace", row.workspace),
        ("Status", row.status),
        ("Steps", row.steps),
        ("Forked from", f"{row.parent} at event {row.parent_event}" if row.parent else None),
    ]
    return [(name, str(value)) for name, value in facts if value is not None]


def _plain_markdown(text: str) -> str:
    """The text on a line, no character of it being markup."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", one_line(text))


_PAGE_BEGIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>TITLE</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem }
main { max-width: 60rem; margin: auto }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem; border: 1px solid #8886; border-radius: .3rem }
dt { float: left; clear: left; width: 8rem; opacity: .7 } dd { margin-left: 8rem }
h2, summary { font-size: 1rem; margin: 1rem 0 .3rem; cursor: default }
</style></head><body><main>"""
