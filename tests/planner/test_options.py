"""Options of a call that nobody asked for are left out."""

import asyncio
from typing import Any, Literal

import pytest

from agentx import Agent, tool
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.claims.source import Source
from agentx.planner.options import without_unasked


@tool
def weather(
    town: str,
    unit: Literal["celsius", "fahrenheit"] = "celsius",
    days: int = 1,
    wind_speed: bool = False,
    parts: list[str] | None = None,
    humidity: float = 0.5,
) -> str:
    """The weather of a town."""
    return "sun"


def kept(request: str, seen: str = "", **arguments: Any) -> dict[str, Any]:
    kept = without_unasked(weather, {"town": "Oslo", **arguments}, request, [Source(request), Source(seen)])
    assert kept.pop("town") == "Oslo", "what a call must have stays, whoever said it"
    return kept


@pytest.mark.parametrize(
    ("option", "asks"),
    [
        ({"unit": "fahrenheit"}, "What is the weather in Oslo, in Fahrenheit?"),
        ({"days": 3}, "What will the weather be like in Oslo for three days?"),
        ({"days": 3}, "What will the weather be like in Oslo on 3 days?"),
        ({"wind_speed": True}, "What is the weather in Oslo, with the winds?"),
        ({"parts": ["morning", "night"]}, "What is the weather in Oslo in the mornings?"),
        ({"humidity": 0.8}, "What is the weather in Oslo at 80 % of humidity?"),
    ],
)
def test_an_option_stays_where_it_was_spoken_of(option: dict[str, Any], asks: str) -> None:
    assert kept(asks, **option) == option
    assert kept("What is the weather like in the town?", **option) == {}
    assert kept("What is the weather like in the town?", seen=asks, **option) == option


def test_an_option_that_says_nothing_is_left_out() -> None:
    assert kept("What is the weather in Oslo?", parts=[], unit="") == {}


def test_signs_stay_since_words_may_say_them() -> None:
    assert kept("What is the weather in Oslo?", parts=["+"]) == {"parts": ["+"]}


def test_what_is_the_default_stays() -> None:
    assert kept("What is the weather in Oslo?", days=1, unit="celsius") == {"days": 1, "unit": "celsius"}


def test_a_short_word_of_the_request_bears_out_no_longer_one() -> None:
    assert kept("Is it so in Oslo, and why?", parts=["sofa", "isle", "wharf"]) == {}


@pytest.mark.parametrize("request_", ["Wie ist das Wetter in Oslo?", "오슬로 날씨 알려줘", "Weather Oslo!"])
def test_in_other_languages_all_options_stay(request_: str) -> None:
    assert kept(request_, unit="fahrenheit") == {"unit": "fahrenheit"}


def test_a_call_is_proposed_made_and_shown_without_such_options() -> None:
    written, made = 'weather(town="Oslo", unit="fahrenheit")', 'weather(town="Oslo")'
    model = ScriptedModel([written, written, "It is sunny."])
    agent = Agent(model, [weather], strategy="direct", journal=Journal(":memory:"))
    task = "What is the weather in Oslo?"
    assert [call.arguments for call in asyncio.run(agent.propose(task)).calls] == [{"town": "Oslo"}]
    assert [call.arguments for call in asyncio.run(agent.run(task)).calls] == [{"town": "Oslo"}]
    assert made in model.prompts[-1] and written not in model.prompts[-1]
