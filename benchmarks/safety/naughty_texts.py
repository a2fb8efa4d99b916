"""What reads and what shows a text in AgentX, each as a check of one text: it raises where a text is not borne."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agentx import provenance, sinks, wording
from agentx.cli import tables, text
from agentx.cli.approve import Asker, suggestion
from agentx.cli.narrate import Narrator
from agentx.dialects.base import DialectError
from agentx.dialects.hermes import HermesJson
from agentx.dialects.python_calls import PythonCalls
from agentx.dispatch import as_text, cut
from agentx.errors import AgentXError
from agentx.events import (
    Answered,
    ApprovalAsked,
    CallDecoded,
    CallFinished,
    CallProgress,
    CallStarted,
    Event,
    Notice,
    RunFinished,
    RunStarted,
    Thought,
    from_json,
    to_json,
)  # fmt: skip
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.nearest import advice
from agentx.planner import lexical, spotlight
from agentx.planner.claims.reader import claims_of
from agentx.planner.claims.source import Source
from agentx.planner.evidence import changes_files
from agentx.policy import Pattern, Policy
from agentx.privacy import addresses
from agentx.tool import Tool

KEEP = Tool.from_schema(
    "keep",
    "Keeps.",
    {"properties": {"text": {"type": "string"}}},
    lambda text: text,
    capabilities=frozenset({"writes"}),
)


def dialects(given: str) -> None:
    """A call comes back as it was written, and no reply breaks what reads it."""
    # Half of a surrogate pair is no text; JSON can write it all the same.
    for dialect in (PythonCalls(), HermesJson()):
        shown = dialect.show_call("keep", {"text": given})
        assert dialect.parse(shown, [KEEP]) == [("keep", {"text": given})], shown
        dialect.show_result(given)
        for reply in (
            given,
            f"keep(text={given})",
            f'<tool_call>\n{{"name": "keep", "arguments": {given}}}\n</tool_call>',
        ):
            with suppress(DialectError):
                dialect.parse(reply, [KEEP])


def patterns(given: str) -> None:
    call = ToolCall("1", "keep", {"text": given, given: [given]})
    assert Pattern.parse(suggestion(call)).matches(call) or len(given) > 80 or not given.isprintable()
    with suppress(AgentXError):
        Policy([given]).judge(KEEP, call, Path.cwd())
    for glob in ("*", "a*"):
        Policy(deny=[f'keep(text="{glob}")']).judge(KEEP, call, Path.cwd())


def provenances(given: str) -> None:
    seen = provenance.Provenance()
    seen.said(given)
    call = ToolCall("1", "keep", {"text": given})
    assert seen.foreign(KEEP, call.arguments) == [], "the user's own words"
    seen.take(KEEP, call, ToolResult("1", "ok", given, untrusted=True, addresses=[given]))
    seen.foreign(KEEP, {"text": f"x{given}", "more": [given, {given: 1}]})
    seen.privacy.add_private(given[::2])
    for program in (None, given):
        seen.privacy.in_query(given, program)
        seen.privacy.in_address(given, program)
    list(addresses(given))
    sinks.reason(KEEP, call.arguments, Path.cwd())
    sinks.runs_later(Path.cwd(), given)
    wording.readings(given[:2_000])


def readers(given: str) -> None:
    """What holds answers against results and ranks tools."""
    source = Source(given)
    _ = source.figures, source.days, source.weekdays, source.clocks, source.sizes, source.words
    source.find(given[:500])
    source.find_word(given)
    claims_of(given)
    lexical.words(given)
    changes_files(given)
    advice(given, [given, "x"])


def prompts(given: str) -> None:
    shown = spotlight.shown(ToolResult("1", "ok", given, untrusted=True))
    assert all(line.startswith(("(", "> ")) for line in shown.splitlines())
    cut(given, 10)
    as_text([given, {given: given}]).encode()


def terminals(given: str) -> None:
    """What stands on a terminal holds no control character but its own."""
    stream = io.StringIO()
    narrator = Narrator(stream)
    for event in events(given):
        narrator.take(event)
    narrator.error(given)
    tables.table([("a", "b"), (given, given)])
    for line in stream.getvalue().split("\n"):
        assert text.visible(line) == line, line
    assert "\n" not in text.one_line(given)
    Asker(_nobody, io.StringIO())


async def _nobody() -> str:
    return ""


def events(given: str) -> list[Event]:
    call = ToolCall("call-1", "keep", {"text": given})
    return [
        RunStarted("s", given, given, given, [given], given), Thought(given), CallDecoded(call),
        ApprovalAsked(call, given), CallStarted(call), CallProgress("call-1", given),
        CallFinished(ToolResult("call-1", "error", given, traceback=given)), Notice(given),
        Answered(given, [], [given]), RunFinished("ok", given, given, 1, Usage()),
    ]  # fmt: skip


def journals(given: str) -> None:
    """Events come back from JSON, and from disk, as they were."""
    with Journal(":memory:") as journal:
        session = journal.create_session(workspace="/", model=given, task=given)
        for event in events(given):
            assert from_json(json.loads(json.dumps(to_json(event)))) == event
            journal.append(session, event)
        journal.finish(session, "ok", given)
        assert len(journal.events(session)) == len(events(given))
        journal.sessions()


CHECKS: tuple[Callable[[str], None], ...] = (
    dialects, patterns, provenances, readers, prompts, terminals, journals,
)  # fmt: skip
