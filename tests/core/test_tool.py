from collections.abc import Callable
from typing import Annotated, Any, Literal

import pydantic
import pytest

from agentx import Agent, Tool, ToolContext, ToolError, tool
from agentx.errors import SchemaError, UsageError
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from agentx.toolbox import Toolbox


class Point(pydantic.BaseModel):
    x: float
    y: float = 0.0


@tool(capabilities=["writes"], timeout_s=5, idempotent=True)
def plot(
    points: list[Point],
    mode: Literal["line", "dots"] = "line",
    title: str | None = None,
    schema: Annotated[int, "a name that pydantic keeps for itself"] = 1,
    *,
    context: ToolContext,
) -> str:
    """Plot some points.

    As a picture.

    Args:
        points: where they are,
            in centimetres.
        mode: how they are joined.
    """
    return f"{len(points)} {mode} {title} {schema} {context.workspace}"


def test_a_schema_comes_from_the_signature_and_the_docstring() -> None:
    assert plot.name == "plot"
    assert plot.description == "Plot some points.\n\nAs a picture."
    assert plot.parameters["required"] == ["points"]
    assert list(plot.parameters["properties"]) == ["points", "mode", "title", "schema"]
    assert plot.parameters["properties"]["points"]["description"] == "where they are, in centimetres."
    assert plot.parameters["properties"]["mode"]["enum"] == ["line", "dots"]
    assert plot.parameters["$defs"]["Point"]["required"] == ["x"]


def test_options_are_kept() -> None:
    assert plot.capabilities == {"writes"}
    assert (plot.timeout_s, plot.idempotent) == (5, True)


def test_arguments_are_coerced_to_their_types() -> None:
    arguments = plot.validate({"points": [{"x": 1}], "schema": "7"})
    assert arguments["points"] == [Point(x=1.0, y=0.0)]
    assert arguments["schema"] == 7
    assert arguments["mode"] == "line"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "plot needs the argument `points`; its arguments are: points, mode, title, schema."),
        ({"points": [], "colour": 1}, "plot has no argument `colour`; its arguments are: points, mode, title, schema."),
        ({"points": [], "mode": "bars"}, "plot: argument `mode`: Input should be 'line' or 'dots' (got 'bars')."),
        (
            {"points": [{"y": 1}]},
            "plot needs the argument `points.0.x`; its arguments are: points, mode, title, schema.",
        ),
    ],
)
def test_a_wrong_argument_is_named_in_one_sentence(arguments: dict, sentence: str) -> None:
    with pytest.raises(ToolError) as error:
        plot.validate(arguments)
    assert str(error.value) == sentence


def test_a_tool_is_still_a_function(tmp_path) -> None:
    assert plot([], context=ToolContext(tmp_path)).endswith(str(tmp_path))


def test_a_parameter_without_a_type_is_refused() -> None:
    with pytest.raises(SchemaError, match="parameter `x` of `f` has no type annotation"):

        @tool
        def f(x):
            return x


def test_a_parameter_that_cannot_be_passed_by_keyword_is_refused() -> None:
    with pytest.raises(SchemaError, match="cannot be passed by keyword"):

        @tool
        def f(*xs: int):
            return xs


def test_a_type_that_no_schema_can_describe_is_refused() -> None:
    class Opaque:
        pass

    @tool
    def f(x: Opaque) -> None:
        """Doc."""

    with pytest.raises(SchemaError, match="cannot be described to a model"):
        f.parameters


def foreign(parameters: dict) -> Tool:
    return Tool.from_schema("math.add", "Adds.", parameters, lambda **arguments: sum(arguments.values()))


def test_a_foreign_schema_coerces_numbers_as_declared() -> None:
    adding = foreign({"properties": {"a": {"type": "number"}, "b": {"type": "integer"}}, "required": ["a"]})
    arguments = adding.validate({"a": 3, "b": 4.0})
    assert arguments == {"a": 3.0, "b": 4}
    assert [type(value) for value in arguments.values()] == [float, int]


def test_a_foreign_schema_names_what_is_wrong() -> None:
    adding = foreign({"properties": {"a": {"type": "number"}}, "required": ["a"]})
    with pytest.raises(ToolError, match="math.add: 'a' is a required property"):
        adding.validate({})
    with pytest.raises(ToolError, match="math.add has no argument `c`; its arguments are: a."):
        adding.validate({"a": 1, "c": 2})
    with pytest.raises(ToolError, match="argument `a`: 'x' is not of type 'number'"):
        adding.validate({"a": "x"})


def test_a_foreign_schema_without_anything_is_legal() -> None:
    assert foreign({}).validate({}) == {}


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({"type": "array", "items": {"type": "string"}, "enum": ["red", "blue"]}, ["blue", "red"]),
        ({"type": "array", "enum": ["red", "blue"]}, ["blue"]),
        ({"type": "integer", "enum": ["1", "2"]}, "2"),
        ({"type": "array", "items": {"type": "integer"}, "enum": ["red", "blue"]}, ["blue"]),
        ({"type": "array", "enum": [[1], [2]]}, [2]),
        ({"type": "string", "enum": ["1", "2"]}, "2"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda schema: schema, lambda schema: {"anyOf": [schema, {"type": "null"}]}])
def test_choices_that_contradict_their_type_are_read_as_they_were_meant(declared: dict, given: Any, wrap: Any) -> None:
    tool = Tool.from_schema("t", "", {"properties": {"a": wrap(declared)}, "required": ["a"]}, print)
    assert tool.validate({"a": given}) == {"a": given}
    with pytest.raises(ToolError):
        tool.validate({"a": ["green"] if isinstance(given, list) else "green"})


def test_a_parameter_may_be_called_like_a_keyword() -> None:
    names = {"enum": {"type": "string"}, "items": {"type": "integer"}, "type": {"type": "string", "enum": ["x"]}}
    given = {"enum": "a", "items": 1, "type": "x"}
    assert foreign({"properties": names}).validate(given) == given
    assert foreign({"properties": names}).parameters["properties"] == names


@pytest.mark.parametrize("parameters", [{"type": "string"}, {"properties": []}])
def test_a_foreign_schema_that_is_no_object_is_refused(parameters: dict) -> None:
    with pytest.raises(SchemaError, match="must be a JSON Schema of type object"):
        foreign(parameters)


def test_a_tool_without_a_name_is_refused() -> None:
    with pytest.raises(SchemaError, match="needs a name"):
        Tool.from_schema("", "x", {}, print)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="Two tools are named `plot`"):
        Toolbox([plot, plot])


def test_an_unknown_tool_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="There is no tool `plo`. Did you mean `plot`?"):
        Toolbox([plot])["plo"]


@pytest.mark.parametrize(
    ("arguments", "sentence", "argument"),
    [
        ({"p1": "x", "p2": 2}, "distance: argument `p1`: ", "p1"),
        ({"p1": 1, "p2": "x"}, "distance: argument `p2`: ", "p2"),
        ({"p1": 1}, "distance needs the argument `p2`; its arguments are: p1, p2.", "p2"),
        ({"p1": 1, "p2": 2, "p7": 3}, "distance has no argument `p7`; its arguments are: p1, p2.", "p7"),
        ({"p1": 1, "p2": 2, "p0": 3}, "distance has no argument `p0`; its arguments are: p1, p2.", "p0"),
    ],
)
def test_an_argument_may_have_a_letter_and_a_number_for_a_name(arguments: dict, sentence: str, argument: str) -> None:
    @tool
    def distance(p1: float, p2: float) -> float:
        """Distance."""
        return abs(p1 - p2)

    assert distance.validate({"p1": 1, "p2": 2}) == {"p1": 1.0, "p2": 2.0}
    with pytest.raises(ToolError) as error:
        distance.validate(arguments)
    assert str(error.value).startswith(sentence) and error.value.argument == argument


def test_a_parameter_that_no_json_can_give_is_refused() -> None:
    @tool
    def f(on: Callable[[int], int]) -> None:
        """Doc."""

    with pytest.raises(SchemaError, match="The signature of `f` has a type that cannot be described to a model"):
        f.parameters
    with pytest.raises(SchemaError, match="Tool `f`: The signature of `f` has a type that cannot be described"):
        Agent(ScriptedModel(["Hello."]), [f], journal=MemoryJournal()).run_sync("Hi.")


@pytest.mark.parametrize("annotation", ["Nowhere", "list[Nowhere]", "3 +", "int.nothing"])
def test_an_annotation_that_cannot_be_read_is_refused(annotation: str) -> None:
    def f(x) -> None:
        """Doc."""

    f.__annotations__["x"] = annotation
    with pytest.raises(SchemaError, match="The signature of `f` has a type that cannot be described to a model"):
        Tool.from_function(f)
