import asyncio
import io
import json
from typing import Any

from agentx.cli.approve import SHOWN_CHARACTERS, Asker, suggestion
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest, Decision, Pattern
from agentx.tool import Tool

SEND = Tool.from_schema("send", "", {}, lambda: None)


def answered(*lines: str, alone: bool = False, text: str = "eve") -> tuple[Decision, str]:
    typed = iter(lines)

    async def read_line() -> str:
        return next(typed)

    stream = io.StringIO()
    request = ApprovalRequest(ToolCall("1", "send", {"to": text}), SEND, "send sends data out", alone)
    return asyncio.run(Asker(read_line, stream)(request)), stream.getvalue()


def test_a_call_that_can_only_be_approved_by_itself_offers_no_more() -> None:
    decision, shown = answered("a\n", "p\n", "y\n", alone=True)
    assert decision == Decision(True, "allowed")
    assert "[y/N/e/?]" in shown and shown.count("Only this very call can be allowed.") == 2


def test_another_call_can_be_approved_with_those_like_it() -> None:
    decision, shown = answered("a\n")
    assert decision.grant == "send" and "[y/N/a/p/e/?]" in shown


def test_a_question_of_a_tool_is_answered_in_words() -> None:
    def said(line: str) -> Any:
        async def read_line() -> str:
            return line

        stream = io.StringIO()
        return asyncio.run(Asker(read_line, stream).answer("Which\x1b one?")), stream.getvalue()

    answer, shown = said("the red one\n")
    assert answer == "the red one" and "\x1b" not in shown
    assert said("\n")[0] is None


def test_arguments_to_change_are_shown_as_json_that_means_the_same() -> None:
    typed = iter(["e\n", "\n", "n\n"])
    arguments = {"to": "eve\u202e\x1b\x7f\u2028"}

    async def read_line() -> str:
        return next(typed)

    stream = io.StringIO()
    request = ApprovalRequest(ToolCall("1", "send", arguments), SEND, "send sends data out")
    asyncio.run(Asker(read_line, stream)(request))
    shown = next(line for line in stream.getvalue().splitlines() if line.startswith("{") or " {" in line)
    text = shown[shown.index("{") :]
    assert text.isprintable() and json.loads(text) == arguments


def test_a_pattern_of_a_name_that_cannot_be_seen_means_that_call() -> None:
    call = ToolCall("1", "se\u202end it(now)", {})
    assert suggestion(call) == "se?nd?it?now?" and Pattern.parse(suggestion(call)).matches(call)


def test_what_came_too_early_is_told_of_and_the_question_put_again() -> None:
    typed = iter([None, "y\n"])

    async def read_line() -> str | None:
        return next(typed)

    stream = io.StringIO()
    request = ApprovalRequest(ToolCall("1", "send", {}), SEND, "send sends data out")
    assert asyncio.run(Asker(read_line, stream)(request)).allowed
    assert stream.getvalue().count("Allow it?") == 2 and "too early" in stream.getvalue()


def test_what_was_cut_is_shown_to_its_end_before_it_is_allowed() -> None:
    text = "#" * SHOWN_CHARACTERS + "the deed\x1b"
    decision, shown = answered("v\n", "n\n", text=text)
    question, _, rest = shown.partition("Allow it?")
    assert not decision.allowed
    assert "(9 more characters; v shows them)" in question and "the deed" not in question
    assert rest.startswith(" [y/N/a/p/e/v/?]") and "the deed␛\n Allow it?" in rest


def test_the_help_names_the_choices_that_there_are() -> None:
    _, shown = answered("?\n", "y\n")
    assert "v  show the arguments to their end" in shown and "a  and each" in shown and "p  and calls" in shown
    _, shown = answered("?\n", "y\n", alone=True)
    assert "v  show the arguments to their end" in shown and "a  and each" not in shown and "p  and calls" not in shown


def test_a_call_in_doubt_is_shown_to_its_end_too() -> None:
    typed = iter(["v\n", "s\n"])

    async def read_line() -> str:
        return next(typed)

    stream = io.StringIO()
    call = ToolCall("1", "send", {"text": "#" * SHOWN_CHARACTERS + "the deed"})
    assert asyncio.run(Asker(read_line, stream).settle(call)) == "stop"
    assert stream.getvalue().count("the deed") == 1 and "/v/s = stop here]" in stream.getvalue()
