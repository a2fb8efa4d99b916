"""A tool's argument schema: read from a Python signature, or given as foreign JSON Schema.

pydantic and jsonschema are imported when a schema is first looked at, not when a tool is defined: `import agentx`
stays quick.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

from agentx.errors import SchemaError, ToolError
from agentx.nearest import did_you_mean
from agentx.redaction import beginning
from agentx.sloppy_schema import as_meant
from agentx.tool import ToolContext, ToolSchema


class SignatureSchema(ToolSchema):
    """Schema of a function's parameters; texts from its Google-style docstring."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except (NameError, AttributeError, TypeError, SyntaxError) as error:  # of an annotation that is a text
            raise self._undescribed(error) from error
        self._fields: dict[str, tuple[Any, Any]] = {}
        self.returns = _shown_type(hints.get("return"))
        for parameter in inspect.signature(function).parameters.values():
            where = f"parameter `{parameter.name}` of `{function.__name__}`"
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise SchemaError(f"The {where} cannot be passed by keyword; give the tool plain named parameters.")
            annotation = hints.get(parameter.name)
            if annotation is None:
                raise SchemaError(f"The {where} has no type annotation; add one, it becomes the model's schema.")
            if annotation is ToolContext:
                self.context_parameter = parameter.name
            else:
                default = ... if parameter.default is parameter.empty else parameter.default
                self._fields[parameter.name] = (annotation, default)

    @cached_property
    def _docstring(self) -> tuple[str, dict[str, str]]:
        import docstring_parser

        parsed = docstring_parser.parse(inspect.getdoc(self._function) or "", docstring_parser.DocstringStyle.GOOGLE)
        text = "\n\n".join(part for part in (parsed.short_description, parsed.long_description) if part)
        return text, {item.arg_name: " ".join((item.description or "").split()) for item in parsed.params}

    @cached_property
    def description(self) -> str:  # type: ignore[override]
        return self._docstring[0]

    @cached_property
    def _model(self) -> Any:
        import pydantic

        texts = self._docstring[1]
        fields: dict[str, Any] = {
            # Aliases let a parameter have a name that pydantic keeps for itself (`schema`, `copy`, `_x`).
            f"p{i}": (annotation, pydantic.Field(default, alias=name, description=texts.get(name)))
            for i, (name, (annotation, default)) in enumerate(self._fields.items())
        }
        try:
            return pydantic.create_model(
                self._function.__name__, __config__=pydantic.ConfigDict(extra="forbid", strict=False), **fields
            )
        except _refusals() as error:
            raise self._undescribed(error) from error

    @cached_property
    def parameters(self) -> dict[str, Any]:  # type: ignore[override]
        try:
            return without_titles(self._model.model_json_schema())
        except _refusals() as error:
            raise self._undescribed(error) from error

    def _undescribed(self, error: Exception) -> SchemaError:
        name = getattr(self._function, "__name__", repr(self._function))
        return SchemaError(
            f"The signature of `{name}` has a type that cannot be described to a model "
            f"({(str(error) or repr(error)).splitlines()[0]}); use basic types, Literal, list, dict or pydantic models."
        )

    def validate(self, tool_name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        import pydantic

        try:
            model = self._model.model_validate(without_left_out(arguments, self.parameters))
        except pydantic.ValidationError as error:
            raise invalid(tool_name, self.parameters, list(self._fields), error.errors(include_url=False)[0]) from None
        return {name: getattr(model, f"p{i}") for i, name in enumerate(self._fields)}


def _refusals() -> tuple[type[Exception], ...]:
    """What pydantic raises of a type of which it can make no schema."""
    import pydantic

    return pydantic.errors.PydanticUserError, pydantic.errors.PydanticUndefinedAnnotation


def _shown_type(annotation: Any) -> str | None:
    """A return type in the words of a signature; None where there is nothing to tell a model."""
    if annotation is None or annotation is type(None):
        return None
    return annotation.__name__ if type(annotation) is type else str(annotation).replace("typing.", "")


class ForeignSchema(ToolSchema):
    """A JSON Schema that came from elsewhere; one without type, properties or descriptions is legal, and slips are read
    as they were meant (`sloppy_schema`)."""

    def __init__(self, name: str, parameters: Mapping[str, Any], context_parameter: str | None = None) -> None:
        self.context_parameter = context_parameter
        if not name:
            raise SchemaError("A tool needs a name that is not empty.")
        try:
            schema = as_meant(parameters)
        except RecursionError:
            raise SchemaError(f"The parameters of tool `{name}` are nested too deeply.") from None
        schema.setdefault("type", "object")
        schema.setdefault("properties", {})
        if schema["type"] != "object" or not isinstance(schema["properties"], Mapping):
            raise SchemaError(f"The parameters of tool `{name}` must be a JSON Schema of type object.")
        self._parameters = schema

    @property
    def parameters(self) -> dict[str, Any]:
        return self._parameters

    @cached_property
    def _validator(self) -> Any:
        import jsonschema

        return jsonschema.Draft202012Validator(self._parameters)

    def validate(self, tool_name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        properties = cast("dict[str, Any]", self._parameters["properties"])
        given = without_left_out(arguments, self._parameters)
        coerced = {name: _as_declared(value, properties.get(name, {})) for name, value in given.items()}
        if not self._parameters.get("additionalProperties", False):
            for name in coerced:
                if name not in properties:
                    raise unknown_argument(tool_name, name, list(properties))
        for problem in self._validator.iter_errors(coerced):
            raise refused(tool_name, problem)
        return coerced


def _as_declared(value: Any, schema: Any) -> Any:
    """JSON has one kind of number: `3` where a float is declared becomes `3.0`, `3.0` where an int is, `3`."""
    kind = cast("Mapping[str, Any]", schema).get("type") if isinstance(schema, Mapping) else None
    if isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, int):
        return float(value)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def without_left_out(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without the optional ones that are None where None is no value of theirs: that means "not given"."""
    required = parameters.get("required", [])
    properties = cast("Mapping[str, Any]", parameters.get("properties", {}))
    return {
        name: value
        for name, value in arguments.items()
        if value is not None or name in required or name not in properties or _takes_none(properties[name], parameters)
    }


def _takes_none(schema: Any, parameters: Mapping[str, Any]) -> bool:
    import jsonschema

    if not isinstance(schema, Mapping):
        return True
    definitions = {key: parameters[key] for key in ("$defs", "definitions") if key in parameters}
    return jsonschema.Draft202012Validator({**definitions, **cast("Mapping[str, Any]", schema)}).is_valid(None)


def ordered_parameters(parameters: Mapping[str, Any]) -> list[str]:
    """Names of an object schema's properties as a signature has them: required ones first."""
    required = parameters.get("required", [])
    return sorted(parameters["properties"], key=lambda name: name not in required)


def invalid(tool_name: str, parameters: Mapping[str, Any], names: list[str], problem: Any) -> ToolError:
    """One sentence for the model about what pydantic found wrong with its arguments."""
    place = ".".join(map(str, problem["loc"]))
    if problem["type"] == "missing":
        expected = ", ".join(names) or "none"
        return ToolError(f"{tool_name} needs the argument `{place}`; its arguments are: {expected}.", argument=place)
    if problem["type"] == "extra_forbidden":
        return unknown_argument(tool_name, place, names)
    sentence = beginning(f"{tool_name}: argument `{place}`: {problem['msg']} (got {problem['input']!r}).", 500)
    valid = choices(parameters["properties"].get(place, {}), parameters)
    return ToolError(f"{sentence}{did_you_mean(problem['input'], valid)}", argument=place)


def refused(tool_name: str, problem: Any) -> ToolError:
    """One sentence for the model about what jsonschema found wrong with its arguments."""
    place = ".".join(str(part) for part in problem.absolute_path)
    valid = problem.validator_value if problem.validator == "enum" else ()
    sentence = f"{tool_name}: {f'argument `{place}`: ' if place else ''}{problem.message}."
    if problem.validator == "required":
        place = next(name for name in problem.validator_value if name not in problem.instance)
    return ToolError(f"{sentence}{did_you_mean(problem.instance, valid)}", argument=place or None)


def unknown_argument(tool_name: str, name: str, known: list[str]) -> ToolError:
    expected = ", ".join(known) or "none"
    sentence = f"{tool_name} has no argument `{name}`; its arguments are: {expected}.{did_you_mean(name, known)}"
    return ToolError(sentence, argument=name)


def choices(schema: Any, root: Mapping[str, Any], depth: int = 0) -> list[Any]:
    """The values that a schema enumerates, those of its alternatives included; empty where it enumerates none."""
    if not isinstance(schema, Mapping) or depth > 4:
        return []
    given = cast("Mapping[str, Any]", schema)
    if "$ref" in given:
        return choices(resolve(str(given["$ref"]), root), root, depth + 1)
    parts: list[Any] = [*given.get("anyOf", ()), *given.get("oneOf", ())]
    return [*given.get("enum", ()), *(value for part in parts for value in choices(part, root, depth + 1))]


def resolve(reference: str, root: Mapping[str, Any]) -> Any:
    """What a local reference (`#/$defs/Name`) points to; an empty schema where it points nowhere."""
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    return found if reference.startswith("#") else {}


def without_titles(schema: Any) -> Any:
    """pydantic titles every field after its name: noise in a prompt."""
    if isinstance(schema, list):
        return [without_titles(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    items = cast("dict[str, Any]", schema).items()
    return {
        key: {name: without_titles(sub) for name, sub in value.items()}
        if key == "properties"
        else without_titles(value)
        for key, value in items
        if not (key == "title" and isinstance(value, str))
    }


def coerced(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with numbers as their schema declares them, nested lists and objects included."""
    return {
        name: _deep(value, cast("Mapping[str, Any]", parameters.get("properties", {})).get(name, {}))
        for name, value in arguments.items()
    }


def _deep(value: Any, schema: Any) -> Any:
    declared = cast("Mapping[str, Any]", schema) if isinstance(schema, Mapping) else {}
    if isinstance(value, list):
        return [_deep(item, declared.get("items", {})) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return coerced(cast("dict[str, Any]", value), declared)
    return _as_declared(value, declared)
