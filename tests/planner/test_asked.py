"""The calls of a reply as they were asked for: none too many, none too few."""

import asyncio
from typing import Any

import pytest

from agentx import Agent, tool
from agentx.journal import Journal
from agentx.messages import ToolCall
from agentx.models.scripted import ScriptedModel
from agentx.planner.crossed import crossed
from agentx.planner.further import without_further
from agentx.planner.omitted import is_missing, omitted
from agentx.planner.requests import with_numbers_apart
from agentx.toolbox import Toolbox


@tool
def rain(town: str, month: str = "", year: int = 0) -> str:
    """The rain of a month in a town."""
    return "12 mm"


@tool
def founder(company: str) -> str:
    """Who founded a company."""
    return "nobody"


@tool
def share_price(company: str) -> str:
    """What a share of a company costs at the stock exchange."""
    return "nothing"


@tool(capabilities=["writes"])
def invite(guest: str, day: str) -> str:
    """Invite a guest for a day."""
    return "done"


TOOLS = Toolbox([rain, founder, share_price, invite])


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall("", name, arguments)


def left_out(request: str, *calls: ToolCall) -> list[str]:
    return [request[claim.start : claim.end] for claim in omitted(request, calls)]


@pytest.mark.parametrize(
    ("request_", "arguments", "missing"),
    [
        ("What was the rain in Oslo and Bergen in May?", {"town": "Oslo", "month": "May"}, ["Bergen"]),
        ("What was the rain in Oslo in 2019 and 2021?", {"town": "Oslo", "year": 2019}, ["2021"]),
        ("The rain in Oslo, Bergen and also in Bodø", {"town": "Oslo"}, ["Bergen", "Bodø"]),
        ("The rain in 'Old Town', and in the town 'New Town'", {"town": "Old Town"}, ["'New Town'"]),
        ('"What was the rain in Oslo and Bergen?"', {"town": "Oslo"}, ["Bergen"]),
        ("What was the rain in Oslo and Bergen?", {"town": "Oslo and Bergen"}, []),
        ("What was the rain in Oslo, but not in Bergen?", {"town": "Oslo"}, []),
        ("The rain in Oslo and Bergen, and don't tell Ann", {"town": "Oslo"}, ["Bergen"]),
        # These stand in no list: units, abbreviations, what the tool's name says already.
        ("The rain (RR) in Oslo in May in Millimetres per Month", {"town": "Oslo", "month": "May"}, []),
    ],
)
def test_what_a_list_names_and_no_call_is_found(request_: str, arguments: dict[str, Any], missing: list[str]) -> None:
    assert left_out(request_, call("rain", **arguments)) == missing


def test_a_call_that_says_the_same_in_other_words_is_not_what_was_missing() -> None:
    request = "The weather in Naples, Florida, and Miami"
    first = call("rain", town="Naples, FL")
    claims = omitted(request, [first])
    assert not is_missing(call("rain", town="Naples, Florida"), [first], claims)
    assert not is_missing(call("rain", town="Naples, FL", month="Florida"), [first], claims)
    assert not is_missing(call("rain", town="Rome"), [first], claims)
    assert is_missing(call("rain", town="Miami"), [first], claims)


def test_names_may_share_a_word() -> None:
    request = "The weather in New York and New Orleans"
    first = call("rain", town="New York")
    assert is_missing(call("rain", town="New Orleans"), [first], omitted(request, [first]))


def made(request: str, *calls: ToolCall) -> list[dict[str, Any]]:
    return [made.arguments for made in crossed(request, calls, TOOLS, call_new)]


def call_new(name: str, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall("new", name, arguments)


def test_a_call_is_added_for_each_pair_of_two_lists() -> None:
    diagonal = [call("rain", town="Oslo", year=2019), call("rain", town="Bergen", year=2021)]
    added = [{"town": "Oslo", "year": 2021}, {"town": "Bergen", "year": 2019}]
    asked = "Compare the rain of Oslo and Bergen in 2019 and 2021."
    assert made(asked, *diagonal) == [*(made.arguments for made in diagonal), *added]


@pytest.mark.parametrize(
    "asked",
    [
        "The rain of Oslo and Bergen in 2019 and 2021 respectively.",
        "The rain of Oslo in 2019, and of Bergen in 2021.",
        "The rain of Oslo and Bergen this year.",
    ],
)
def test_pairs_that_belong_together_stay(asked: str) -> None:
    diagonal = [call("rain", town="Oslo", year=2019), call("rain", town="Bergen", year=2021)]
    assert made(asked, *diagonal) == [made.arguments for made in diagonal]


def test_nothing_is_changed_more_often_than_the_model_has_written() -> None:
    asked = "Invite Ann and Ben for Monday and Friday."
    diagonal = [call("invite", guest="Ann", day="Monday"), call("invite", guest="Ben", day="Friday")]
    assert len(made(asked, *diagonal)) == 2
    # Two values of one argument and one of another are no lists that cross.
    assert len(made("The rain of Oslo and Bergen in May.", call("rain", town="Oslo"), call("rain", town="Bergen"))) == 2


def test_what_else_the_calls_differ_in_is_no_list() -> None:
    diagonal = [call("rain", town="Oslo", year=2019, snow=True), call("rain", town="Bergen", year=2021, snow=False)]
    assert len(made("The rain of Oslo and Bergen in 2019 and 2021.", *diagonal)) == 2


def test_a_product_of_many_is_left_to_the_model() -> None:
    towns, years = ["Oslo", "Bergen", "Bodø", "Moss"], [2017, 2018, 2019, 2020]
    asked = "The rain of Oslo, Bergen, Bodø and Moss in 2017, 2018, 2019 and 2020."
    assert len(made(asked, *(call("rain", town=t, year=y) for t, y in zip(towns, years, strict=True)))) == 4


def kept(request: str, *calls: ToolCall) -> list[str]:
    return [call.name for call in without_further(calls, request, TOOLS)]


def test_a_call_of_a_related_function_is_left_out_where_nothing_asks_for_it() -> None:
    first, further = call("founder", company="Acme"), call("share_price", company="Acme")
    assert kept("Who founded Acme?", first, further) == ["founder"]
    assert kept("Who founded Acme, and what does a share cost?", first, further) == ["founder", "share_price"]
    assert kept("Who founded Acme, and what is it traded at at the exchange?", first, further) == [
        "founder",
        "share_price",
    ]
    # What is called first stays, and so does what names something of its own.
    assert kept("Who founded Acme?", further, first) == ["share_price", "founder"]
    assert kept("Who founded Acme? Look at Bolt too.", first, call("share_price", company="Bolt")) == [
        "founder",
        "share_price",
    ]


def test_words_of_another_language_tell_nothing() -> None:
    first, further = call("founder", company="Acme"), call("share_price", company="Acme")
    assert kept("Wer hat Acme gegründet?", first, further) == ["founder", "share_price"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Factorials of 5,10 and 15", "Factorials of 5, 10 and 15"),
        ("in 1,5 or 10 years", "in 1, 5 or 10 years"),
        ("1,234 and 15", "1,234 and 15"),
        ("pay 1,234.50 and go", "pay 1,234.50 and go"),
        ("A(3,4) and B(1,2)", "A(3,4) and B(1,2)"),
        ("1,5 und 10 Jahre", "1,5 und 10 Jahre"),
    ],
)
def test_numbers_of_a_list_are_shown_apart(text: str, shown: str) -> None:
    assert with_numbers_apart(text) == shown


def run(model: ScriptedModel, task: str) -> list[dict[str, Any]]:
    agent = Agent(model, [rain, founder, share_price], strategy="direct", journal=Journal(":memory:"))
    result = asyncio.run(agent.run(task))
    return [call.arguments for call in result.calls]


def test_the_model_writes_what_was_missing_and_the_prompt_shows_all_calls() -> None:
    model = ScriptedModel(['rain(town="Oslo")', 'rain(town="Bergen")', "12 mm in both."])
    assert run(model, "How much rain falls in Oslo and Bergen?") == [{"town": "Oslo"}, {"town": "Bergen"}]
    assert 'rain(town="Oslo")\nrain(town="Bergen")' in model.prompts[-1]


def test_what_it_writes_beside_the_request_is_not_called() -> None:
    model = ScriptedModel(['rain(town="Oslo")', 'rain(town="Oslo", year=2020)', "12 mm."])
    assert run(model, "How much rain falls in Oslo and Bergen?") == [{"town": "Oslo"}]
    assert "2020" not in model.prompts[-1]


def test_what_changes_something_is_not_done_once_more() -> None:
    model = ScriptedModel(['invite(guest="Ann", day="Monday")', 'invite(guest="Ben", day="Monday")', "Ann is invited."])
    agent = Agent(model, [invite], strategy="direct", journal=Journal(":memory:"), allow=["all"])
    result = asyncio.run(agent.run("Invite Ann and Ben for Monday."))
    assert [call.arguments["guest"] for call in result.calls] == ["Ann"]
