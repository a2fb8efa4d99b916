"""Sub-agents: sessions that work for another one's task."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, Decision, Tool, ToolContext, tool
from agentx.errors import UsageError
from agentx.events import CallFinished, CallStarted, Delegated, Event, RunFinished, from_json, to_json
from agentx.guard import Finding, Place
from agentx.guarding.actions import GuardSettings
from agentx.guarding.checking import Guards
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from tests.agent.test_resume import collected, cut


@tool
async def ask_a_helper(task: str, context: ToolContext) -> str:
    """Has a helper do a part of the task."""
    assert context.delegate
    result = await context.delegate(task, tools=["note"], max_steps=4)
    return f"the helper says: {result.output}"


def noting(log: Path) -> Tool:
    @tool(capabilities=["writes"])
    def note(text: str) -> str:
        """Notes a text."""
        with log.open("a") as file:
            file.write(f"{text}\n")
        return f"noted {text}"

    return note


def says(prompt: str) -> str:
    task = prompt[prompt.rindex("Task:") :]
    if "Task: Note it" in task:
        return "# Done.\nAnswer: noted" if "-> noted" in task else '# I note it.\nnote(text="it")\n->'
    if "the helper says" in task:
        return "# It is done.\nAnswer: All done."
    return '# I ask for help.\nask_a_helper(task="Note it.")\n->'


def agent(log: Path, journal: MemoryJournal, **options: Any) -> Agent:
    options = {"allow": ["all"], "strategy": "react"} | options
    return Agent(ScriptedModel([says] * 20), [ask_a_helper, noting(log)], journal=journal, **options)


def test_the_events_of_a_helper_nest_in_those_of_the_task(tmp_path: Path) -> None:
    journal = MemoryJournal()
    events = collected(agent(tmp_path / "log", journal).stream("Have it noted."))
    final = events[-1]
    assert isinstance(final, RunFinished) and final.output == "All done."
    nested = [event for event in events if isinstance(event, Delegated)]
    assert isinstance(nested[-1].event, RunFinished) and nested[-1].event.output == "noted"
    [call] = [event.event.call for event in nested if isinstance(event.event, CallStarted)]
    assert call.arguments == {"text": "it"} and (tmp_path / "log").read_text() == "it\n"
    assert from_json(to_json(nested[0])) == nested[0]
    [child, parent] = journal.sessions()
    assert child.parent == parent.id and nested[0].session_id == child.id
    assert not any(isinstance(event, Delegated) for event in journal.events(parent.id))
    assert [event.event for event in nested] == journal.events(child.id)


def test_a_helper_has_the_tools_and_the_steps_that_it_is_given(tmp_path: Path) -> None:
    async def run(**budget: Any) -> Any:
        return await agent(tmp_path / "log", MemoryJournal()).session().delegate("Note it.", **budget)

    off = asyncio.run(run(tools=["ask_a_helper"]))
    assert not (tmp_path / "log").exists() and off.status != "denied"
    assert asyncio.run(run(max_steps=1)).status == "failed"
    assert asyncio.run(run()).output == "noted"
    with pytest.raises(UsageError, match="no tool `nope`"):
        asyncio.run(run(tools=["nope"]))


def test_a_helper_begins_with_the_same_system_prompt(tmp_path: Path) -> None:
    made = agent(tmp_path / "log", MemoryJournal())
    collected(made.stream("Have it noted."))
    prompts = made._model.prompts  # type: ignore[union-attr]
    assert len({prompt[: prompt.rindex("Task:")] for prompt in prompts}) == 1


def test_what_is_granted_to_a_helper_is_granted_to_the_task(tmp_path: Path) -> None:
    asked: list[str] = []

    async def approve(request: Any) -> Decision:
        asked.append(request.call.name)
        return Decision(True, grant="note")

    async def twice() -> None:
        session = agent(tmp_path / "log", MemoryJournal(), allow=[], approve=approve).session()
        await session.run("Have it noted.")
        await session.run("Note it.")

    asyncio.run(twice())
    assert asked == ["note"] and (tmp_path / "log").read_text() == "it\nit\n"


def test_a_helper_is_stopped_with_the_task_that_it_serves(tmp_path: Path) -> None:
    journal = MemoryJournal()

    @tool
    async def note(text: str) -> str:
        """Takes its time."""
        await asyncio.sleep(30)
        return "noted"

    async def stopped() -> None:
        made = Agent(ScriptedModel([says, says]), [ask_a_helper, note], journal=journal, strategy="react")

        async def follow() -> None:
            async for _ in made.stream("Have it noted."):
                pass

        running = asyncio.ensure_future(follow())
        while len(journal.sessions()) < 2 or not any(
            isinstance(event, CallStarted) for event in journal.events(journal.sessions()[0].id)
        ):
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(stopped())
    assert [row.status for row in journal.sessions()] == ["interrupted", "interrupted"]


def test_a_helper_that_was_killed_with_its_task_goes_on_with_it(tmp_path: Path) -> None:
    log, journal = tmp_path / "log", MemoryJournal()
    collected(agent(log, journal).stream("Have it noted."))
    [child, parent] = journal.sessions()
    inner: list[Event] = journal.events(child.id)
    place = next(number for number, event in enumerate(inner) if isinstance(event, CallFinished)) + 1
    outer = journal.events(parent.id)
    begun = next(number for number, event in enumerate(outer) if isinstance(event, CallStarted)) + 1
    short = cut(journal, parent.id, begun)
    short.create_session(workspace=".", model="scripted", task="Note it.", session_id=child.id)
    for event in inner[:place]:
        short.append(child.id, event)
    result = asyncio.run(agent(log, short).resume(parent.id).resume())
    assert (result.status, result.output) == ("ok", "All done.")
    assert log.read_text() == "it\n"


class Orders:
    """Finds somebody's orders in each task and answer of a helper."""

    name = "orders"
    kinds = frozenset({"injection"})

    def check(self, text: str, place: Place) -> list[Finding]:
        return [Finding("injection", 0.9, None, None, "orders")] if text.startswith(("Note it", "noted")) else []


@pytest.mark.parametrize("place", ["input", "output"])
def test_what_a_guard_has_found_in_a_helper_taints_its_task_that_goes_on_after_a_break(
    tmp_path: Path, place: str
) -> None:
    actions = {"injection": dict.fromkeys(("input", "tool_result", "output"), "allow") | {place: "warn"}}
    options = {"guard": Guards([Orders()], GuardSettings.of({"actions": actions}))}
    log, journal = tmp_path / "log", MemoryJournal()
    collected(agent(log, journal, **options).stream("Have it noted."))
    [child, parent] = journal.sessions()
    outer = journal.events(parent.id)
    begun = next(number for number, event in enumerate(outer) if isinstance(event, CallStarted)) + 1
    short = cut(journal, parent.id, begun)
    short.create_session(workspace=".", model="scripted", task="Note it.", session_id=child.id)
    for event in journal.events(child.id):
        short.append(child.id, event)
    result = asyncio.run(agent(log, short, **options).resume(parent.id).resume())
    assert result.status == "ok" and log.read_text() == "it\n"
    for kept in (journal, short):
        helped = [event.result for event in kept.events(parent.id) if isinstance(event, CallFinished)]
        assert [result.untrusted for result in helped] == [True], kept
