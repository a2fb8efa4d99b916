"""Probes, asked of a scripted model."""

import asyncio
from typing import Any

import pytest

from agentx import plugins, tool
from agentx.messages import ToolCall
from agentx.model import GREEDY, Fragment
from agentx.models.scripted import ScriptedModel
from agentx.planner.base import Turn
from agentx.planner.probes import ASKS_FOR_CHANGE, PROBES, RELEVANCE, Verdict, ask
from agentx.toolbox import Toolbox


@tool
def tide(harbour: str) -> str:
    """High water at a harbour."""
    return harbour


class Recording(ScriptedModel):
    """A scripted model that keeps what its probes were shown."""

    def __init__(self, yes: float) -> None:
        self.asked: list[str] = []
        super().__init__(yes=lambda text: self.asked.append(text) or yes)


def turn(model: ScriptedModel, *tools: Any, task: str = "When is high water?", **more: Any) -> Turn:
    return Turn(
        model=model,
        dialect=plugins.load("agentx.dialects", "python")(),
        toolbox=Toolbox(tools),
        task=task,
        sampling=GREEDY,
        emit=lambda event: None,
        new_call=lambda name, arguments: ToolCall("1", name, arguments),
        **more,
    )


def answer(made: Turn, *arguments: Any) -> Verdict:
    return asyncio.run(ask(made, *arguments))


@pytest.mark.parametrize(("probability", "yes"), [(0.49, False), (0.51, True)])
def test_yes_begins_at_the_threshold_of_the_probe(probability: float, yes: bool) -> None:
    verdict = answer(turn(ScriptedModel(yes=probability)), ASKS_FOR_CHANGE)
    assert (verdict.yes, verdict.probability) == (yes, pytest.approx(probability))


def test_yes_begins_at_the_threshold_of_the_model_where_it_is_known() -> None:
    assert not answer(turn(ScriptedModel(yes=0.7), thresholds={"asks_for_change": 0.8}), ASKS_FOR_CHANGE).yes
    assert answer(turn(ScriptedModel(yes=0.7), thresholds={"relevance": 0.8}), ASKS_FOR_CHANGE).yes


def test_a_question_about_the_task_alone_shows_no_tools() -> None:
    model = Recording(0.9)
    answer(turn(model, tide), ASKS_FOR_CHANGE)
    assert "Task: When is high water?" in model.asked[0]
    assert "tide" not in model.asked[0]


def test_a_question_about_the_tools_is_the_end_of_the_opening_of_its_strategy() -> None:
    model = Recording(0.9)
    made = turn(model, tide)
    strategy = plugins.load("agentx.strategies", RELEVANCE.beside or "")()
    answer(made, RELEVANCE, strategy)
    assert model.asked == ["".join(fragment.text for fragment in strategy.opening(made, False))]
    assert "def tide(harbour: str)" in model.asked[0]
    assert "Request: When is high water?" in model.asked[0]


def test_in_a_conversation_a_question_about_the_tools_is_answered_where_it_stands() -> None:
    model = Recording(0.9)
    made = turn(model, tide, prompt=[Fragment("Before. Yes or No?")])
    answer(made, RELEVANCE, plugins.load("agentx.strategies", RELEVANCE.beside or "")())
    assert model.asked == ["Before. Yes or No?"]


def test_a_question_is_asked_once_a_task() -> None:
    model = Recording(0.9)
    made = turn(model)
    assert answer(made, ASKS_FOR_CHANGE).yes
    assert answer(made, ASKS_FOR_CHANGE).yes
    assert len(model.asked) == 1


def test_a_follow_up_is_asked_about_with_what_was_said_before() -> None:
    model = Recording(0.9)
    answer(
        turn(model, task="Yes, please.", conversation=[("A?", "B."), ("Whose is it?", "Bo's. Save it?")]),
        ASKS_FOR_CHANGE,
    )
    assert "Yes, please.\n(Before, the user said: Whose is it? And was answered: Bo's. Save it?)" in model.asked[0]


@pytest.mark.parametrize("probe", PROBES.values(), ids=list(PROBES))
def test_every_probe_has_a_question_for_yes_or_no(probe: Any) -> None:
    assert "Yes or No" in probe.wording
    assert 0 < probe.threshold < 1
    if not probe.beside:
        question = probe.wording.rpartition("\n---\n")[2]
        assert question.count("$task") == 1
        assert question.endswith(("Yes or No.", "Answer:"))
