"""Tools with schemas that nobody would write, for Hypothesis."""

from typing import Any

from hypothesis import strategies as st

from agentx.tool import Tool

DEFS: dict[str, Any] = {
    "Node": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "next": {"$ref": "#/$defs/Node"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
        },
        "required": ["name"],
        "additionalProperties": False,
    },
    "a/b~c": {"enum": ["a", "b", 1, None]},
}
PATTERNS = ["^[A-Z]{2}[0-9]{1,3}$", "^a+b?$", "[0-9]", "^(red|green)$", "^[0-9]{3}-[0-9]{2}$", '^[^"x]*$', "^$", "é|→"]

# A vocabulary need not hold the bytes of characters that do not exist yet.
characters = st.characters(exclude_categories=("Cs", "Cn", "Co"))


def texts(min_size: int = 0, max_size: int = 6) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=min_size, max_size=max_size)


names = st.one_of(
    st.sampled_from(
        ["a", "name", "Content-Type", "math.pi", "class", "_", "été", "日本", "a b", "$ref", "type", "1", '"']
    ),
    texts(min_size=1),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | texts(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts(max_size=4), inner, max_size=2),
    max_leaves=3,
)


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    kind = draw(st.sampled_from(["plain", "length", "pattern", "format", "enum"]))
    if kind == "length":
        least = draw(st.integers(0, 4))
        schema |= {"minLength": least, "maxLength": least + draw(st.integers(0, 4))}
    elif kind == "pattern":
        schema["pattern"] = draw(st.sampled_from(PATTERNS))
    elif kind == "format":
        schema["format"] = draw(st.sampled_from(["date", "date-time", "uuid", "email", "ipv4"]))
    elif kind == "enum":
        schema["enum"] = draw(st.lists(texts(max_size=8), min_size=1, max_size=5, unique=True))
    return schema


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["integer", "number"]))}
    bound = st.integers(-1000, 1000)
    if schema["type"] == "number" and draw(st.booleans()):
        bound = st.sampled_from([-2.5, -0.125, 0.0, 0.5, 1.75, 99.99])
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low = draw(bound)
        if draw(st.booleans()):
            schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = low + draw(st.integers(3, 500))
    elif draw(st.booleans()):
        schema["maximum"] = draw(bound)
    if schema["type"] == "integer" and draw(st.integers(0, 4)) == 0:
        schema["multipleOf"] = draw(st.integers(1, 3))
    return schema


odd = st.sampled_from(
    [
        {},
        True,
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["string", "null"]},
        {"type": ["integer", "boolean", "array"]},
        {"type": "object"},
        {"type": "array"},
        {"$ref": "#/$defs/Node"},
        {"$ref": "#/$defs/a~1b~0c"},
        {"description": "says nothing"},
    ]
)
leaves = st.one_of(
    strings(),
    numbers(),
    odd,
    st.builds(lambda choices: {"enum": choices}, st.lists(values, min_size=1, max_size=4)),
    st.builds(lambda value: {"const": value}, values),
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    properties = draw(st.dictionaries(names, inner, max_size=4))
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if properties:
        schema["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True, max_size=4))
    more = draw(st.sampled_from(["unsaid", "no", "typed"]))
    if more != "unsaid":
        schema["additionalProperties"] = False if more == "no" else {"type": "integer"}
    return schema


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array", "items": draw(inner)}
    if draw(st.booleans()):
        schema["minItems"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        schema["maxItems"] = schema.get("minItems", 0) + draw(st.integers(0, 3))
    return schema


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        objects(inner),
        arrays(inner),
        st.builds(lambda parts: {"anyOf": parts}, several),
        st.builds(lambda part: {"anyOf": [part, {"type": "null"}]}, inner),
        st.builds(lambda part: {"allOf": [part]}, inner),
    )


schemas = st.recursive(leaves, nested, max_leaves=5)


@st.composite
def tools(draw: st.DrawFn) -> Tool:
    parameters = draw(objects(schemas))
    # An argument that no parameter names is refused by the dispatcher, whatever the schema says.
    parameters.pop("additionalProperties", None)
    return Tool.from_schema(draw(names), "Does it.", {**parameters, "$defs": DEFS}, lambda **arguments: None)
