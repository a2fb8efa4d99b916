"""A session that goes on with another model: what was said and seen counts on, whatever the two make of text."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentx import Agent, tool
from agentx.conversation import Conversation, Exchange
from agentx.events import RunStarted
from agentx.memory_journal import MemoryJournal
from agentx.model import Fragment
from agentx.models.catalog import load
from agentx.models.scripted import ScriptedModel
from agentx.replaying import replay
from agentx.tool import ToolContext


@tool(capabilities=("ingests_untrusted",))
def look(what: str) -> str:
    """Look at a thing.

    Args:
        what: the thing.
    """
    return f"the {what} is 42 cm tall"


@tool(capabilities=("writes",))
def note(text: str, context: ToolContext) -> str:
    """Note something down.

    Args:
        text: what is to be noted.
    """
    with (context.workspace / "notes.txt").open("a") as file:
        file.write(f"{text}\n")
    return f"noted {text}"


class OtherFormat:
    """Says who speaks in another way than the models before."""

    def opening(self, system: str, user: str) -> list[Fragment]:
        return [Fragment("<<sys>>", markup=True), Fragment(system), Fragment("<<you>>", markup=True), Fragment(user)]

    def next_turn(self, user: str) -> list[Fragment]:
        return [Fragment("<<you>>", markup=True), Fragment(user)]


def agent(name: str, *replies: Any, journal: MemoryJournal, workspace: Path, **options: Any) -> Agent:
    model = ScriptedModel(replies, name=name)
    if name != "first":
        model.chat = OtherFormat()
    return Agent(
        model, [look, note], strategy="react", journal=journal, workspace=workspace, **{"allow": ["all"], **options}
    )


def answer(text: str) -> str:
    return f"# I know.\nAnswer: {text}"


def call(text: str) -> str:
    return f"# I look.\n{text}\n->"


def prompts(made: Agent) -> list[str]:
    return made._model.prompts  # type: ignore[union-attr]


def test_the_other_model_is_told_all_that_was_said_in_its_own_words(tmp_path: Path) -> None:
    journal = MemoryJournal()
    first = agent("first", answer("Hello Ada."), answer("It rains."), journal=journal, workspace=tmp_path)
    session = first.session()

    async def test() -> None:
        await session.run("I am Ada.")
        await session.run("And the weather?")
        second = agent("second", answer("You are Ada."), answer("Yes."), journal=journal, workspace=tmp_path)
        later = second.resume(session.id)
        assert (await later.run("Who am I?")).status == "ok"
        assert (await later.run("Sure?")).status == "ok"
        one, two = prompts(second)
        assert one.startswith("<<sys>>") and "Task: I am Ada." not in one
        assert "The user: I am Ada.\n  The answer: Hello Ada.\n- The user: And the weather?" in one
        assert two.startswith(one) and two.count("The user: I am Ada.") == 1

    asyncio.run(test())


def test_back_with_the_first_model_all_of_it_is_told_once_more_and_the_journal_tells_who_had_what(
    tmp_path: Path,
) -> None:
    journal = MemoryJournal()

    async def test() -> None:
        session = agent("first", answer("One."), journal=journal, workspace=tmp_path).session()
        await session.run("Say one.")
        await agent("second", answer("Two."), journal=journal, workspace=tmp_path).resume(session.id).run("Say two.")
        third = agent("first", "unused, on the record", answer("Three."), journal=journal, workspace=tmp_path)
        assert (await third.resume(session.id).run("Say three.")).output == "Three."
        [prompt] = prompts(third)
        assert "The answer: One." in prompt and "The answer: Two." in prompt
        again = agent("first", "on the record", "on the record", answer("Four."), journal=journal, workspace=tmp_path)
        assert (await again.resume(session.id).run("Say four.")).output == "Four."
        [after] = prompts(again)
        assert after.startswith(prompt), "what was played back comes to the same prompt"
        began = [event.model for event in journal.events(session.id) if isinstance(event, RunStarted)]
        assert began == ["first", "second", "first", "first"]

    asyncio.run(test())


def test_what_the_first_model_has_read_taints_and_bears_out_what_the_second_says(tmp_path: Path) -> None:
    journal = MemoryJournal()

    async def test() -> None:
        first = agent("first", call('look(what="tree")'), answer("Seen."), journal=journal, workspace=tmp_path)
        session = first.session()
        await session.run("Look at the tree.")
        second = agent("second", answer("The tree is 42 cm tall."), journal=journal, workspace=tmp_path)
        later = second.resume(session.id)
        result = await later.run("How tall is it?")
        assert result.status == "ok" and result.unverified == ()
        assert later._dialogue._provenance.tainted

    asyncio.run(test())


def test_a_task_that_broke_off_is_told_with_what_it_did_and_nothing_is_done_again(tmp_path: Path) -> None:
    journal = MemoryJournal()

    async def test() -> None:
        first = agent("first", call('note(text="milk")'), journal=journal, workspace=tmp_path)
        session = first.session()
        assert (await session.run("Note milk and bread.")).status == "failed"
        second = agent("second", answer("Milk is noted."), journal=journal, workspace=tmp_path)
        assert (await second.resume(session.id).run("What was noted?")).status == "ok"
        [prompt] = prompts(second)
        assert "The task broke off" in prompt and "noted milk" in prompt
        assert (tmp_path / "notes.txt").read_text() == "milk\n"

    asyncio.run(test())


def test_a_task_that_broke_off_is_begun_anew_by_another_model_and_the_session_can_go_on(tmp_path: Path) -> None:
    journal = MemoryJournal()

    async def test() -> None:
        first = agent("first", call('note(text="milk")'), journal=journal, workspace=tmp_path)
        session = first.session()
        assert (await session.run("Note milk and bread.")).status == "failed"
        second = agent("second", answer("Milk is noted."), journal=journal, workspace=tmp_path)
        assert (await second.resume(session.id).resume()).status == "ok"
        [prompt] = prompts(second)
        assert "The task broke off" in prompt and "noted milk" in prompt
        began = [(event.task, event.model) for event in journal.events(session.id) if isinstance(event, RunStarted)]
        assert began == [("Note milk and bread.", "first"), ("Note milk and bread.", "second")]
        for name in ("first", "second"):
            later = agent(name, "on the record", answer("Yes."), journal=journal, workspace=tmp_path)
            assert (await later.resume(session.id).run("Sure?")).status == "ok"
        assert (tmp_path / "notes.txt").read_text() == "milk\n"

    asyncio.run(test())


def test_the_default_model_is_kept_by_its_name_and_by_what_older_versions_called_it(tmp_path: Path) -> None:
    journal = MemoryJournal()

    def on_default(*replies: Any) -> Agent:
        made = Agent(None, [look], strategy="react", journal=journal, workspace=tmp_path)
        made.use(ScriptedModel(replies))
        return made

    async def test() -> None:
        session = on_default(answer("One.")).session()
        await session.run("Say one.")
        name = load().default.name
        events = journal.events(session.id)
        assert journal.session(session.id).model == name
        assert [event.model for event in events if isinstance(event, RunStarted)] == [name]
        old = journal.create_session(workspace=tmp_path, model="default", task="Say one.")
        for event in events:
            journal.append(old, replace(event, model="default") if isinstance(event, RunStarted) else event)
        for each in (session.id, old):
            later = on_default(answer("On the record."), answer("Two."))
            resumed = later.resume(each)
            assert resumed.last is not None and resumed._dialogue.plays(resumed.last)
            assert (await resumed.run("Say two.")).output == "Two."

    asyncio.run(test())


def test_replaying_leaves_out_the_tasks_of_other_models(tmp_path: Path) -> None:
    journal = MemoryJournal()

    async def test() -> None:
        session = agent("first", answer("One."), journal=journal, workspace=tmp_path).session()
        await session.run("Say one.")
        await agent("second", answer("Two."), journal=journal, workspace=tmp_path).resume(session.id).run("Say two.")
        found = await replay(agent("second", journal=journal, workspace=tmp_path), session.id)
        assert (found.tasks, found.passed_over, found.differences) == (1, 1, []) and found.events > 0

    asyncio.run(test())


def test_of_a_long_past_the_newest_is_told_and_the_rest_counts_as_folded() -> None:
    past = Conversation([Exchange(f"Tell me of item {number}.", "word " * 100, number) for number in range(30)])
    told = past.retold(2_000)
    assert "item 29." in told and "item 0." not in told and len(told) <= 2_000
    assert past.folded == 30 - told.count("- The user: ")
    assert "item 3." in past.recalled("Once more of item 3."), "what was not told is recalled where it suits"
    assert past.retold(1).count("- The user: ") == 1, "the last one is told in any case"
