"""Tools that are off in one task of a conversation: masked by the grammar, not taken out of the prompt."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, plugins, tool
from agentx.errors import UsageError
from agentx.events import CallFinished, Event, RunStarted
from agentx.journal import Journal
from agentx.model import Constraint
from agentx.models.scripted import ScriptedModel
from agentx.session import Session

ANSWER = "# I know it.\nAnswer: 7"


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@tool
def double(n: int) -> int:
    """Doubles."""
    return 2 * n


class Listening(ScriptedModel):
    """A scripted model that keeps the grammars it was asked to obey, and the prompts of probes."""

    def __init__(self, *replies: str) -> None:
        super().__init__(replies)
        self.grammars: list[str] = []
        self.probes: list[str] = []

    async def score(self, prompt: Any, continuations: Any) -> Any:
        self.probes.append("".join(fragment.text for fragment in prompt))
        return await super().score(prompt, continuations)

    def decode(self, prompt: Any, *, constraint: Constraint | None = None, **options: Any) -> Any:
        self.grammars.append(constraint.lark if constraint else "")
        return super().decode(prompt, constraint=constraint, **options)


def session(model: ScriptedModel, **options: Any) -> Session:
    return Agent(model, [add, double], journal=Journal(":memory:"), **options).session()


def results(events: list[Event]) -> list[str]:
    return [event.result.text for event in events if isinstance(event, CallFinished)]


async def events_of(made: Session, task: str, without: list[str]) -> list[Event]:
    return [event async for event in made.stream(task, without=without)]


def test_a_tool_that_is_off_leaves_the_prompt_as_it_is_and_the_grammar_without_it() -> None:
    model = Listening(ANSWER, ANSWER, ANSWER)

    async def three() -> None:
        made = session(model, strategy="react")
        await made.run("One.")
        await made.run("Two.", without=["double"])
        await made.run("Three.")

    asyncio.run(three())
    one, two, three_ = model.prompts
    assert two.startswith(one)
    assert three_.startswith(two)
    assert ["double(" in grammar for grammar in model.grammars] == [True, False, True]


def test_with_all_tools_off_only_an_answer_is_allowed() -> None:
    model = Listening(ANSWER)
    asyncio.run(session(model, strategy="react").run("One.", without=["add", "double"]))
    assert "d_call" not in model.grammars[0]


def test_the_probe_of_a_relevant_tool_shows_the_same_tools_when_one_is_off() -> None:
    model = Listening("add(a=3, b=4)", "7", "add(a=3, b=4)", "7")

    async def two() -> None:
        made = session(model, strategy="direct")
        await made.run("One.")
        await made.run("Two.", without=["double"])

    asyncio.run(two())
    first, second = model.probes
    assert second.startswith(first)
    assert second.removeprefix(first).count("Request: Two.") == 1
    assert ["double(" in grammar for grammar in model.grammars] == [True, False, False, False]


def test_a_call_of_a_tool_that_is_off_is_refused() -> None:
    model = ScriptedModel(["# Double.\ndouble(n=3)", ANSWER])
    events = asyncio.run(events_of(session(model, strategy="react"), "Double 3.", ["double"]))
    assert results(events) == ["refused: `double` is off in this task."]
    assert next(event for event in events if isinstance(event, RunStarted)).tools == ["add"]


def test_a_program_cannot_call_a_tool_that_is_off(tmp_path: Path) -> None:
    runner = plugins.load("agentx.tools", "python")
    model = ScriptedModel(["print(double(2))", " It is off."], yes=0.9)
    made = Agent(
        model, [runner, double], workspace=tmp_path, allow=["python"], journal=Journal(":memory:"), max_steps=3
    )
    events = asyncio.run(events_of(made.session(), "Double 2.", ["double"]))
    assert any("name 'double' is not defined" in text for text in results(events))


def test_without_the_tool_that_runs_programs_the_model_answers(tmp_path: Path) -> None:
    runner = plugins.load("agentx.tools", "python")
    made = Agent(ScriptedModel([" Hello."], yes=0.1), [runner], workspace=tmp_path, journal=Journal(":memory:"))
    result = asyncio.run(made.session().run("Say hello.", without=["python"]))
    assert (result.status, result.output, result.calls) == ("ok", "Hello.", [])


def test_a_tool_that_is_not_there_cannot_be_off() -> None:
    with pytest.raises(UsageError, match="There is no tool `triple`"):
        asyncio.run(session(ScriptedModel([ANSWER])).run("One.", without=["triple"]))
