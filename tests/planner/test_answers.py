"""Answers that are cut, empty or of another type than was asked for, under each strategy; with a scripted model."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pydantic
import pytest

from agentx import Agent, plugins, tool
from agentx.events import Notice, RunFinished
from agentx.journal import Journal
from agentx.messages import RunResult
from agentx.model import Delta, FinishReason
from agentx.models.scripted import ScriptedModel
from agentx.replaying import replay

CUT = "✂"
"""At the end of a scripted reply: the reply ends at its token limit there."""


class Cutting(ScriptedModel):
    """A scripted model of which some replies are cut at their limit."""

    async def decode(self, prompt: Any, **options: Any) -> AsyncGenerator[Delta, None]:
        async for delta in super().decode(prompt, **options):
            cut = any(CUT in part.text for part in delta.fragments)
            fragments = tuple(replace(part, text=part.text.replace(CUT, "")) for part in delta.fragments)
            finish: FinishReason | None = "length" if cut else delta.finish
            yield replace(delta, text=delta.text.replace(CUT, ""), fragments=fragments, finish=finish)


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


class Pair(pydantic.BaseModel):
    n: int
    s: str


def written(strategy: str, answer: str) -> str:
    """An answer as the model writes it under a strategy."""
    return {"react": f"# I know it.\nAnswer: {answer}", "direct": answer, "code": f" {answer}"}[strategy]


def run(strategy: str, answers: Sequence[str], folder: Path, **options: Any) -> tuple[RunResult, Cutting, Journal]:
    model = Cutting([written(strategy, answer) for answer in answers], yes=0.01)
    tools = [plugins.load("agentx.tools", "python")] if strategy == "code" else [add]
    journal = Journal(":memory:")
    made = Agent(model, tools, strategy=strategy, workspace=folder, journal=journal)
    return made.run_sync("Who are you?", **options), model, journal


def notices(journal: Journal, result: RunResult) -> list[str]:
    return [event.text for event in journal.events(result.session_id) if isinstance(event, Notice)]


strategies = pytest.mark.parametrize("strategy", ["react", "direct", "code"])


@strategies
def test_an_answer_that_is_cut_is_asked_for_once_more(strategy: str, tmp_path: Path) -> None:
    result, model, journal = run(strategy, [f"I am one who{CUT}", "I am Bo."], tmp_path)
    assert (result.status, result.output) == ("ok", "I am Bo.")
    assert "the answer was cut off at its limit; give a shorter one" in model.prompts[1]
    again = Agent(Cutting(), list(model_tools(strategy)), strategy=strategy, workspace=tmp_path, journal=journal)
    assert asyncio.run(replay(again, result.session_id)).differences == []


def model_tools(strategy: str) -> list[Any]:
    return [plugins.load("agentx.tools", "python")] if strategy == "code" else [add]


@strategies
def test_an_answer_that_is_cut_again_is_given_as_far_as_it_goes(strategy: str, tmp_path: Path) -> None:
    result, model, journal = run(strategy, [f"I am one who{CUT}", f"I am{CUT}"], tmp_path)
    assert (result.status, result.output) == ("ok", "I am")
    assert len(model.prompts) == 2
    assert notices(journal, result)[-1] == "The answer was cut off and is given as far as it goes."


def test_a_cut_answer_for_which_no_step_is_left_is_given_with_a_notice(tmp_path: Path) -> None:
    model = Cutting([written("react", f"I am one who{CUT}")])
    journal = Journal(":memory:")
    result = Agent(model, [add], strategy="react", max_steps=1, journal=journal).run_sync("Who are you?")
    assert (result.status, result.output) == ("ok", "I am one who")
    assert notices(journal, result) == ["The answer was cut off and is given as far as it goes."]


def test_a_cut_answer_stands_where_the_next_comes_to_nothing(tmp_path: Path) -> None:
    result, _, _ = run("react", [f"I am one who{CUT}", "", "", ""], tmp_path)
    assert (result.status, result.output) == ("ok", "I am one who")


@strategies
def test_an_empty_answer_is_none(strategy: str, tmp_path: Path) -> None:
    result, model, _ = run(strategy, ["", "I am Bo."], tmp_path)
    assert (result.status, result.output) == ("ok", "I am Bo.")
    assert "the answer is empty" in model.prompts[1]
    result, _, _ = run(strategy, ["", "", ""], tmp_path)
    assert (result.status, result.output) == ("failed", None)
    assert "3 unusable replies" in (result.error or "")


@strategies
def test_a_typed_answer_that_is_cut_is_asked_for_again_and_never_given(strategy: str, tmp_path: Path) -> None:
    half = f'{{"n": 1, "s": "ab{CUT}'
    result, model, _ = run(strategy, [half, '{"n": 1, "s": "ab"}'], tmp_path, output=Pair)
    assert (result.status, result.output) == ("ok", Pair(n=1, s="ab"))
    assert "the answer was cut off at its limit" in model.prompts[1]
    result, _, journal = run(strategy, [half, half, half], tmp_path, output=Pair)
    assert (result.status, result.output) == ("failed", None)
    last = journal.events(result.session_id)[-1]
    assert isinstance(last, RunFinished) and last.status == "failed"


def test_a_typed_answer_that_ends_at_the_limit_and_is_whole_is_taken(tmp_path: Path) -> None:
    result, _, _ = run("react", [f'{{"n": 1, "s": "ab"}}{CUT}'], tmp_path, output=Pair)
    assert result.output == Pair(n=1, s="ab")


def odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("it is even")
    return number


def test_what_no_schema_can_say_of_a_typed_answer_is_a_failed_run_and_no_traceback(tmp_path: Path) -> None:
    result, _, _ = run("react", ["4"], tmp_path, output=Annotated[int, pydantic.AfterValidator(odd)])
    assert (result.status, result.output) == ("failed", None)
    assert result.error == "The answer does not fit the type that was asked for: Value error, it is even."
    result, _, _ = run("react", [json.dumps({"n": "x", "s": "ab"})], tmp_path, output=Pair)
    assert "asked for: n: Input should be a valid integer" in (result.error or "")


class Breaks(Cutting):
    """Finds a rule broken by what holds `bad`."""

    async def score(self, prompt: Any, continuations: Any) -> Any:
        text = "".join(part.text for part in prompt)
        self._yes = 0.9 if "break this rule?" in text and "bad" in text.rpartition("Answer:")[2] else 0.01
        return await super().score(prompt, continuations)


def test_a_revision_of_a_typed_answer_that_is_cut_fails_the_run() -> None:
    model = Breaks([written("react", '{"n": 1, "s": "bad"}'), "It is bad.", f'{{"n": 1, "s": "go{CUT}'])
    made = Agent(model, [add], strategy="react", principles=["Say nothing rude."], journal=Journal(":memory:"))
    result = made.run_sync("Go", output=Pair)
    assert (result.status, result.output) == ("failed", None)
    assert "no whole JSON" in (result.error or "")


def test_a_revision_that_is_cut_is_given_and_told_of() -> None:
    journal = Journal(":memory:")
    model = Breaks([written("react", "bad"), "It is bad.", f"It is goo{CUT}"])
    made = Agent(model, [add], strategy="react", principles=["Say nothing rude."], journal=journal)
    result = made.run_sync("Go")
    assert (result.status, result.output) == ("ok", "It is goo")
    assert "The revised answer was cut off and is given as far as it goes." in notices(journal, result)
