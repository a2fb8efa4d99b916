"""Sandboxes of this process that wait for the next program, so that a call finds a warm one."""

import atexit
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TypeAlias

from agentx_tools.protected import PROTECTED
from agentx_tools.sandbox.client import Sandbox
from agentx_tools.sandbox.walls import Level

_MOST_IDLE = 4

_Place: TypeAlias = tuple[int, int] | None
_Key: TypeAlias = tuple[str, tuple[_Place, ...], tuple[str, ...], tuple[str, ...], tuple[Level, ...], tuple[str, ...]]
_idle: list[tuple[_Key, Sandbox]] = []


@asynccontextmanager
async def lent(
    workspace: Path, readable: Sequence[str], modules: Sequence[str], levels: Sequence[Level], hosts: Sequence[str]
) -> AsyncGenerator[Sandbox, None]:
    """A started sandbox for one program; see `Sandbox` for the arguments.

    Args:
        hosts: what programs may reach; a sandbox serves one set of hosts alone, so that none outlives its grant.

    Raises:
        SandboxError: none can be started.
    """
    # What was removed and made anew is another folder or file: the walls stand around the first.
    places = tuple(map(_identity, (workspace, *(workspace / name for name in PROTECTED))))
    key = (str(workspace), places, tuple(readable), tuple(modules), tuple(levels), tuple(hosts))
    sandbox = _taken(key)
    if sandbox is None:
        sandbox = Sandbox(workspace, readable, modules, levels, network=bool(hosts))
        await sandbox.start()
    try:
        yield sandbox
    finally:
        if sandbox.is_free:
            _idle.append((key, sandbox))
        else:
            sandbox.close()
        while len(_idle) > _MOST_IDLE:
            _idle.pop(0)[1].close()


@cache
def empty_folder(name: str) -> Path:
    """A workspace for sandboxes whose programs are given all that they read; it goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix=f"agentx-{name}-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _identity(path: Path) -> _Place:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _taken(key: _Key) -> Sandbox | None:
    for place in reversed(range(len(_idle))):
        if _idle[place][0] == key:
            sandbox = _idle.pop(place)[1]
            if sandbox.is_free:
                return sandbox
            sandbox.close()
    return None


@atexit.register
def close_all() -> None:
    """Ends the sandboxes that wait."""
    while _idle:
        _idle.pop()[1].close()
