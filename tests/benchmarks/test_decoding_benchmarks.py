"""The decoding benchmarks' parts that need no large model."""

import json
import sys
from pathlib import Path

import jsonschema
import pytest

from agentx.decoding.constraint import check
from agentx.dialects.json_grammar import json_rule
from benchmarks.decoding import schemas, tool_call
from benchmarks.decoding.concurrent import AT_ONCE, ours_at_once, ours_one_by_one, questions
from benchmarks.decoding.requests import KINDS, TOOLS
from benchmarks.decoding.schema_set import SCHEMAS
from benchmarks.decoding.schemas import FORWARD, FREE, GBNF, MASKED, PEER_FREE, NotTaken, Sides, Worker, pooled
from benchmarks.decoding.sides import Ours, Reply


def test_no_request_is_asked_twice() -> None:
    asked = [tool_call.task(number) for number in range(30 * len(KINDS))]
    assert len(set(asked)) == len(asked)
    assert {kind.tool for kind in KINDS} < {tool.name for tool in TOOLS}
    assert len({question for number in range(30) for question in questions(number)}) == 30 * AT_ONCE


def test_rounds_are_compared_as_wholes() -> None:
    def replies(seconds: list[float]) -> list[Reply]:
        return [Reply("get_weather", each, 10) for each in seconds for _ in KINDS]

    figure, probed = tool_call.figures(
        {
            tool_call.OURS: replies([1.0, 1.0, 1.0]),
            tool_call.PROBED: replies([2.0, 2.0, 2.0]),
            tool_call.PEER: replies([4.0, 2.0, 5.0]),
        }
    )
    assert figure.value.show() == "0.25 (0.20 to 0.50)"
    assert (figure.reached, probed.reached) == (True, None)


def test_there_are_twenty_schemas_and_a_grammar_can_be_made_of_each() -> None:
    assert len({asked.name for asked in SCHEMAS}) == 20
    for asked in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(asked.schema)
        check(f"start: {json_rule(asked.schema)}")


def test_times_per_token_are_pooled_over_the_schemas_that_a_side_takes() -> None:
    both = {
        FORWARD: [Reply("", 1.0, 8), Reply("", 2.0, 8)],
        FREE: [Reply("", 2.0, 8), Reply("", 2.0, 8)],
        PEER_FREE: [Reply("", 1.0, 8)] * 2,
    }
    one = {**both, GBNF: [Reply("", 3.0, 8)] * 2}
    ratio, peer = pooled({"a": both, "b": one}, FORWARD), pooled({"a": both, "b": one}, GBNF)
    assert ratio and (ratio.least, ratio.most) == (0.5, 1.0)
    assert peer and (peer.median, peer.count) == (3.0, 2)
    assert pooled({"a": both}, MASKED) is None


def test_both_sides_obey_a_schema_and_an_unusable_one_is_named(small_model: Path) -> None:
    asked = SCHEMAS[1]
    with Ours(small_model, 2) as ours, Worker(sys.executable, "gbnf", small_model, 2) as worker:
        replies, refusals = schemas.measure(Sides(ours, worker, None), asked, 1)
        with pytest.raises(NotTaken, match="Error"):
            worker.reply("Hello", {"$ref": "#/$defs/nowhere"})
        with pytest.raises(NotTaken, match="process ended"):  # llama.cpp gives the grammar up, and the binding crashes
            worker.reply("Hello", {"type": "string", "pattern": r"^\d$"})
        assert worker.reply("Hello", None).tokens
    assert not refusals
    for side in (FORWARD, MASKED, GBNF):
        jsonschema.validate(json.loads(replies[side][0].text), asked.schema)
    assert replies[FORWARD][0].forced > 0
    assert replies[MASKED][0].forced == 0


def test_what_was_measured_before_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    row = {"text": "{}", "seconds": 1.0, "tokens": 2, "forced": 1, "read": 1}
    measured = {"replies": {"flat object": {FORWARD: [row]}}, "refusals": {"flat object": {GBNF: "why"}}}
    path.write_text(json.dumps({"measured": measured}))
    replies, refusals = schemas.earlier(path)
    assert replies == {"flat object": {FORWARD: [Reply("{}", 1.0, 2, 1, 1)]}}
    assert refusals == {"flat object": {GBNF: "why"}}


def test_requests_at_once_and_one_by_one_have_as_many_tokens(small_model: Path) -> None:
    with Ours(small_model, 2) as ours:
        together, apart = ours_at_once(ours, 0, max_tokens=3), ours_one_by_one(ours, 1, max_tokens=3)
    assert (together.tokens, apart.tokens) == (3 * AT_ONCE, 3 * AT_ONCE)
    assert together.rate == together.tokens / together.seconds
