"""`agentx undo`: the files of a workspace as they were before a tool's last change."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from agentx.cli.options import Workspace
from agentx.cli.output import to_line
from agentx.cli.setup import folder
from agentx.cli.tables import table
from agentx.cli.text import one_line
from agentx_tools import undo
from agentx_tools.undo import Change


def command(
    workspace: Workspace = None,
    show: Annotated[
        bool, typer.Option("--list", help="List the changes that can be taken back, the last first.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Even if the file was changed since; that is lost.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> int:
    """Take back the last change that a tool made to a file."""
    root = folder(workspace)
    if not show:
        item = undo.take_back(root, force)
        sys.stdout.write((to_line(_described(item)) if as_json else _sentence(item)) + "\n")
        return 0
    found = undo.changes(root)
    if as_json:
        for item in found:
            sys.stdout.write(to_line(_described(item)) + "\n")
        return 0
    if not found:
        sys.stderr.write(f"There is no change to take back in {one_line(str(root))}.\n")
        return 0
    rows = [(_local(item).strftime("%Y-%m-%d %H:%M:%S"), item.tool, _effect(item), item.path) for item in found]
    sys.stdout.write(table([("WHEN", "TOOL", "UNDO", "FILE"), *rows]) + "\n")
    return 0


def _sentence(item: Change) -> str:
    done = "is gone again" if item.before is None else "is as it was before"
    return f"{one_line(item.path)} {done} ({item.tool}, {_local(item):%Y-%m-%d %H:%M:%S})."


def _effect(item: Change) -> str:
    if item.whole and item.before is None:
        return "removes it"
    return f"restores {item.size_bytes:,} bytes" if item.whole else "cannot be: too large"


def _described(item: Change) -> dict[str, Any]:
    return {
        "path": item.path.encode("utf-8", "backslashreplace").decode(),
        "tool": item.tool,
        "at": datetime.fromtimestamp(item.at, UTC).isoformat(timespec="seconds"),
        "created": item.whole and item.before is None,
        "bytes": item.size_bytes,
    }


def _local(item: Change) -> datetime:
    return datetime.fromtimestamp(item.at, UTC).astimezone()
