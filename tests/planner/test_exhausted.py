"""A tool that gives the same whatever it is asked is masked until another has worked."""

import pytest

from agentx import Agent, tool
from agentx.events import CallFinished, Notice
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.exhausted import SAME
from tests.planner.runs import collect


@tool
def search(words: str) -> str:
    """Searches."""
    return "nothing"


@tool
def titles() -> list[str]:
    """Titles."""
    return ["a", "b"]


@tool
def ring(times: int) -> None:
    """Rings."""


@tool(capabilities=["writes"])
def save(text: str) -> str:
    """Saves."""
    return "saved"


def searches(count: int) -> list[str]:
    return [f'# Again.\nsearch(words="{"x" * (number + 1)}")\n->' for number in range(count)]


def agent(*replies: str, tools: object = (search, titles)) -> Agent:
    return Agent(ScriptedModel([*replies, "# So.\nAnswer: ok"]), tools, strategy="react", journal=Journal(":memory:"))  # type: ignore[arg-type]


def test_a_search_that_finds_nothing_is_masked_until_another_tool_has_worked() -> None:
    made = agent(*searches(SAME), "# Else.\ntitles()\n->", *searches(1))
    events = collect(made)
    told = "search gives the same whatever it is asked: use another function, or answer."
    assert [event.text for event in events if isinstance(event, Notice)].count(told) >= 1
    # What is masked is no part of the grammar: the call that follows is that of the other tool.
    assert [event.result.text for event in events if isinstance(event, CallFinished)][SAME] == "a\nb"
    assert told in made._model.prompts[SAME]  # type: ignore[union-attr]


def test_a_call_of_a_masked_tool_cannot_be_decoded() -> None:
    events = collect(agent(*searches(SAME + 1)))
    assert len([event for event in events if isinstance(event, CallFinished)]) == SAME


@pytest.mark.parametrize(("tools", "call"), [((ring, titles), "ring(times={})"), ((save, titles), 'save(text="{}")')])
def test_a_tool_that_acts_may_say_the_same_each_time(tools: object, call: str) -> None:
    replies = [f"# Again.\n{call.format(number)}\n->" for number in range(SAME + 2)]
    made = Agent(
        ScriptedModel([*replies, "# So.\nAnswer: ok"]),
        tools,
        strategy="react",
        allow=["all"],
        journal=Journal(":memory:"),  # type: ignore[arg-type]
    )
    events = collect(made, "Ring and save, often.")
    assert len([event for event in events if isinstance(event, CallFinished)]) == SAME + 2


def test_the_only_tool_is_not_taken_away() -> None:
    events = collect(agent(*searches(SAME + 2), tools=[search]))
    assert len([event for event in events if isinstance(event, CallFinished)]) == SAME + 2
