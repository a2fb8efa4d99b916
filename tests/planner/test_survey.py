"""What a task begins with: the tools that have something on it are asked before the model decides."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, tool
from agentx.errors import ConfigError
from agentx.events import ApprovalAsked, CallStarted, Event, Notice, RunFinished
from agentx.journal import Journal
from tests.planner.runs import ANSWER, LOOKS, NO_CHANGE, SHOPPING, Deciding, agent, collect, results


def diary(context):
    return {"subject": context.task} if "diary" in context.task else None


@tool(survey=diary)
def search_diary(subject: str) -> str:
    """Searches the diary."""
    return f"entry on {subject}"


@tool(capabilities=["egress"], survey=lambda context: {"text": context.task})
def ask_a_stranger(text: str) -> str:
    """Asks."""
    return "no idea"


def test_a_tool_that_has_something_on_the_task_is_asked_in_the_first_program(tmp_path: Path) -> None:
    model = Deciding([" You swam."], [LOOKS, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path, search_diary), "What does my diary say?")
    started = [event.call for event in events if isinstance(event, CallStarted)]
    assert [call.name for call in started] == ["python", "search_diary"]
    assert results(events)[-1] == f"{SHOPPING}\nentry on What does my diary say?"
    assert 'look()\nprint(search_diary(subject="What does my diary say?"))\n```' in model.prompts[0]


def test_a_tool_that_has_nothing_on_the_task_is_left_alone(tmp_path: Path) -> None:
    events = collect(agent(Deciding([" 4."], [LOOKS, ANSWER, NO_CHANGE]), tmp_path, search_diary), "What is 4 + 0?")
    assert results(events) == [SHOPPING]


def test_a_survey_that_needs_an_approval_is_left_to_the_model(tmp_path: Path) -> None:
    events = collect(agent(Deciding([" None."], [LOOKS, ANSWER, NO_CHANGE]), tmp_path, ask_a_stranger))
    assert results(events) == [SHOPPING]
    allowed = agent(Deciding([" None."], [LOOKS, ANSWER, NO_CHANGE]), tmp_path, ask_a_stranger, allow=["all"])
    assert results(collect(allowed)) == ["no idea", f"{SHOPPING}\nno idea"]


SWAM = "# I know it.\nAnswer: You swam."


def of_react(model: Deciding, *tools: Any, task: str = "What does my diary say?") -> list[Event]:
    return collect(Agent(model, tools, strategy="react", journal=Journal(":memory:")), task)


def test_react_begins_with_the_call_that_shows_it_as_if_the_model_had_made_it() -> None:
    model = Deciding([SWAM], [LOOKS])
    events = of_react(model, search_diary)
    assert results(events) == ["entry on What does my diary say?"]
    assert not any(isinstance(event, ApprovalAsked) for event in events)
    looked = '# I look at what is known about it.\nsearch_diary(subject="What does my diary say?")\n'
    assert f"{looked}-> entry on What does my diary say?\n" in model.prompts[0]


def test_react_asks_first_whether_a_look_is_needed_and_only_where_there_is_one() -> None:
    assert results(of_react(Deciding([SWAM], [0.01]), search_diary)) == []
    assert results(of_react(Deciding([SWAM], []), search_diary, task="Hello.")) == []


def test_react_leaves_what_goes_out_to_the_model() -> None:
    model = Deciding([SWAM], [])
    agent = Agent(model, [ask_a_stranger], strategy="react", allow=["all"], journal=Journal(":memory:"))
    assert results(collect(agent)) == []


def unreadable(context: Any) -> Any:
    raise PermissionError("diary.txt cannot be opened")


def endless(context: Any) -> Any:
    time.sleep(3)
    return {"subject": "too late"}


async def endless_async(context: Any) -> Any:
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    ("survey", "why"),
    [
        (unreadable, "PermissionError: diary.txt cannot be opened"),
        (endless, "GivenUp: after 1 seconds"),
        (endless_async, "GivenUp: after 1 seconds"),
        (lambda context: "no mapping", "ValueError: "),
        (lambda context: {"subject": object()}, "ToolError: The arguments of look_up cannot be written as JSON"),
        (lambda context: sys.exit(3), "RuntimeError: ended with SystemExit: 3"),
    ],
)
def test_a_survey_that_breaks_or_hangs_is_left_out_and_told_of(survey: Any, why: str) -> None:
    @tool(survey=survey, timeout_s=1)
    def look_up(subject: str) -> str:
        """Looks up."""
        return "nothing"

    events = of_react(Deciding([SWAM], [LOOKS]), look_up, search_diary)
    assert results(events) == ["entry on What does my diary say?"]
    assert isinstance(events[-1], RunFinished) and events[-1].status == "ok"
    [told] = [event.text for event in events if isinstance(event, Notice)]
    assert told.startswith(f"look_up could not look at the task ({why}")
    assert told.endswith("), which begins without that.")


def test_what_a_survey_says_to_the_user_ends_the_run_with_its_sentence() -> None:
    def misread(context: Any) -> Any:
        raise ConfigError("The setting `diary` must be a file.")

    @tool(survey=misread)
    def look_up(subject: str) -> str:
        """Looks up."""
        return "nothing"

    with pytest.raises(ConfigError, match="must be a file"):
        of_react(Deciding([SWAM], [LOOKS]), look_up)
