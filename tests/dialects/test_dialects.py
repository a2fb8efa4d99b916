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


def test_the_fields_of_objects_are_shown_with_what_they_are_for() -> None:
    size = {"type": "string", "enum": ["small", "large"], "description": "how\nmuch", "default": "small"}
    drink = {"type": "object", "properties": {"size": size, "milk": {"type": "string"}}, "required": ["milk"]}
    parameters = {"properties": {"drinks": {"type": "array", "items": drink}, "to": {"type": "string"}}}
    made = Tool.from_schema("serve", "Serve drinks.", parameters, lambda **arguments: None)
    assert PythonCalls().show_tools([made]).splitlines() == [
        'def serve(drinks: list[{size: Literal["small", "large"] = "small", milk: str}] = None, to: str = None):',
        '    """Serve drinks.',
        "    drinks:",
        '        size: how much"""',
    ]


def test_a_type_that_refers_to_itself_is_described_once() -> None:
    person = {"properties": {"name": {"description": "full"}, "parents": {"items": {"$ref": "#/$defs/P"}}}}
    parameters = {"properties": {"who": {"$ref": "#/$defs/P"}}, "$defs": {"P": {"type": "object", **person}}}
    made = Tool.from_schema("greet", "", parameters, lambda who: None)
    assert PythonCalls().show_tools([made]).count("name: full") == 1


def test_an_optional_argument_written_as_none_is_left_out_unless_none_is_a_value_of_it() -> None:
    made = Tool.from_schema(
        "f",
        "",
        {
            "properties": {
                "a": {"type": "string"},
                "b": {"type": "integer", "default": 3},
                "c": {"type": ["string", "null"], "default": "x"},
                "d": {"enum": ["y", None]},
                "e": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["a"],
        },
        lambda **arguments: None,
    )
    [(_, arguments)] = PythonCalls().parse('f(a="v", b=None, c=None, d=None, e=None)', [made])
    assert arguments == {"a": "v", "c": None, "d": None, "e": None}
    assert made.validate({"a": "v", "b": None}) == {"a": "v"}


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
    "data that looks like a reference": {"enum": [{"$ref": ""}, {"$ref": "#/$defs/Q"}]},
    "a property that is named like one": {"type": "object", "properties": {"$ref": {"type": "string"}}},
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
    assert accepts(f'order(items={item}, kind="post", gift=None)')
    assert accepts(f'order(items={item}, kind="post")\norder(items={item}, kind="pick-up", note="x")')
    assert not accepts(f"order(items={item})")
    assert not accepts(f'order(items={item}, kind="mail")')
    assert not accepts(f"order(items={item}, kind=None)")
    assert not accepts(f'order(items={item}, kind="post", gift=3)')
    assert not accepts(f'order(items={item}, kind="post", colour="red")')
    assert not accepts("buy(items=[])")


def accepting(parameters: dict[str, Any], text: str) -> bool:
    import llguidance

    made = Tool.from_schema("f", "", parameters, lambda **arguments: None)
    grammar = llguidance.grammar_from("lark", f"start: calls\n{PythonCalls().grammar([made])}")
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), grammar)
    return matcher.try_consume_tokens(list(text.encode())) == len(text.encode()) and matcher.is_accepting()


POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "properties": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "others"),
    [
        (POINT, False),
        ({"type": "array", "items": POINT}, False),
        ({**POINT, "additionalProperties": {"type": "integer"}}, True),
        ({"type": "object", "properties": {}}, True),
        ({"allOf": [POINT, {"type": "object", "properties": {"y": {"type": "integer"}}}]}, True),
    ],
)
def test_an_object_that_names_its_fields_gets_no_others_unless_its_schema_says_so(schema: Any, others: bool) -> None:
    parameters = {"properties": {"v": schema}, "required": ["v"]}
    opening, closing = ("[", "]") if schema.get("type") == "array" else ("", "")
    if schema.get("properties") or "allOf" in schema:
        assert accepting(parameters, f'f(v={opening}{{"x": 1}}{closing})')
    assert accepting(parameters, f'f(v={opening}{{"y": 2}}{closing})') == others


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


@both
def test_a_tool_has_the_same_name_whichever_of_the_tools_are_shown(dialect: Dialect) -> None:
    twin = Tool.from_schema("math_factorial", "", {}, lambda: None)
    known = [tool.name for tool in (FACTORIAL, twin)]
    alone, beside = (dialect.show_tools(tools, known) for tools in ([FACTORIAL], [FACTORIAL, twin]))
    assert beside.startswith(alone.removesuffix("</tools>").partition("\n</tools>")[0])
    check(f"start: calls\n{dialect.grammar([FACTORIAL], known)}")
    call = {"python": "math_factorial_2(n=3)", "hermes": dialect.show_call("math.factorial", {"n": 3})}[dialect.name]
    assert dialect.parse(call, [FACTORIAL], known) == [("math.factorial", {"n": 3})]
    with pytest.raises(DialectError, match="`math_factorial` is no tool"):
        dialect.parse(dialect.show_call("math_factorial", {}), [FACTORIAL], known)


@both
def test_what_is_nested_too_deeply_is_no_call(dialect: Dialect) -> None:
    for deep in ("[" * 100_000, "[" * 70 + "]" * 70):
        for text in (f"été(x={deep})", f'<tool_call>\n{{"name": "été", "arguments": {{"x": {deep}}}}}\n</tool_call>'):
            with pytest.raises(DialectError):
                dialect.parse(text, TOOLS)


def test_a_name_that_is_no_text_is_no_tool() -> None:
    with pytest.raises(DialectError, match="is no tool"):
        HermesJson().parse('<tool_call>\n{"name": ["été"], "arguments": {}}\n</tool_call>', TOOLS)
