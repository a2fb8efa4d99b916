"""Every call that a model without a mind decodes is read by its dialect and is valid: random tools, random weights."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from agentx.dialects.hermes import HermesJson
from agentx.dialects.python_calls import PythonCalls
from agentx.model import Constraint, Delta, Fragment, Sampling
from agentx.tool import Tool
from tests.soak.test_schemas import validate

REPLIES = 25
"""Of one test; 200 in all."""
NAMES = ["find_boats", "math.factorial", "Content-Type", "zähle", "list", "a b"]
KEYS = ["place", "length", "X-Rate", "class", "kinds", "été", "cheap", "<|im_end|>"]


def schema(dice: random.Random, depth: int = 2) -> dict[str, Any]:
    """A schema whose values are short, so that a reply comes to its end."""
    kind = dice.choice(["enum", "integer", "boolean", "string", "null"] + ["array", "object"] * (depth > 0))
    match kind:
        case "enum":
            return {"enum": dice.sample(["sail", "<|im_end|>", 'a "b"', 7, None, "→ é", "\n"], 3)}
        case "integer":
            low = dice.randrange(-50, 50)
            return {"type": "integer", "minimum": low, "maximum": low + dice.randrange(200)}
        case "string":
            return {"type": "string", "maxLength": dice.randrange(1, 6)}
        case "array":
            return {"type": "array", "items": schema(dice, depth - 1), "maxItems": dice.randrange(1, 4)}
        case "object":
            return fields(dice, depth - 1) | {"additionalProperties": False}
        case _:
            return {"type": kind}


def fields(dice: random.Random, depth: int) -> dict[str, Any]:
    names = dice.sample(KEYS, dice.randrange(1, 4))
    required = [name for name in names if dice.random() < 0.6]
    return {"type": "object", "properties": {name: schema(dice, depth) for name in names}, "required": required}


def some_tools(dice: random.Random) -> list[Tool]:
    names = dice.sample(NAMES, dice.randrange(1, 4))
    return [Tool.from_schema(name, "Does it.", fields(dice, 2), lambda **arguments: None) for name in names]


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_every_call_is_valid_by_construction(load: Callable[..., Any], kind: str, part: int) -> None:
    model = load(kind)
    ends: Counter[str] = Counter()

    async def one(seed: int) -> None:
        dice = random.Random(seed)
        offered, dialect = some_tools(dice), (PythonCalls(), HermesJson())[seed % 2]
        constraint = Constraint(f"start: calls\n{dialect.grammar(offered)}", fast_forward=seed % 4 < 2)
        prompt = [Fragment("Call one or more of the functions.\n"), Fragment(f"{seed % 7}\n")]
        sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=seed)
        text, last = "", Delta("")
        async for last in model.decode(prompt, constraint=constraint, max_tokens=200, sampling=sampling):
            text += last.text
        ends[str(last.finish)] += 1
        if last.finish in ("length", "repetition"):
            return
        calls = dialect.parse(text, offered)
        assert calls, text
        by_name = {tool.name: tool for tool in offered}
        for name, arguments in calls:
            validate(by_name[name], arguments)
        if not constraint.fast_forward:
            assert last.usage.forced_tokens == 0

    async def all_of_them() -> None:
        for start in range(part * REPLIES, (part + 1) * REPLIES, 5):
            await asyncio.gather(*map(one, range(start, start + 5)))

    asyncio.run(all_of_them())
    # Else nothing was tested.
    assert ends["stop"] + ends["grammar"] >= 0.6 * REPLIES, dict(ends)


def test_a_text_that_spells_a_special_token_is_text_in_a_call_too(load: Callable[..., Any]) -> None:
    model = load()
    parameters = {"type": "object", "properties": {"x": {"enum": ["<|im_end|>"]}}, "required": ["x"]}
    tool = Tool.from_schema("f", "Does it.", parameters, lambda **arguments: None)
    dialect = HermesJson()

    async def go() -> tuple[str, Delta]:
        text, last = "", Delta("")
        constraint = Constraint(f"start: calls\n{dialect.grammar([tool])}")
        async for last in model.decode([Fragment("Call f.")], constraint=constraint, max_tokens=200):
            text += last.text
        return text, last

    text, last = asyncio.run(go())
    assert {json.dumps(arguments) for _, arguments in dialect.parse(text, [tool])} == {'{"x": "<|im_end|>"}'}
    tokens = [token for fragment in last.fragments for token in fragment.tokens or ()]
    special = model._engine.llama.tokenize("<|im_end|>", True)[0]
    assert special not in tokens[:-1]
