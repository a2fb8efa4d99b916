"""Calls by which something leaves for good: what text of strangers must not steer without a person's leave."""

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from agentx.tool import Tool

_RUNS_LATER = re.compile(
    r"""
    \..* | .*\.(mk|service|timer|desktop|pth|bat|cmd|ps1|gradle|kts) | (gnu)?makefile | justfile | taskfile\.ya?ml
    | cmakelists\.txt | meson\.build | build | build\.bazel | workspace | sconstruct | rakefile | gemfile | procfile
    | vagrantfile | jenkinsfile | (.*\.)?dockerfile | containerfile | (docker-)?compose.*\.ya?ml | crontab
    | package\.json | (deno|composer)\.json | .*\.config\.[cm]?[jt]s | (gulp|grunt)file\..* | cargo\.toml | build\.rs
    | pom\.xml | build\.xml | setup\.(py|cfg) | pyproject\.toml | tox\.ini | pytest\.ini | (conftest|noxfile)\.py
    | (tasks|fabfile|dodo|manage)\.py | (site|user)customize\.py
    """,
    re.VERBOSE,
)
"""Names of files that a tool of the trade runs by itself: dotfiles, build files, units."""


def reason(tool: Tool, arguments: Mapping[str, Any], workspace: Path) -> str | None:
    """What the call does for good, in words that follow the tool's name; None if it can be undone or harms nobody.

    Code without a way out of its sandbox is no sink, nor is a write in the workspace to a file that nothing runs.
    """
    if "egress" in tool.capabilities:
        return "sends data out"
    if "costs" in tool.capabilities:
        return "costs money"
    if "writes" not in tool.capabilities:
        return None
    if not tool.paths:
        return "changes what cannot be undone"
    for path in (arguments[name] for name in tool.paths if isinstance(arguments.get(name), str)):
        if not _inside(workspace, path):
            return f"changes {path}, which lies outside of the workspace"
        if runs_later(workspace, path):
            return f"changes {path}, which may be run later"
    return None


def runs_later(workspace: Path, path: str) -> bool:
    """Whether a file of the workspace is one that is run without anybody reading it first.

    >>> runs_later(Path("/w"), ".github/workflows/ci.yml"), runs_later(Path("/w"), "report.md")
    (True, False)
    """
    place = PurePosixPath(os.path.relpath(_real(workspace, path), workspace.resolve()))
    if any(part.startswith(".") or part == "hooks" for part in place.parts):
        return True
    return bool(_RUNS_LATER.fullmatch(place.name.lower())) or os.access(workspace / place, os.X_OK)


def _inside(workspace: Path, path: str) -> bool:
    return _real(workspace, path).is_relative_to(workspace.resolve())


def _real(workspace: Path, path: str) -> Path:
    try:
        return (workspace / path).resolve()
    except (OSError, ValueError, RuntimeError):  # no path at all: the tool will say so
        return workspace.resolve()
