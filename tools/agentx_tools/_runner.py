"""Runs one program inside the child process of the `python` tool; started as a script, imported by nothing.

Arguments: the program's file, the file to report an error in, and the limits as JSON. The limits are set here and not
between fork and exec, where Python code may deadlock in a process with threads.
"""

import ast
import importlib
import json
import linecache
import os
import resource
import socket
import sys
import traceback
import types
from pathlib import Path
from typing import Any, cast

NAME = "<code>"
COMMON = ("collections", "csv", "datetime", "itertools", "json", "math", "os", "random", "re", "statistics", "sys")
"""Modules that a program may use without importing them, as short programs of models often do."""
MAX_FRAMES = 3
MAX_NAMED_FILES = 20
MAX_REPORT_CHARACTERS = 2_000


def main(program: str, report: str, limits: str) -> int:
    settings = json.loads(limits)
    restrict(settings)
    for stream in (sys.stdout, sys.stderr):
        # By line, so that both keep their order and a killed program's last lines are not lost.
        cast(Any, stream).reconfigure(line_buffering=True, errors="backslashreplace")
    # Last, so that no file of the workspace shadows a module of the library.
    sys.path.append(str(Path.cwd()))
    source = Path(program).read_text("utf-8")
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    try:
        run(source, functions(settings["functions"], settings["channel"]))
        sys.stdout.flush()
        return 0
    except SystemExit as error:
        if error.code in (None, 0):
            return 0
        text = f"the program exited with {error.code!r}"
    except BaseException as error:
        text = describe(error)
    Path(report).write_text(text[:MAX_REPORT_CHARACTERS], "utf-8", "backslashreplace")
    return 1


def restrict(limits: dict[str, int]) -> None:
    """Sets the resource limits; one that the system sets tighter already is kept."""
    lower(resource.RLIMIT_CPU, limits["cpu_s"])
    lower(resource.RLIMIT_AS, limits["memory_bytes"])
    lower(resource.RLIMIT_FSIZE, limits["file_bytes"])
    lower(resource.RLIMIT_CORE, 0)
    # The system counts the tasks of the user, not those of this program.
    lower(resource.RLIMIT_NPROC, tasks_of_this_user() + limits["more_tasks"])


def lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def tasks_of_this_user() -> int:
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == os.getuid():
                count += sum(1 for _ in (folder / "task").iterdir())
        except OSError:
            continue
    return count


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
        stream.write(json.dumps({"name": name, "arguments": arguments}, default=str).encode() + b"\n")
        stream.flush()
        answer = json.loads(stream.readline() or b'{"error": "the host is gone"}')
        if "error" in answer:
            raise ToolFailed(answer["error"])
        return answer["value"]

    call.__name__ = alias
    return call


def run(source: str, given: dict[str, Any]) -> None:
    """Runs the program as `__main__`; the value of a last expression is printed as an interactive session would."""
    sort_listings()
    tree = ast.parse(source, NAME)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__.update({name: importlib.import_module(name) for name in COMMON if name in used})
    module.__dict__.update({"Path": Path} if "Path" in used else {})
    module.__dict__.update({"look": look}, **given)
    exec(compile(tree, NAME, "exec"), module.__dict__)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), NAME, "eval"), module.__dict__)
        if value is not None:
            print(repr(value))  # noqa: T201


def sort_listings() -> None:
    """Folders are listed in the order of their names, as a program's author silently expects."""
    for name in ("glob", "rglob", "iterdir"):
        unsorted = getattr(Path, name)

        def in_order(self: Path, *args: Any, _unsorted: Any = unsorted, **kwargs: Any) -> Any:
            return iter(sorted(_unsorted(self, *args, **kwargs)))

        setattr(Path, name, in_order)
    listed = os.listdir
    os.listdir = lambda path=".": sorted(listed(path))  # type: ignore[assignment]


def visible_files() -> list[Path]:
    """Files below the current folder, hidden ones left out, sorted, at most 2,000."""
    found: list[Path] = []
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
        if len(found) > 2000:
            break
    return found


def look(folder: str = ".", max_characters: int = 1600) -> None:
    """Prints the files of the folder, and of each text file as many first lines as there is room for."""
    files = [path for path in visible_files() if path.is_relative_to(folder)]
    if not files:
        print("(no files)")  # noqa: T201
        return
    share = max((max_characters - sum(len(str(path)) + 2 for path in files)) // len(files), 0)
    for path in files:
        print(f"{path}:{head(path, share)}"[:400] if share > 20 else path)  # noqa: T201


def head(path: Path, characters: int) -> str:
    """The first lines of a text file, indented, whole lines where they fit."""
    data = path.open("rb").read(characters)
    if b"\0" in data:
        return " (binary)"
    lines = data.decode("utf-8", "ignore").splitlines()
    if len(lines) > 1 and len(data) == characters:
        lines = [*lines[:-1], "…"]
    return "".join(f"\n  {line}" for line in lines)


def describe(error: BaseException) -> str:
    """The exception, then where in the program's own lines it came from, innermost last."""
    if isinstance(error, SyntaxError) and error.filename == NAME:
        return f"{type(error).__name__}: {error.msg}\n  line {error.lineno}: {(error.text or '').strip()}"
    what = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, FileNotFoundError):
        what += f"\n  the files are: {', '.join(map(str, visible_files()[:MAX_NAMED_FILES])) or 'none'}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == NAME]
    lines = [
        f"  line {frame.lineno}{'' if frame.name == '<module>' else f' in {frame.name}'}: {frame.line}"
        for frame in frames[-MAX_FRAMES:]
    ]
    return "\n".join([what, *lines])


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.exit(status)
