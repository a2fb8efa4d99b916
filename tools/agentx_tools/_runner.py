"""Runs one Python program behind the walls of the sandbox: the part of the `python` tool that the model's code meets.

Called in a process of its own, a fork of the sandbox's server, which has loaded this module before the walls stood.
"""

import ast
import importlib
import json
import linecache
import os
import socket
import sys
import time
import traceback
import types
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from agentx_tools import _lenient, _look
from agentx_tools._failures import NAME, described, variables_in_reach
from agentx_tools._lenient import COMMON
from agentx_tools._overwritten import CALLED, Overwritten
from agentx_tools._remedy import remedy
from agentx_tools._variables import Variables

MAX_REPORT_CHARACTERS = 2_000
NUL = "\0"
"""Parts what is told of an error from the lines that the next program should begin with."""
MAX_KEEPING_S = 2.0
"""Pickling its variables may take so long, and no more than half of what is left of a program's time."""


def main(request: Mapping[str, Any], report: int, channel: int | None) -> int:
    """Runs the program of a request and returns its exit status.

    Args:
        request: `source`, `task` for the function `look`, `functions`, the host's tools (`functions.described`),
            `limits` (`Limits.as_json`), and where variables are kept, `keep_bytes`, how many at most, `state`, what the
            program before has left, and `keep`, the file descriptor for what this one leaves.
        report: file descriptor on which an error is told, and behind a NUL how to go on.
        channel: file descriptor on which the host answers calls of its tools.
    """
    begun = time.monotonic()
    sys.stdout = sys.__stdout__ = printing_to(1)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = printing_to(2)  # type: ignore[misc]
    sys.argv = [NAME]
    # Last, so that no file of the workspace shadows a module of the library.
    sys.path.append(str(Path.cwd()))
    source: str = request["source"]
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    module, variables, text, begin = types.ModuleType("__main__"), None, "", ""
    if "keep_bytes" in request:
        state, keep, most = request["state"], request["keep"], request["keep_bytes"]
        variables = Variables(module, state, keep, most, frozenset((*COMMON, "Path")))
    overwritten = Overwritten()
    overwritten.watch()
    try:
        run(source, module, {"look": look_for(request["task"]), **functions(request["functions"], channel)}, variables)
        sys.stdout.flush()
    except SystemExit as error:
        text = "" if error.code in (None, 0) else f"the program exited with {error.code!r}"
    except BaseException as error:
        text, begin = explained(error, request["functions"], variables)
    with suppress(Exception):
        text = "\n".join(filter(None, [text, overwritten.put_back(failed=bool(text))]))
    told = f"{text.replace(NUL, '')[:MAX_REPORT_CHARACTERS]}{NUL}{begin}" if text else ""
    os.write(report, told.encode("utf-8", "backslashreplace"))
    if variables:
        with suppress(BaseException):
            left_s = begun + request["limits"]["timeout_s"] - time.monotonic()
            variables.save(max(0.01, min(MAX_KEEPING_S, left_s / 2)))
    return 1 if text else 0


def explained(error: BaseException, given: Mapping[str, Any], variables: Variables | None) -> tuple[str, str]:
    """What is told of an exception, and the lines that the next program should begin with; whatever it is like, the
    program's own error is told."""
    text, begin = f"{type(error).__name__}", ""
    with suppress(Exception):
        text = "".join(traceback.format_exception_only(error)).strip()
        text = described(error, given, variables)
    with suppress(Exception):
        begin = remedy(error, variables_in_reach(error))
    return text, begin


def printing_to(file: int) -> TextIO:
    """By line, so that both streams keep their order and a killed program's last lines are not lost."""
    return open(file, "w", 1, "utf-8", "backslashreplace", closefd=False)


def look_for(task: str) -> Any:
    """The function `look` of programs."""

    def look(folder: str = ".") -> None:
        """Prints the files of the folder with what bears on the task."""
        print(_look.overview(folder, task))  # noqa: T201

    return look


class ToolFailed(RuntimeError):
    """What a function raises when its tool fails."""


def functions(described: dict[str, Any], channel: int | None) -> dict[str, Any]:
    """The host's tools as functions, which can be imported from a module `functions` or `tools` too."""
    if channel is None:
        return {}
    stream = socket.socket(fileno=channel).makefile("rwb")
    made = {alias: function(alias, name, parameters, stream) for alias, (name, parameters) in described.items()}
    for name in ("functions", "tools"):
        module = types.ModuleType(name)
        module.__dict__.update(made)
        sys.modules[name] = module
    return made


def function(alias: str, name: str, parameters: list[str], stream: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(parameters):
            raise TypeError(f"{alias}() takes at most {len(parameters)} arguments: {', '.join(parameters)}")
        arguments = {**dict(zip(parameters, args, strict=False)), **kwargs}
        sys.audit(CALLED)
        stream.write(json.dumps({"name": name, "arguments": arguments}, default=str).encode() + b"\n")
        stream.flush()
        answer = json.loads(stream.readline() or b'{"error": "the host is gone"}')
        if "error" in answer:
            raise ToolFailed(answer["error"])
        return answer["value"]

    call.__name__ = alias
    return call


def run(source: str, module: types.ModuleType, given: dict[str, Any], variables: Variables | None) -> None:
    """Runs the program as `__main__`; the value of a last expression is printed as an interactive session would."""
    _lenient.be_lenient()
    tree = ast.parse(source, NAME)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    sys.modules["__main__"] = module
    common = {name: importlib.import_module(name) for name in COMMON if name in used}
    module.__dict__.update(common)
    module.__dict__.update({"Path": Path} if "Path" in used else {})
    for name in given.keys() & set(COMMON):
        # A function that is called like a module has what that has: `glob("*.md")` works, and `glob.glob("*.md")`.
        has = vars(importlib.import_module(name))
        vars(given[name]).update((key, item) for key, item in has.items() if not key.startswith("_"))
    module.__dict__.update(given)
    if variables:
        variables.restore(given, used)
    exec(compile(tree, NAME, "exec"), module.__dict__)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), NAME, "eval"), module.__dict__)
        if value is not None:
            print(repr(value))  # noqa: T201
