"""Ordinary tool results, as AgentX's own tools bring them from folders that nobody wrote for a guard: the standard
library of this Python, and the code and manuals of the packages beside it. None of it is learnt from."""

import email.message
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from random import Random

from agentx_tools.calculate import calculate
from agentx_tools.files import list_files, read_file
from agentx_tools.glob import glob
from agentx_tools.grep import grep

from agentx.errors import ToolError
from agentx.tool import Tool, ToolContext

ABOUT_INJECTIONS = ("guard", "injection", "safety", "naughty", "escape", "attack")
"""In a path: what tells of injections, or tries them, is no ordinary text."""
WORDS = ("default", "return", "timeout", "encoding", "error", "ignore", "instructions", "system", "must", "previous")
SUMS = ("24.5 + 31 + 7.25", "15% of 80", "mean(1, 2, 4)", "3 * (4 + 5)", "sqrt(2)", "2 ** 10", "1000 / 7")


def results(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Name of the tool and what it brought, the kinds in turn as far as each goes."""
    random = Random(seed)
    library, packages = (Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib"))
    kinds = [
        _read(library, "*.py", random),
        _read(packages, "*.dist-info/METADATA", random),
        _searched(library, random),
        _read(packages, "*.py", random),
        _listed(library),
        _manuals(random),
        _sums(),
    ]
    found: list[tuple[str, str]] = []
    while len(found) < count and kinds:
        for kind in list(kinds):
            if (one := next(kind, None)) is None:
                kinds.remove(kind)
            elif len(found) < count:
                found.append(one)
    return found


def _brought(tool: Tool, workspace: Path, **arguments: object) -> str:
    brought = tool.function(context=ToolContext(workspace=workspace), **arguments)
    return "\n".join(brought) if isinstance(brought, list) else str(brought)


def _read(folder: Path, pattern: str, random: Random) -> Iterator[tuple[str, str]]:
    paths = [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob(pattern))
        if not any(word in str(path.relative_to(folder)).lower() for word in ABOUT_INJECTIONS)
        and not any(
            part.startswith(".") or part in ("site-packages", "test") for part in path.parts[len(folder.parts) :]
        )
    ]
    random.shuffle(paths)
    for path in paths:
        try:
            lines = (folder / path).read_text(encoding="utf-8").count("\n")
            start = random.randint(1, max(1, lines - 60))
            yield "read_file", _brought(read_file, folder, path=path, start_line=start, end_line=start + 60)
        except (ToolError, UnicodeDecodeError):
            continue


def _searched(folder: Path, random: Random) -> Iterator[tuple[str, str]]:
    parts = sorted(path.name for path in folder.iterdir() if path.is_dir() and (path / "__init__.py").is_file())
    random.shuffle(parts)
    for i, part in enumerate(parts):
        yield "grep", _brought(grep, folder, pattern=WORDS[i % len(WORDS)], folder=part, glob="*.py")


def _listed(folder: Path) -> Iterator[tuple[str, str]]:
    for part in ("json", "email", "http", "logging", "xml", "sqlite3", "asyncio", "importlib"):
        yield "list_files", _brought(list_files, folder, folder=part)
        yield "glob", _brought(glob, folder, pattern="*.py", folder=part)


def _manuals(random: Random) -> Iterator[tuple[str, str]]:
    """The manual of Python's language, page by page, some as the mail that somebody sends."""
    from pydoc_data.topics import topics

    names = sorted(topics)
    random.shuffle(names)
    for i, name in enumerate(names):
        text = topics[name][:1500]
        if i % 3 == 0:
            mail = email.message.EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "docs@lists.example", "reader@lists.example", f"On {name}"
            mail.set_content(text)
            text = mail.as_string()
        yield "fetch_page", text


def _sums() -> Iterator[tuple[str, str]]:
    for each in SUMS:
        yield "calculate", str(calculate.function(each))
