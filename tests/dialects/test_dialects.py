import json
import sys
from typing import Any, Literal

import jsonschema
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentx.decoding.constraint import check
from agentx.dialects.base import Dialect, DialectError
from agentx.dialects.hermes import HermesJson
from agentx.dialects.identifiers import identifiers, is_identifier
from agentx.dialects.python_calls import PythonCalls
from agentx.errors import SchemaError
from agentx.tool import Tool, tool

DIALECTS: list[Dialect] = [PythonCalls(), HermesJson()]
both = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


class Item(pydantic.BaseModel):
    name: str
    price: float
    parts: list["Item"] = []


@tool
def order(items: list[Item], kind: Literal["post", "pick-up"], note: str | None = None, gift: bool = False) -> str:
    """Order some items.

    Args:
        items: what to order.
        kind: how it is sent.
    """
    return "done"


FACTORIAL = Tool.from_schema(
    "math.factorial",
    "Factorial of n.",
    {"properties": {"n": {"type": "integer"}, "Content-Type": {"description": "a header"}}, "required": ["n"]},
    lambda **arguments: 1,
)
BARE = Tool.from_schema("été", "", {}, lambda: None)
TOOLS = [order, FACTORIAL, BARE]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_tools_are_shown_as_python_signatures() -> None:
    shown = PythonCalls().show_tools(TOOLS)
    assert 'kind: Literal["post", "pick-up"], note: str | None = None, gift: bool = False) -> str:' in shown
    assert "    items: what to order." in shown
    assert "def math_factorial(n: int, Content_Type: Any = None):" in shown
    assert "def été():" in shown


@both
def test_every_tool_has_a_grammar(dialect: Dialect) -> None:
    check(f"start: calls\n{dialect.grammar(TOOLS)}")


@both
@given(data=st.data())
def test_a_call_that_is_shown_is_read_back(dialect: Dialect, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.text(min_size=1, max_size=6), unique=True, min_size=1, max_size=4))
    fields = {name: {} for name in names}
    made = Tool.from_schema("a.tool", "", {"properties": fields}, lambda **arguments: None)
    arguments = {name: data.draw(VALUES) for name in names}
    # The dialect maps argument names by the tool's whole list of names, as `show_call` is given it.
    assert dialect.parse(dialect.show_call("a.tool", arguments), [made]) == [("a.tool", arguments)]


@both
def test_several_calls_are_read_in_order(dialect: Dialect) -> None:
    calls = [("math.factorial", {"n": 3}), ("été", {}), ("math.factorial", {"n": 4, "Content-Type": None})]
    text = "\n".join(dialect.show_call(name, arguments) for name, arguments in calls)
    assert dialect.parse(text, TOOLS) == calls


@both
@pytest.mark.parametrize("cut", [3, 14, 18, 25])
def test_a_call_that_is_cut_off_is_refused(dialect: Dialect, cut: int) -> None:
    whole = dialect.show_call("order", {"items": [{"name": "pen", "price": 2}], "kind": "post"})
    with pytest.raises(DialectError):
        dialect.parse(whole[:-cut], TOOLS)


def test_identifiers_are_unambiguous_and_identifiers_keep_their_name() -> None:
    assert identifiers(["a.b", "a_b", "class", "1x", "-"]) == {
        "a.b": "a_b_2",
        "a_b": "a_b",
        "class": "class_",
        "1x": "_1x",
        "-": "_",
    }


@given(st.lists(st.text(min_size=1), unique=True))
def test_any_names_get_distinct_identifiers(names: list[str]) -> None:
    given_names = identifiers(names)
    assert list(given_names) == names
    assert len(set(given_names.values())) == len(names)
    assert all(is_identifier(name) for name in given_names.values())


SCHEMAS: dict[str, dict[str, Any]] = {
    "a reference": {"$ref": "#/$defs/P"},
    "an array of references": {"type": "array", "items": {"$ref": "#/$defs/P"}},
    "any of several": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    "a huge enum": {"enum": [f"value {i}" for i in range(2000)]},
    "a pattern": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$"},
    "a boolean enum": {"enum": [True, False, None]},
    "a list of types": {"type": ["string", "null"]},
    "nothing": {},
    "true": True,
}


@both
@pytest.mark.parametrize("kind", SCHEMAS)
def test_this_schema_has_a_grammar_and_a_description(dialect: Dialect, kind: str) -> None:
    parameters = {
        "type": "object",
        "properties": {"value": SCHEMAS[kind]},
        "required": ["value"],
        "$defs": {"P": {"type": "object", "properties": {"next": {"$ref": "#/$defs/P"}, "x": {"type": "number"}}}},
    }
    made = Tool.from_schema("f", "Does it.", parameters, lambda value: None)
    check(f"start: calls\n{dialect.grammar([made])}")
    assert "f" in dialect.show_tools([made])


def test_the_grammar_and_the_schema_agree_on_optional_arguments() -> None:
    import llguidance

    tokenizer = llguidance.LLTokenizer("byte")
    grammar = llguidance.grammar_from("lark", f"start: calls\n{PythonCalls().grammar([order])}")

    def accepts(text: str) -> bool:
        matcher = llguidance.LLMatcher(tokenizer, grammar)
        return matcher.try_consume_tokens(list(text.encode())) == len(text.encode()) and matcher.is_accepting()

    item = '[{"name": "pen", "price": 2.5}]'
    assert accepts(f'order(items={item}, kind="post")')
    assert accepts(f'order(items={item}, kind="post", gift=True)')
    assert accepts(f'order(items={item}, kind="post", note=None, gift=False)')
    assert accepts(f'order(items={item}, kind="post")\norder(items={item}, kind="pick-up", note="x")')
    assert not accepts(f"order(items={item})")
    assert not accepts(f'order(items={item}, kind="mail")')
    assert not accepts(f'order(items={item}, kind="post", gift=3)')
    assert not accepts(f'order(items={item}, kind="post", colour="red")')
    assert not accepts("buy(items=[])")


def test_what_the_hermes_grammar_accepts_validates() -> None:
    [(name, arguments)] = HermesJson().parse(
        '<tool_call>\n{"name": "order", "arguments": {"items": [], "kind": "post"}}\n</tool_call>', TOOLS
    )
    assert name == "order"
    jsonschema.validate(json.loads(json.dumps(arguments)), order.parameters)


@pytest.mark.parametrize(
    ("schema", "words"),
    [(False, "allows no value"), ({"$ref": "#"}, "refers to `#`"), ({"$ref": "#/properties/x"}, "#/properties/x")],
)
def test_what_the_python_dialect_does_not_support_is_named(schema: Any, words: str) -> None:
    made = Tool.from_schema("f", "", {"properties": {"v": schema}}, lambda v: v)
    with pytest.raises(SchemaError, match=words):
        PythonCalls().grammar([made])


@both
def test_any_character_may_stand_in_a_tool_name(dialect: Dialect) -> None:
    made = Tool.from_schema('a\x7f"\n\\', "", {}, lambda: None)
    check(f"start: calls\n{dialect.grammar([made])}")


def test_a_number_beyond_a_floats_range_is_the_largest_there_is() -> None:
    [(_, arguments)] = PythonCalls().parse("math_factorial(n=-3e80025703250486)", TOOLS)
    assert arguments["n"] == -sys.float_info.max
