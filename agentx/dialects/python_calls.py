"""One Python call a line: what small coder models write best.

Tools are shown as signatures with their docstring; a call is `name(argument=value, …)` with JSON values, but for the
Python words True, False and None where a value is one of them. Arguments stand in the order of the signature, required
ones first. Any optional argument may be written as None, as its signature has it: it is then one that was left out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentx.dialects.base import DialectError
from agentx.dialects.closing import closed
from agentx.dialects.identifiers import identifiers
from agentx.dialects.json_grammar import finite, json_rule, quoted
from agentx.dialects.python_types import annotation, default, literal, notes
from agentx.messages import is_shallow
from agentx.schema import ordered_parameters, without_left_out
from agentx.tool import Tool

_WORDS = {"True": True, "False": False, "None": None}


class PythonCalls:
    """The dialect `python`."""

    name = "python"
    result_mark = "->"

    def show_tools(self, tools: Sequence[Tool], among: Iterable[str] | None = None) -> str:
        names = _names(tools, among)
        return "\n\n".join(_definition(names[tool.name], tool) for tool in tools)

    def grammar(self, tools: Sequence[Tool], among: Iterable[str] | None = None) -> str:
        names = _names(tools, among)
        rules = ['calls: d_call ("\\n" d_call)*', f"d_call: {' | '.join(f'd_c{i}' for i in range(len(tools)))}"]
        for i, tool in enumerate(tools):
            rules += _call_rules(f"d_c{i}", names[tool.name], tool)
        return "\n".join(rules)

    def parse(
        self, text: str, tools: Sequence[Tool], among: Iterable[str] | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        names = _names(tools, among)
        by_identifier = {names[tool.name]: tool.name for tool in tools}
        parameters = {tool.name: tool.parameters for tool in tools}
        calls: list[tuple[str, dict[str, Any]]] = []
        position = 0
        while position < len(text):
            alias, position = _word(text, position, "(")
            if alias not in by_identifier:
                raise DialectError(f"`{alias[:80]}` is no tool")
            name = by_identifier[alias]
            arguments, position = _arguments(text, position)
            back = {alias: real for real, alias in identifiers(parameters[name]["properties"]).items()}
            named = {back.get(alias, alias): value for alias, value in arguments.items()}
            calls.append((name, without_left_out(named, parameters[name])))
            while position < len(text) and text[position] in "\r\n":
                position += 1
        return calls

    def show_call(self, name: str, arguments: Mapping[str, Any]) -> str:
        given = identifiers(arguments)
        shown = (f"{given[key]}={_value(value)}" for key, value in arguments.items())
        return f"{identifiers([name])[name]}({', '.join(shown)})"

    def show_result(self, text: str) -> str:
        return f"-> {text}"


def _names(tools: Sequence[Tool], among: Iterable[str] | None) -> dict[str, str]:
    return identifiers((tool.name for tool in tools) if among is None else among)


def signature(alias: str, tool: Tool) -> str:
    """What stands behind `def`, on one line: `area(base: float, height: float = 1.0) -> float`."""
    schema = tool.parameters
    required = schema.get("required", [])
    given = identifiers(schema["properties"])
    arguments: list[str] = []
    for name in ordered_parameters(schema):
        sub = schema["properties"][name]
        arguments.append(f"{given[name]}: {annotation(sub, schema)}{'' if name in required else default(sub)}")
    returns = f" -> {tool.schema.returns}" if tool.schema.returns else ""
    return f"{alias}({', '.join(arguments)}){returns}"


def _definition(alias: str, tool: Tool) -> str:
    schema = tool.parameters
    given = identifiers(schema["properties"])
    names = ordered_parameters(schema)
    lines = [line for name in names for line in notes(given[name], schema["properties"][name], schema)]
    text = "\n".join(line.strip() for line in tool.description.strip().splitlines())
    docstring = "\n    ".join([text.replace("\n", "\n    "), *lines]).strip()
    return f'def {signature(alias, tool)}:\n    """{docstring}"""'


def _call_rules(rule: str, alias: str, tool: Tool) -> list[str]:
    """Rules for one tool's call. `…_f{j}`: arguments from the j-th on, none written yet; `…_r{j}`: some written."""
    schema = closed(tool.parameters)
    required = schema.get("required", [])
    names = ordered_parameters(schema)
    given = identifiers(schema["properties"])
    rules = [f'{rule}: {quoted(alias + "(")} {rule}_f0 ")"' if names else f"{rule}: {quoted(alias + '()')}"]
    for j, name in enumerate(names):
        value = f"{rule}_v{j}"
        rules.append(f"{value}: {_value_rule(schema['properties'][name], schema)}")
        rest = f" {rule}_r{j + 1}" if j + 1 < len(names) else ""
        first, later = quoted(f"{given[name]}="), quoted(f", {given[name]}=")
        if name in required:
            rules += [f"{rule}_f{j}: {first} {value}{rest}", f"{rule}_r{j}: {later} {value}{rest}"]
        else:
            skipped = f"{rule}_f{j + 1}" if rest else '""'
            value = f'({value} | "None")'
            rules += [f"{rule}_f{j}: {first} {value}{rest} | {skipped}", f"{rule}_r{j}: ({later} {value})?{rest}"]
    return rules


def _value_rule(schema: Any, root: Mapping[str, Any]) -> str:
    """A value's rule: Python's words where the whole value is a boolean or may be None, JSON for the rest."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "boolean" and "enum" not in schema and "const" not in schema:
            return '"True" | "False"'
        parts = schema.get("anyOf")
        if isinstance(parts, list) and {"type": "null"} in parts:
            rest = [part for part in parts if part != {"type": "null"}]
            if len(rest) == 1:
                return f'"None" | {_value_rule(rest[0], root)}'
    return json_rule(schema, root)


def _value(value: Any) -> str:
    return literal(value) if value is None or isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


def _word(text: str, position: int, end: str) -> tuple[str, int]:
    stop = text.find(end, position)
    if stop < 0:
        raise DialectError(f"a call is cut off: `{text[position : position + 80]}`")
    return text[position:stop].strip(), stop + 1


def _arguments(text: str, position: int) -> tuple[dict[str, Any], int]:
    """The arguments from behind the opening bracket, and the position behind the closing one."""
    arguments: dict[str, Any] = {}
    while True:
        while text[position : position + 1] in (",", " "):
            position += 1
        if text[position : position + 1] == ")":
            return arguments, position + 1
        name, position = _word(text, position, "=")
        arguments[name], position = _literal_at(text, position)


def _literal_at(text: str, position: int) -> tuple[Any, int]:
    for word, value in _WORDS.items():
        if text.startswith(word, position):
            return value, position + len(word)
    try:
        value, end = json.JSONDecoder(parse_float=finite).raw_decode(text, position)
        if is_shallow(value):
            return value, end
        raise RecursionError
    except ValueError:
        raise DialectError(f"an argument is cut off: `{text[position : position + 80]}`") from None
    except RecursionError:
        raise DialectError("an argument is nested too deeply") from None
