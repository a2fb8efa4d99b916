"""JSON in `<tool_call>` tags, as the Hermes models and many templates write it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentx.dialects.base import DialectError
from agentx.dialects.closing import closed
from agentx.dialects.json_grammar import finite, json_rule, quoted
from agentx.messages import is_shallow
from agentx.tool import Tool

_OPEN, _CLOSE = "<tool_call>\n", "\n</tool_call>"


class HermesJson:
    """The dialect `hermes`."""

    name = "hermes"
    result_mark = "<tool_response>"

    def show_tools(self, tools: Sequence[Tool], among: Iterable[str] | None = None) -> str:
        lines = (
            json.dumps(
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters}, ensure_ascii=False
            )
            for tool in tools
        )
        return (
            "<tools>\n" + "\n".join(lines) + "\n</tools>\nA call of a tool is written as\n"
            f'{_OPEN}{{"name": <name>, "arguments": <arguments as JSON>}}{_CLOSE}'
        )

    def grammar(self, tools: Sequence[Tool], among: Iterable[str] | None = None) -> str:
        rules = ['calls: d_call ("\\n" d_call)*', f"d_call: {' | '.join(f'd_c{i}' for i in range(len(tools)))}"]
        for i, tool in enumerate(tools):
            opening = f'{_OPEN}{{"name": {json.dumps(tool.name, ensure_ascii=False)}, "arguments": '
            schema = {"additionalProperties": False, **closed(tool.parameters)}
            rules.append(f"d_c{i}: {quoted(opening)} d_a{i} {quoted('}' + _CLOSE)}")
            rules.append(f"d_a{i}: {json_rule(schema)}")
        return "\n".join(rules)

    def parse(
        self, text: str, tools: Sequence[Tool], among: Iterable[str] | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        known = {tool.name for tool in tools}
        calls: list[tuple[str, dict[str, Any]]] = []
        for inner in re.findall(r"<tool_call>\n(.*?)(?:\n</tool_call>|\Z)", text, re.DOTALL):
            try:
                call = json.loads(inner, parse_float=finite)
                name, arguments = call["name"], dict(call["arguments"])
                if not is_shallow(arguments):
                    raise RecursionError
            except (ValueError, KeyError, TypeError):
                raise DialectError(f"a call is cut off: `{inner[:80]}`") from None
            except RecursionError:
                raise DialectError("a call is nested too deeply") from None
            if not isinstance(name, str) or name not in known:
                raise DialectError(f"`{name}` is no tool")
            calls.append((name, arguments))
        if not calls:
            raise DialectError(f"there is no call in `{text[:80]}`")
        return calls

    def show_call(self, name: str, arguments: Mapping[str, Any]) -> str:
        return f"{_OPEN}{json.dumps({'name': name, 'arguments': dict(arguments)}, ensure_ascii=False)}{_CLOSE}"

    def show_result(self, text: str) -> str:
        return f"<tool_response>\n{text}\n</tool_response>"
