import asyncio
import re

from agentx import Agent
from agentx.models.scripted import ScriptedModel
from agentx.planner.lexical import words
from benchmarks.retrieval.__main__ import Found, misses, score, table
from benchmarks.retrieval.choice import choose, summary
from benchmarks.retrieval.data import Request, requests, tools


def test_there_are_two_hundred_tools_and_every_domain_is_asked_for() -> None:
    known = {tool.name: tool for tool in tools()}
    assert len(known) == 200
    assert all(tool.parameters["properties"].keys() >= set(tool.parameters["required"]) for tool in known.values())
    asked = requests()
    assert len(asked) >= 150
    assert {name for request in asked for name in request.tools} <= known.keys()
    halves = [sum(request.half == half for request in asked) for half in ("tune", "held")]
    assert abs(halves[0] - halves[1]) <= 1
    assert len({request.text for request in asked}) == len(asked)


def test_no_request_copies_the_name_of_its_tool() -> None:
    copied = [
        (name, request.text)
        for request in requests()
        for name in request.tools
        if set(words(re.sub(r"^\w+\.", "", name))) <= set(words(request.text))
    ]
    assert copied == []


def test_recall_counts_the_first_eight_and_the_reciprocal_rank_the_first_hit() -> None:
    request = Request("a and b", ("a", "b"), "tune")
    value = score([Found(request, (1, 9)), Found(request, (None, 4)), Found(request, (8, 2))])
    assert value.recall == (0.5 + 0.5 + 1) / 3
    assert value.mrr == (1 + 1 / 4 + 1 / 2) / 3


def test_the_table_tells_the_halves_apart_and_only_the_tuning_half_is_listed() -> None:
    found = [Found(Request("x", ("a",), "tune"), (1,)), Found(Request("y", ("b",), "held"), (20,))]
    lines = table({"fused": found}).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["fused", "tune", "1", "100.0%", "1.000"],
        ["fused", "held", "1", "0.0%", "0.050"],
    ]
    assert misses(found) == []
    assert misses([Found(Request("z", ("c",), "tune"), (None,))]) == ["none  c: z"]


def test_a_model_is_right_where_it_called_all_the_tools_of_a_request() -> None:
    model = ScriptedModel(['set_alarm(time="6:00")', 'send_mail(to="a", subject="b", body="c")'])
    asked = [Request("Wake me at six, with an alarm.", ("set_alarm",), "held")] * 2
    chosen = asyncio.run(choose(Agent(model, tools()), asked))
    assert [one.right for one in chosen] == [True, False]
    assert summary(chosen).startswith("1 of 2 right (50%), 0 answered without a call")
