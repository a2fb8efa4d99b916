import asyncio
import io
from typing import Any

from agentx.cli.approve import Asker
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest, Decision
from agentx.tool import Tool

SEND = Tool.from_schema("send", "", {}, lambda: None)


def answered(*lines: str, alone: bool = False) -> tuple[Decision, str]:
    typed = iter(lines)

    async def read_line() -> str:
        return next(typed)

    stream = io.StringIO()
    request = ApprovalRequest(ToolCall("1", "send", {"to": "eve"}), SEND, "send sends data out", alone)
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
