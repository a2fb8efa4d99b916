"""What a program gets of the tools that it calls: what they returned, not what a model is shown of it."""

import asyncio
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, ApprovalRequest, Decision, Tool, ToolContext, ToolError, dispatch
from agentx.events import CallFinished, Event
from agentx.guard import Finding, Place
from agentx.guarding.checking import Guards
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from tests.agent.test_resume import cut

ROWS = "\n".join(f"row {number}" for number in range(2_000))


def says(prompt: str) -> str:
    return "# Done.\nAnswer: Done." if "# I run." in prompt.rpartition("Task: ")[2] else "# I run.\nprogram()\n->"


def program(got: list[Any]) -> Tool:
    """A program that calls the tool `look` and keeps what it gets."""

    async def program(context: ToolContext) -> str:
        """Runs a program."""
        assert context.call_tool is not None
        try:
            got.append(await context.call_tool("look", {}))
        except ToolError as error:
            got.append(error)
        return "It ran."

    return Tool.from_function(program)


def look(returned: Any, **options: Any) -> Tool:
    def look(place: str = "here") -> Any:
        """Looks."""
        return returned

    return Tool.from_function(look, **options)


def made(*tools: Tool, **options: Any) -> Agent:
    options = {"allow": ["all"], "strategy": "react", "journal": MemoryJournal()} | options
    return Agent(ScriptedModel(repeat(says)), tools, **options)


def got_of(returned: Any, **options: Any) -> Any:
    got: list[Any] = []
    assert made(program(got), look(returned, **options)).run_sync("Go.").status == "ok"
    return got[-1]


def test_a_program_gets_all_of_a_text_that_is_cut_for_the_model() -> None:
    assert got_of(ROWS, max_output_bytes=100) == ROWS


@pytest.mark.parametrize("returned", ["done", "", [], 0, False, {"a": [1, None]}, ["x", "y"]])
def test_a_program_gets_what_the_tool_returned(returned: Any) -> None:
    assert got_of(returned) == returned


def test_a_tool_that_returns_nothing_gives_a_program_none() -> None:
    assert got_of(None) is None


def test_more_than_a_program_can_get_is_an_error_in_it_and_no_part_of_the_whole() -> None:
    most = dispatch.MAX_FOR_PROGRAM_BYTES
    assert got_of("é" * (most // 2)) == "é" * (most // 2)
    error = got_of("é" * (most // 2 + 1))
    assert isinstance(error, ToolError)
    assert str(error) == "look gave 8.0 MiB, and a program gets at most 8 MiB of a call; ask for a part."


def test_what_is_too_much_for_a_program_is_looked_through_by_nobody_and_not_kept() -> None:
    seen: list[str] = []

    class Listening:
        name, kinds = "listening", frozenset({"personal"})

        def check(self, text: str, place: Place) -> list[Finding]:
            seen.append(text)
            return []

    journal = MemoryJournal()
    much = "word " * (dispatch.MAX_FOR_PROGRAM_BYTES // 5 + 1)
    got: list[Any] = []
    looking = look(much, capabilities=frozenset({"reads_private"}))
    agent = made(program(got), looking, journal=journal, guard=Guards([Listening()]))
    result = agent.run_sync("Go.")
    told = "look gave 8.0 MiB, and a program gets at most 8 MiB of a call; ask for a part."
    assert str(got[0]) == told and told in seen and much not in seen
    kept = looks(journal.events(result.session_id))[0].result
    assert (kept.status, kept.text, kept.full_text, kept.value) == ("error", told, None, None)


def test_what_a_person_has_changed_is_told_to_the_model_and_stands_in_no_data_of_a_program() -> None:
    async def approve(request: ApprovalRequest) -> Decision:
        return Decision(True, arguments={"place": "there"})

    got: list[Any] = []
    looking = look("a boat", capabilities=frozenset({"writes"}))
    made(program(got), looking, allow=["program"], approve=approve).run_sync("Go.")
    assert got == ["a boat"]


@pytest.mark.parametrize("returned", [ROWS, None])
def test_a_program_that_runs_again_after_a_break_gets_the_same_and_makes_no_call_twice(
    returned: Any, tmp_path: Path
) -> None:
    got: list[Any] = []
    journal = MemoryJournal()
    tools = (program(got), look(returned, max_output_bytes=100))
    result = made(*tools, journal=journal).run_sync("Go.")
    events = journal.events(result.session_id)
    looked = next(place for place, event in enumerate(events) if isinstance(event, CallFinished)) + 1
    short = cut(journal, result.session_id, looked)
    again = (program(got), look("something else"))
    resumed = asyncio.run(made(*again, journal=short).resume(result.session_id).resume())
    assert resumed.status == "ok" and got == [returned, returned]
    assert len(looks(short.events(result.session_id))) == 1


def looks(events: list[Event]) -> list[CallFinished]:
    return [event for event in events if isinstance(event, CallFinished) and event.result.text != "It ran."]
