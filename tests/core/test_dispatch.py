import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pydantic
import pytest

from agentx import Agent, Tool, ToolContext, ToolError, tool
from agentx.dispatch import carry_out
from agentx.events import RunFinished
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult
from agentx.models.scripted import ScriptedModel


def carried_out(item: Tool) -> ToolResult:
    call = ToolCall("call-1", item.name, {})
    return asyncio.run(carry_out(item, call, ToolContext(workspace=Path.cwd())))


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no message")


class Odd(pydantic.BaseModel):
    value: float

    @pydantic.field_serializer("value")
    def refuse(self, value: float) -> float:
        raise ValueError("cannot be serialized")


def nested() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (RuntimeError("out of\n  paper"), "RuntimeError: out of paper"),
        (MemoryError(), "MemoryError"),
        (Unreadable(), "Unreadable: its message cannot be read"),
        (TimeoutError("the server sleeps"), "TimeoutError: the server sleeps"),
        (SystemExit(3), "RuntimeError: ended with SystemExit: 3"),
        (SystemExit(), "RuntimeError: ended with SystemExit"),
        (GeneratorExit(), "RuntimeError: ended with GeneratorExit"),
        (asyncio.CancelledError(), "RuntimeError: "),
    ],
)
def test_whatever_a_tool_raises_is_a_line_and_never_ends_the_host(raised: BaseException, text: str) -> None:
    @tool
    def plain() -> str:
        """Raises in a thread."""
        raise raised

    @tool
    async def coroutine() -> str:
        """Raises in the event loop."""
        raise raised

    for item in (plain, coroutine):
        result = carried_out(item)
        assert (result.status, result.value) == ("error", None)
        assert result.text.startswith(text)
        assert "\n" not in result.text
        assert result.traceback is not None


def test_sys_exit_in_a_tool_is_an_error_of_the_tool() -> None:
    @tool
    def leaving() -> str:
        """Leaves."""
        sys.exit("good-bye")

    assert carried_out(leaving).text == "RuntimeError: ended with SystemExit: good-bye"


def test_a_tool_that_cancels_its_own_task_cancels_nothing_else() -> None:
    @tool
    async def hasty() -> str:
        """Cancels the task it runs in."""
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(5)
        return "never"

    assert carried_out(hasty).text == "RuntimeError: cancelled itself"


def test_a_tool_that_will_not_be_cancelled_is_left_behind() -> None:
    @tool(timeout_s=0.1)
    async def stubborn() -> str:
        """Goes on for three seconds, whoever cancels it."""
        end = time.monotonic() + 3
        while (left := end - time.monotonic()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                continue
        return "at last"

    async def main() -> tuple[ToolResult, float]:
        started = time.monotonic()
        result = await carry_out(stubborn, ToolCall("call-1", "stubborn", {}), ToolContext(workspace=Path.cwd()))
        return result, time.monotonic() - started

    result, elapsed_s = asyncio.run(main())
    assert (result.status, result.text) == ("timeout", "stubborn was given up after 0.1 seconds.")
    assert elapsed_s < 2.9


def test_a_tool_may_clean_up_when_its_time_is_up() -> None:
    cleaned: list[str] = []

    @tool(timeout_s=0.1)
    async def tidy() -> str:
        """Cleans up."""
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            cleaned.append("yes")
        return "never"

    assert carried_out(tidy).status == "timeout"
    assert cleaned == ["yes"]


def test_cancelling_a_call_cancels_its_tool_and_is_passed_on() -> None:
    cancelled: list[str] = []

    @tool
    async def waiting() -> str:
        """Waits."""
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("yes")
            raise
        return "never"

    async def main() -> None:
        context = ToolContext(workspace=Path.cwd())
        work = asyncio.ensure_future(carry_out(waiting, ToolCall("call-1", "waiting", {}), context))
        await asyncio.sleep(0.05)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(main())
    assert cancelled == ["yes"]


def test_values_that_cannot_be_json_are_no_failure_of_the_run() -> None:
    @tool
    def deep() -> list:
        """Returns a list in a list in a list …"""
        return nested()

    @tool
    def odd() -> object:
        """Returns what says no."""
        return Odd(value=1.0)

    assert carried_out(deep).status == "error"
    assert carried_out(odd).status == "error"
    assert carried_out(odd).value is None


def test_a_value_that_is_nested_too_deeply_to_be_kept_is_text() -> None:
    def deep() -> list[Any]:
        value: list[Any] = []
        for _ in range(300):
            value = [value]
        return value

    result = carried_out(Tool.from_schema("deep", "", {}, deep))
    assert result.ok and result.value is None and result.text.startswith("[[[")


TOKEN = "ghp_" + "a1B2" * 9


def shown(text: str, most_bytes: int) -> str:
    return carried_out(Tool.from_function(lambda: text, "look", max_output_bytes=most_bytes)).text


@pytest.mark.parametrize("place", [300, 4_900], ids=["behind the head", "before the tail"])
def test_a_result_is_cut_through_no_secret(place: int) -> None:
    for shift in range(-1, len(TOKEN) + 2):
        text = f"{'x' * (place - shift)}={TOKEN}="
        left = shown(text + "y" * (5_000 - len(text)), 400).replace(TOKEN, "")
        assert len(left) < 450
        assert not any(TOKEN[at : at + 4] in left for at in range(len(TOKEN) - 4)), left


def test_a_result_is_cut_between_lines_or_else_words_where_one_ends_near() -> None:
    for text in ("\n".join(f"line_{number}" for number in range(100)), " ".join(f"w{number}" for number in range(400))):
        head, _, rest = shown(text, 200).partition("\n[… ")
        tail = rest.partition(" …]\n")[2]
        whole = text.split()
        assert head.split() == whole[: len(head.split())] and tail.split() == whole[-len(tail.split()) :]


NAME = "a\udcff.txt"
"""A name of a file that is no UTF-8, as Python hands it out."""


@pytest.mark.parametrize("found", [NAME, {"files": [NAME]}, [NAME], [{"name": NAME}]], ids=str)
def test_what_is_no_utf_8_in_a_result_is_replaced(found: Any) -> None:
    result = carried_out(Tool.from_function(lambda: found, "look"))
    assert result.ok and "a?.txt" in result.text


def test_what_is_no_utf_8_in_an_error_is_replaced() -> None:
    def unread() -> str:
        raise ToolError(f"{NAME} cannot be read.")

    def broken() -> str:
        raise OSError(NAME)

    assert carried_out(Tool.from_function(unread)).text == "a?.txt cannot be read."
    assert carried_out(Tool.from_function(broken)).text == "OSError: a?.txt"


def test_a_run_whose_tool_finds_what_is_no_utf_8_comes_to_its_end(tmp_path: Path) -> None:
    def look() -> Any:
        """Looks."""
        return {"files": [NAME]}

    with Journal(str(tmp_path / "journal.db")) as journal:
        model = ScriptedModel(["# I look.\nlook()\n->", "# I know it.\nAnswer: one file"])
        result = Agent(model, [Tool.from_function(look)], strategy="react", journal=journal).run_sync("Look.")
        assert (result.status, result.output) == ("ok", "one file")
        assert isinstance(journal.events(result.session_id)[-1], RunFinished)
