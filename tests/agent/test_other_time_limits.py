"""Time limits that are not the run's own: of whoever asks a person, of a server."""

import asyncio
from itertools import repeat
from typing import Any

import pytest

from agentx import Agent, Tool, ToolContext
from agentx.events import ApprovalGiven, CallFinished, CallStarted, Event, QuestionAnswered
from agentx.memory_journal import MemoryJournal
from agentx.messages import RunResult
from agentx.models.scripted import ScriptedModel
from tests.agent.test_guarding import guards, only
from tests.agent.test_resume import cut

LIMITS = pytest.mark.parametrize("timeout_s", [None, 300])


def says(prompt: str) -> str:
    return "# Done.\nAnswer: Done." if "# I act." in prompt.rpartition("Task: ")[2] else "# I act.\nact()\n->"


def agent(*tools: Tool, **options: Any) -> Agent:
    options = {"strategy": "react", "journal": MemoryJournal()} | options
    return Agent(ScriptedModel(repeat(says)), tools, **options)


def ran(made: Agent, task: str = "Act.") -> tuple[RunResult, list[Event]]:
    result = made.run_sync(task)
    return result, made.open_journal().events(result.session_id)


async def impatient(_: Any) -> Any:
    async with asyncio.timeout(0.01):
        await asyncio.sleep(30)


def act() -> str:
    """Acts."""
    return "acted"


ACT = Tool.from_function(act, capabilities=frozenset({"writes"}))


@LIMITS
def test_an_approver_who_gives_up_waiting_has_no_approval(timeout_s: float | None) -> None:
    result, events = ran(agent(ACT, approve=impatient, timeout_s=timeout_s))
    assert (result.status, result.output) == ("ok", "Done.")
    assert [event.allowed for event in events if isinstance(event, ApprovalGiven)] == [False]
    [denied] = [event.result for event in events if isinstance(event, CallFinished)]
    assert denied.text == "denied by the user: there was no answer in time"


@LIMITS
def test_a_question_that_nobody_answers_in_time_has_no_answer(timeout_s: float | None) -> None:
    async def act(context: ToolContext) -> str:
        """Acts."""
        assert context.ask is not None
        return f"they said {await context.ask('Well?')}"

    result, events = ran(agent(Tool.from_function(act), ask=impatient, timeout_s=timeout_s))
    assert result.status == "ok"
    assert [event.answer for event in events if isinstance(event, QuestionAnswered)] == [None]
    assert [event.result.text for event in events if isinstance(event, CallFinished)] == ["they said None"]


def test_a_doubt_that_nobody_settles_in_time_stays_one() -> None:
    journal = MemoryJournal()
    result, events = ran(agent(ACT, allow=["all"], journal=journal))
    begun = next(place for place, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    short = cut(journal, result.session_id, begun)
    resuming = agent(ACT, allow=["all"], settle=impatient, journal=short)
    assert asyncio.run(resuming.resume(result.session_id).resume()).status == "in_doubt"


@LIMITS
@pytest.mark.parametrize("place", ["input", "output"])
def test_a_finding_that_nobody_decides_on_in_time_is_kept_back(place: str, timeout_s: float | None) -> None:
    options: dict[str, Any] = {"guard": guards(only(place, "ask")), "approve": impatient, "timeout_s": timeout_s}
    model = ScriptedModel(["# Easy.\nAnswer: A kiwi."])
    made = Agent(model, strategy="react", journal=MemoryJournal(), **options)
    assert ran(made, "Is it a kiwi?")[0].status == "refused"


@LIMITS
def test_a_server_that_sleeps_is_told_as_what_it_is(timeout_s: float | None) -> None:
    made = Agent(ScriptedModel([TimeoutError("the server sleeps")]), journal=MemoryJournal(), timeout_s=timeout_s)
    with pytest.raises(TimeoutError, match="the server sleeps"):
        made.run_sync("Act.")


def test_a_run_whose_own_time_is_up_says_so() -> None:
    model = ScriptedModel(["# Easy.\nAnswer: Done."], delay_s=30)
    result = Agent(model, journal=MemoryJournal(), timeout_s=0.1).run_sync("Act.")
    assert (result.status, result.error) == ("timeout", "The time limit of 0.1 seconds is up; raise --timeout.")
