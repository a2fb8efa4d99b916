"""Patterns mean to the grammar what they mean to the validator."""

import json
import re
from functools import cache
from typing import Any

import llguidance
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentx.dialects.json_grammar import json_rule
from agentx.dialects.patterns import pattern_read_alike, read_alike

PATTERNS = [
    '^[^"x]*$',
    r"^[^\\]*$",
    r'^[^"\\\n]+$',
    '^a"b$',
    r"^a\\b$",
    '^["a]*$',
    r"^[\x00-!#-~]*$",
    r"^[^\]x]*$",
    "^[]x]+$",
    "^[^]x]+$",
    r"^\[a\]$",
    "^[[a]*$",
    "^[a&&b]*$",
    "^[+-]?[0-9]+$",
    r"^\S*$",
    r"^[^\s]*$",
]


TOKENIZER = llguidance.LLTokenizer("byte")


@cache
def grammar(schema: str) -> Any:
    return llguidance.grammar_from("lark", f"start: {json_rule(json.loads(schema))}")


def accepts(schema: Any, value: Any) -> bool:
    matcher = llguidance.LLMatcher(TOKENIZER, grammar(json.dumps(schema)))
    assert not matcher.is_error(), matcher.get_error()
    text = json.dumps(value).encode()
    return matcher.try_consume_tokens(list(text)) == len(text) and matcher.is_accepting()


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text('"\\x[]&ab\n\t1+-', max_size=4))
def test_a_grammar_and_the_validator_agree(pattern: str, text: str) -> None:
    # To JSON Schema the end is the end; to Python's `$` a newline may follow.
    exact = pattern.removesuffix("$") + r"\Z"
    assert accepts({"type": "string", "pattern": pattern}, text) == bool(re.search(exact, text))


def test_keys_are_held_to_their_patterns_too() -> None:
    schema = {"type": "object", "patternProperties": {'^[^"]*$': {"type": "integer"}}, "additionalProperties": False}
    assert accepts(schema, {"a": 1})
    assert not accepts(schema, {'a"': 1})


def test_only_patterns_are_rewritten() -> None:
    schema = {
        "properties": {"pattern": {"type": "string", "pattern": "[^a]"}, "enum": {"items": {"pattern": "[b]"}}},
        "enum": [{"pattern": "[^a]"}],
        "default": {"pattern": "[^a]"},
        "anyOf": [{"pattern": r"\[c"}, True],
    }
    assert read_alike(schema) == {
        **schema,
        "properties": {
            "pattern": {"type": "string", "pattern": pattern_read_alike("[^a]")},
            "enum": {"items": {"pattern": pattern_read_alike("[b]")}},
        },
    }
