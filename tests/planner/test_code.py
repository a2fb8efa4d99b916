"""Strategy `code`, with a scripted model and the real `python` tool."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, plugins, tool
from agentx.errors import UsageError
from agentx.events import CallFinished, CallStarted, Event
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.code import MAX_TRIES

ADD = "print(1 + 1)"


@tool
def double(n: int) -> int:
    """Doubles."""
    return 2 * n


@tool(capabilities=["egress"])
def send(text: str) -> str:
    """Sends."""
    return "sent"


def agent(model: ScriptedModel, folder: Path, *tools: Any, allow: Any = ("python",)) -> Agent:
    runner = plugins.load("agentx.tools", "python")
    return Agent(model, [runner, *tools], workspace=folder, allow=allow, journal=Journal(":memory:"))


def collect(made: Agent, task: str = "Do it.") -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in made.stream(task)]

    return asyncio.run(all_events())


def results(events: list[Event]) -> list[str]:
    return [event.result.text for event in events if isinstance(event, CallFinished)]


class Deciding(ScriptedModel):
    """A scripted model whose Yes/No probes and choices are given in order too."""

    def __init__(self, replies: list[str], yes: list[float]) -> None:
        super().__init__(replies)
        self._all_yes = iter(yes)

    async def score(self, prompt: Any, continuations: Any) -> Any:
        self._yes = next(self._all_yes)
        return await super().score(prompt, continuations)


LOOKS, PROGRAM, ANSWER, NO_CHANGE, CHANGE = 0.9, 0.9, 0.1, 0.1, 0.9


def test_a_task_begins_with_a_look_and_ends_with_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / "prices.txt").write_text("pen 3\n")
    model = Deciding(["print(3 * 2)", " Two pens cost 6."], [LOOKS, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path), "What do two pens cost?")
    assert results(events) == ["prices.txt:\n  pen 3", "6"]
    assert events[-1].output == "Two pens cost 6."
    assert "```python\nlook()\n```\nOutput:\nprices.txt:\n  pen 3\n```python\n" in model.prompts[0]


def test_small_talk_is_answered_at_once(tmp_path: Path) -> None:
    events = collect(agent(Deciding([" Hello!"], [0.01]), tmp_path), "Hi")
    assert events[-1].output == "Hello!"
    assert results(events) == []


def test_every_other_tool_is_a_function_under_the_same_journal(tmp_path: Path) -> None:
    model = Deciding(["print(double(n=4))", " It is 8."], [LOOKS, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path, double))
    started = [event.call.name for event in events if isinstance(event, CallStarted)]
    assert started == ["python", "python", "double"]
    assert "def double(n: int) -> int:" in model.prompts[0]


def test_a_function_that_needs_an_approval_ends_the_run_like_a_call_of_its_own(tmp_path: Path) -> None:
    events = collect(agent(Deciding(["send('x')"], [LOOKS]), tmp_path, send))
    assert events[-1].status == "denied"
    assert "send needs an approval" in events[-1].error


def test_a_program_that_failed_is_followed_by_another(tmp_path: Path) -> None:
    model = Deciding(["print(1 / 0)", ADD, " It is 2."], [LOOKS, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path))
    assert "ZeroDivisionError" in results(events)[1]
    assert events[-1].output == "It is 2."


def test_a_program_with_a_syntax_error_is_taken_back(tmp_path: Path) -> None:
    model = Deciding(["print(", ADD, " It is 2."], [LOOKS, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path))
    assert results(events)[1:] == ["2"]
    assert model.prompts[0] == model.prompts[1]


def test_a_program_that_was_run_before_is_taken_back(tmp_path: Path) -> None:
    model = Deciding([ADD, ADD, "print(3)", " It is 3."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    assert results(collect(agent(model, tmp_path)))[1:] == ["2", "3"]


def test_a_model_without_a_new_program_has_to_answer(tmp_path: Path) -> None:
    model = Deciding([ADD, *[ADD] * MAX_TRIES, " It is 2."], [LOOKS, PROGRAM])
    assert collect(agent(model, tmp_path))[-1].output == "It is 2."


def test_an_answer_with_a_figure_that_nobody_has_seen_leads_to_another_program(tmp_path: Path) -> None:
    model = Deciding([ADD, " It is 17.", "print(5)", " It is 5."], [LOOKS, ANSWER, ANSWER, NO_CHANGE])
    assert collect(agent(model, tmp_path))[-1].output == "It is 5."


def test_an_answer_that_tells_of_a_change_that_was_not_made_leads_to_another_program(tmp_path: Path) -> None:
    write = "open('x.txt', 'w').write('2')"
    model = Deciding([ADD, " Written.", write, " It is in x.txt."], [LOOKS, ANSWER, CHANGE, ANSWER])
    events = collect(agent(model, tmp_path), "Write it to x.txt.")
    assert events[-1].output == "It is in x.txt."
    [last] = [event.result for event in events if isinstance(event, CallFinished)][-1:]
    assert last.changed == ["x.txt"]
    assert "(wrote x.txt)" in model.prompts[-1]


def test_the_strategy_needs_a_tool_that_runs_programs(tmp_path: Path) -> None:
    made = Agent(ScriptedModel(), [double], strategy="code", workspace=tmp_path, journal=Journal(":memory:"))
    with pytest.raises(UsageError, match="add the tool `python`"):
        made.run_sync("Go")
