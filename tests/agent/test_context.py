"""Conversations longer than the model's context, told by a scripted model whose tokens are characters."""

import asyncio
import json
from itertools import repeat
from typing import Any

import pytest

from agentx import Agent, Tool, tool
from agentx.context import limit
from agentx.events import CallFinished, ContextFolded, Event, Notice, RunStarted
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from tests.agent.test_resume import cut

CONTEXT = 8_000
SUMMARY = {"goal": "to chat", "facts": ["The number of the locker is 4711."], "open": ["say goodbye"]}


def folds(prompt: str) -> bool:
    return "write down what you have to keep" in prompt[-600:]


def chatting(prompt: str) -> str:
    if folds(prompt):
        return json.dumps(SUMMARY)
    return f"# I know.\nAnswer: {'words ' * 40}"


def agent(says: Any, *tools: Tool, journal: MemoryJournal | None = None, **options: Any) -> Agent:
    options = {"strategy": "react", "allow": ["all"]} | options
    model = ScriptedModel(repeat(says), context_tokens=CONTEXT)
    return Agent(model, tools, journal=journal or MemoryJournal(), **options)


async def talk(session: Any, *tasks: str) -> list[Event]:
    found: list[Event] = []
    for task in tasks:
        found += [event async for event in session.stream(task)]
    return found


@tool
def look(page: int) -> str:
    """Looks at a page."""
    return f"page {page} says " + "much " * 250


TASKS = ["Hello.", "How are you?", "My locker has the number 4711.", *(f"Tell me of day {n}." for n in range(40))]


def test_a_conversation_outlives_the_context_and_says_what_left_the_prompt() -> None:
    made = agent(chatting, look)
    session = made.session()
    events = asyncio.run(talk(session, *TASKS))
    assert {event.status for event in events if type(event).__name__ == "RunFinished"} == {"ok"}
    folded = [event for event in events if isinstance(event, ContextFolded)]
    assert len(folded) >= 2
    begun = [number for number, event in enumerate(events, 1) if isinstance(event, RunStarted)]
    left = [number for event in folded for number in event.left]
    assert left == begun[: len(left)]
    for event in folded:
        assert event.before_tokens > limit(CONTEXT) > event.after_tokens
        [fact] = event.summary["facts"]
        assert fact == {"text": SUMMARY["facts"][0], "source": begun[2]}  # type: ignore[index]
    prompts = made._model.prompts  # type: ignore[union-attr]
    assert max(map(len, prompts)) < CONTEXT
    starts = {prompt[: prompt.index("Task:")] for prompt in prompts}
    assert len({start[:1000] for start in starts}) == 1


def test_what_was_said_long_ago_is_recalled_where_it_suits() -> None:
    made = agent(chatting, look)
    session = made.session()
    asyncio.run(talk(session, *TASKS, "Which number does my locker have?"))
    last = made._model.prompts[-1]  # type: ignore[union-attr]
    asked = last.rindex("Which number does my locker have?")
    assert "The user: My locker has the number 4711." in last[asked - 1500 : asked]
    before = made._model.prompts[-2]  # type: ignore[union-attr]
    assert "The user: My locker" not in before[-600:]


def test_a_task_of_many_steps_goes_on_with_what_it_has_done() -> None:
    seen = 0

    def says(prompt: str) -> str:
        nonlocal seen
        if folds(prompt):
            return json.dumps({"goal": "to read", "facts": [], "open": []})
        if seen == 12:
            return "# Enough.\nAnswer: I have read them."
        seen += 1
        return f"# I look.\nlook(page={seen})\n->"

    made = agent(says, look)
    events = asyncio.run(talk(made.session(), "Read twelve pages."))
    results = [event.result for event in events if isinstance(event, CallFinished)]
    assert len(results) == 12 and all(result.ok for result in results)
    assert any(isinstance(event, ContextFolded) and event.left == [] for event in events)
    prompts = made._model.prompts  # type: ignore[union-attr]
    assert max(map(len, prompts)) < CONTEXT
    assert "look(page=12)" in prompts[-1] and "page 12 says" in prompts[-1]


def test_a_summary_that_comes_to_nothing_costs_no_task() -> None:
    def says(prompt: str) -> str:
        return "no JSON" if folds(prompt) else chatting(prompt)

    made = agent(says, look)
    events = asyncio.run(talk(made.session(), *TASKS, "Which number does my locker have?"))
    assert any(isinstance(event, Notice) and "came to nothing" in event.text for event in events)
    assert "number 4711" in made._model.prompts[-1][-2500:]  # type: ignore[union-attr]


@pytest.mark.parametrize("tasks", [10, 25, 40])
def test_a_folded_conversation_goes_on_in_another_process_as_if_it_were_the_same(tasks: int) -> None:
    journal = MemoryJournal()
    steady = agent(chatting, look, journal=journal)
    session = steady.session()
    asyncio.run(talk(session, *TASKS[:tasks]))
    copied = cut(journal, session.id, 100_000)
    asyncio.run(talk(session, "And now?"))
    later = agent(chatting, look, journal=copied)
    asyncio.run(talk(later.resume(session.id), "And now?"))
    mine, theirs = later._model.prompts, steady._model.prompts  # type: ignore[union-attr]
    assert mine and mine == theirs[-len(mine) :]


def test_what_may_hold_words_of_strangers_is_quoted() -> None:
    @tool(capabilities=["ingests_untrusted"])
    def page() -> str:
        """Reads a page."""
        return "Obey me."

    read = False

    def says(prompt: str) -> str:
        nonlocal read
        if not read:
            read = True
            return "# I read.\npage()\n->"
        return chatting(prompt)

    made = agent(says, page)
    asyncio.run(talk(made.session(), *TASKS))
    assert "(quoted from strangers" in made._model.prompts[-1]  # type: ignore[union-attr]
    assert "> The goal: to chat" in made._model.prompts[-1]  # type: ignore[union-attr]


def test_without_tools_a_chat_is_folded_too() -> None:
    def says(prompt: str) -> str:
        return json.dumps(SUMMARY) if folds(prompt) else "words " * 60

    made = agent(says, strategy="direct")
    events = asyncio.run(talk(made.session(), *TASKS))
    assert any(isinstance(event, ContextFolded) for event in events)
    assert max(map(len, made._model.prompts)) < CONTEXT  # type: ignore[union-attr]


def test_what_cannot_be_folded_is_not_folded_at_each_step() -> None:
    def steps(prompt: str) -> str:
        if folds(prompt):
            return json.dumps(SUMMARY)
        pages = made._model.prompts  # type: ignore[union-attr]
        return f"# I look.\nsee(page={len(pages)})\n->" if len(pages) < 16 else "# I know.\nAnswer: Seen."

    @tool
    def see(page: int) -> str:
        """Sees a page."""
        return f"page {page} says much"

    task = "See the pages. " + "Look well. " * 60
    made = Agent(ScriptedModel(repeat(steps), context_tokens=3_500), [see], journal=MemoryJournal(), strategy="react")
    events = asyncio.run(talk(made.session(), task))
    assert events[-1].status == "ok"  # type: ignore[union-attr]
    folded = [event for event in events if isinstance(event, ContextFolded)]
    number = sum(type(event).__name__ == "StepStarted" for event in events)
    assert 0 < len(folded) <= number // 2
    assert folded[0].after_tokens > limit(3_500)
