"""Calls by which something leaves for good: what text of strangers must not steer without a person's leave."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, cast

from agentx.tool import Tool

_RUNS_LATER = re.compile(
    r"""
    \..* | .*\.(mk|mak|cmake|service|timer|desktop|plist|pth|sh|bash|zsh|fish|csh|command|bat|cmd|ps1|vbs|lnk)
    | .*\.(gradle|kts|sbt|rake|nix|bzl|gemspec|podspec|code-workspace) | .*\.((cs|vb|fs|vcx)proj|props|targets|sln)
    | (gnu)?makefile(\..*)? | justfile | taskfile(\.dist)?\.ya?ml | configure(\..*)? | cmakelists\.txt
    | cmakepresets\.json | meson\.build | build | build\.(bazel|zig|rs|xml) | (workspace|module)(\.bazel)?
    | scons(truct|cript) | wscript | snakefile | tiltfile | rakefile | gemfile | podfile | brewfile | pipfile
    | procfile(\..*)? | vagrantfile | jenkinsfile | (.*\.)?(docker|container)file(\..*)? | (docker-)?compose.*\.ya?ml
    | (azure-pipelines|bitbucket-pipelines|buildspec|cloudbuild|action|lefthook|pre-commit.*)\.ya?ml | crontab
    | package(-lock)?\.json | (deno|composer)\.jsonc? | .*\.conf(ig)?\.([cm]?[jt]s|json) | (gulp|grunt)file\..*
    | cargo\.toml | (uv|bunfig|mise|hatch|lefthook)\.toml | go\.mod | magefile\.go | mix\.exs | package\.swift
    | pom\.xml | gradle-wrapper\.properties | config\.ru | setup\.(py|cfg) | pyproject\.toml | requirements.*\.txt
    | tox\.ini | pytest\.ini | (conftest|noxfile|tasks|fabfile|dodo|manage|__main__|test_.*|.*_test)\.py
    | (site|user)customize\.py | (agents|claude|gemini|qwen)\.md
    """,
    re.VERBOSE,
)
"""Names of files that a tool of the trade runs or obeys by itself: dotfiles, build files, units, orders to agents."""

_FOLDERS = frozenset({"hooks", "githooks", "cron.d", "site-packages", "node_modules"})


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
    paths = [_given(tool, name, arguments) for name in tool.paths]
    if None in paths:
        return "changes what cannot be undone"
    for path in (path for found in paths for path in found or ()):
        if path.startswith("~") or not _inside(workspace, path):
            return f"changes {path}, which lies outside of the workspace"
        if runs_later(workspace, path):
            return f"changes {path}, which may be run later"
    return None


def _given(tool: Tool, name: str, arguments: Mapping[str, Any]) -> list[str] | None:
    """The paths of an argument, or of its default; None where they are not told."""
    schema = tool.parameters.get("properties", {}).get(name, {})
    value = arguments.get(name, schema.get("default") if isinstance(schema, Mapping) else None)
    found = cast("list[Any]", value) if isinstance(value, list) else [value]
    return cast("list[str]", found) if all(isinstance(path, str) for path in found) else None


def runs_later(workspace: Path, path: str) -> bool:
    """Whether a file of the workspace is one that is run without anybody reading it first.

    >>> runs_later(Path("/w"), ".github/workflows/ci.yml"), runs_later(Path("/w"), "report.md")
    (True, False)
    """
    place = PurePosixPath(os.path.relpath(_real(workspace, path), workspace.resolve()))
    # Some file systems fold the names of files.
    folded = [unicodedata.normalize("NFKC", part).strip().lower() for part in place.parts]
    if any(part.startswith(".") or part in _FOLDERS for part in folded):
        return True
    return bool(folded and _RUNS_LATER.fullmatch(folded[-1])) or os.access(workspace / place, os.X_OK)


def _inside(workspace: Path, path: str) -> bool:
    return _real(workspace, path).is_relative_to(workspace.resolve())


def _real(workspace: Path, path: str) -> Path:
    try:
        return (workspace / path).resolve()
    except (OSError, ValueError, RuntimeError):  # no path at all: the tool will say so
        return workspace.resolve()
