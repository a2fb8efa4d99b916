"""Naughty strings and JSON documents through every tool argument, parser and renderer; a crash is a defect.

python -m benchmarks.safety.naughty
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentx import plugins
from agentx.dispatch import carry_out
from agentx.errors import ToolError
from agentx.messages import ToolCall
from agentx.tool import Tool, ToolContext
from benchmarks.safety.naughty_data import documents, strings
from benchmarks.safety.naughty_texts import CHECKS

SETTINGS: dict[str, dict[str, Any]] = {
    # Nothing leaves the machine: the searches fail at once, and so do the pages.
    "web_search": {"provider": "searxng", "url": "http://127.0.0.1:9/", "retries": 0, "min_interval_s": 0},
    "fetch_page": {"robots": False},
}
TRACES = (Path("/tmp/blns.fail"), Path("/tmp/blns.shellshock1.fail"), Path("/tmp/blns.shellshock2.fail"))
"""Files that some of the strings make where a shell of the host sees them."""


@dataclass(frozen=True, slots=True)
class Crash:
    where: str
    text: str
    why: str


def texts() -> list[str]:
    return [*strings(), *(text for _, text in documents())]


def of_checks(inputs: Sequence[str]) -> Iterator[Crash]:
    for check in CHECKS:
        for text in inputs:
            try:
                check(text)
            except Exception as error:
                yield Crash(check.__name__, text, f"{type(error).__name__}: {error}")


def of_tools(inputs: Sequence[str], workspace: Path, names: Sequence[str] = ()) -> Iterator[Crash]:
    """Each text as each text argument of each tool, through what carries out the calls of a run."""
    tools, problems = plugins.load_all("agentx.tools")
    assert not problems, problems
    for name, tool in sorted(tools.items()):
        if not names or name in names:
            yield from asyncio.run(_of_tool(cast("Tool", tool), inputs, workspace))


async def _of_tool(tool: Tool, inputs: Sequence[str], workspace: Path) -> list[Crash]:
    crashes: list[Crash] = []
    context = ToolContext(workspace, settings=SETTINGS.get(tool.name, {}))
    for argument, others in _text_arguments(tool):
        for text in inputs:
            call = ToolCall("1", tool.name, {**others, argument: text})
            try:
                result = await carry_out(tool, call, context)
                result.text.encode()
                why = result.traceback
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
            if why:
                crashes.append(Crash(f"{tool.name}({argument})", text, why))
    return crashes


def of_validation(cases: Sequence[tuple[str, str]]) -> Iterator[Crash]:
    """Each valid document as the arguments, and as each argument, of each tool: taken, or refused in a sentence."""
    tools, _ = plugins.load_all("agentx.tools")
    for _name, text in cases:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for tool in cast("Mapping[str, Tool]", tools).values():
            given = [value] if isinstance(value, dict) else []
            for arguments in [*given, *({name: value} for name in tool.parameters["properties"])]:
                try:
                    with suppress(ToolError):
                        tool.validate(arguments)
                except Exception as error:
                    yield Crash(f"{tool.name}.validate", text, f"{type(error).__name__}: {error}")


def _text_arguments(tool: Tool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each argument that takes text, with values for the others that are needed."""
    properties = cast("dict[str, dict[str, Any]]", tool.parameters["properties"])
    needed = {name: _some(properties[name]) for name in tool.parameters.get("required", [])}
    for name, schema in properties.items():
        if any(kind.get("type") == "string" and "enum" not in kind for kind in [schema, *schema.get("anyOf", [])]):
            yield name, needed


def _some(schema: Mapping[str, Any]) -> Any:
    return {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "array": []}.get(str(schema.get("type")), {})


def main() -> int:
    started = time.perf_counter()
    inputs = texts()
    with tempfile.TemporaryDirectory() as folder:
        crashes = [*of_checks(inputs), *of_validation(documents()), *of_tools(strings(), Path(folder))]
    for crash in crashes:
        print(f"{crash.where}: {crash.text[:60]!r}\n{crash.why}")
    print(
        f"{len(strings())} strings and {len(documents())} documents: {len(crashes)} crashes "
        f"in {time.perf_counter() - started:.0f} s; traces: {[str(path) for path in TRACES if path.exists()]}"
    )
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main())
