"""What was to be changed and was not is not told as done."""

import asyncio
from pathlib import Path

import pytest

from agentx import Agent, ToolError, tool
from agentx.events import TextDelta
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.code import MAX_TRIES
from tests.planner.runs import ANSWER, CHANGE, LOOKS, PROGRAM, Deciding, agent, collect


@tool(capabilities=["writes"])
def lend(book: str) -> str:
    """Lends a book."""
    if book in "xz":
        raise ToolError(f"there is no book {book}")
    return "lent"


@tool
def find(book: str) -> str:
    """Finds a book."""
    raise ToolError(f"there is no book {book}")


def reacting(*replies: str) -> tuple[Agent, ScriptedModel]:
    model = ScriptedModel(replies)
    return Agent(model, [lend, find], strategy="react", allow=["all"], journal=Journal(":memory:")), model


@pytest.mark.parametrize(
    ("calls", "begins"),
    [
        (['lend(book="x")'], "Answer: I could not"),
        (['lend(book="x")', 'lend(book="y")'], "Answer: "),
        (['lend(book="y")', 'lend(book="x")'], "Answer: "),
        (['find(book="x")'], "Answer: "),
    ],
)
def test_after_a_change_that_failed_an_answer_says_so(calls: list[str], begins: str) -> None:
    made, model = reacting(*(f"# So.\n{call}\n->" for call in calls), "# So.\nAnswer: It is so.")
    collect(made)
    constraint = model.constraints[-1]
    assert constraint and f'answer: "{begins}" answer_text' in constraint.lark


def test_what_the_user_says_meanwhile_begins_anew() -> None:
    made, model = reacting('# So.\nlend(book="x")\n->', "# So.\nAnswer: I could not.", "# So.\nAnswer: It is so.")
    session = made.session()
    for task in ("Lend x.", "Where is it?"):
        asyncio.run(session.run(task))
    constraint = model.constraints[-1]
    assert constraint and 'answer: "Answer: " answer_text' in constraint.lark


def test_an_answer_without_a_thought_says_so_too() -> None:
    model = ScriptedModel(['lend(book="x")', 'lend(book="z")', " lend x: there is none."])
    made = Agent(model, [lend], strategy="direct", allow=["all"], journal=Journal(":memory:"))
    events = collect(made)
    assert events[-1].output == "I could not lend x: there is none."  # type: ignore[union-attr]
    said = "".join(event.text for event in events if isinstance(event, TextDelta) and event.channel == "answer")
    assert said == "I could not lend x: there is none."


def test_a_program_that_went_on_after_its_change_failed_has_changed_nothing(tmp_path: Path) -> None:
    code = 'try:\n    lend(book="x")\nexcept Exception as error:\n    print(error)'
    model = Deciding([code, *[code] * MAX_TRIES, " lend x."], [LOOKS, PROGRAM, CHANGE, CHANGE, ANSWER])
    events = collect(agent(model, tmp_path, lend, allow=["all"]), "Lend x.")
    assert events[-1].output == "I could not lend x."  # type: ignore[union-attr]
