"""What a pipe or a file on stdin adds to a task."""

import io
import os
import select
import stat
import sys

from agentx.cli.narrate import Narrator
from agentx.dialogue import PIPED
from agentx.errors import UsageError

WAIT_S = 1.0
MAX_BYTES = 10_000_000
SILENT = (
    f"stdin brought nothing within {WAIT_S:g} s, so the task goes without it; wait for what is slow and give it as a "
    "file (`< FILE`), or say by `< /dev/null` that nothing is to be read."
)


def with_stdin(task: str) -> str:
    """The task, or for `-` what stdin holds; data that reaches stdin within a second is appended as a block.

    A pipe that brings nothing in that time is told of on stderr: a program on its other side may only be slow.

    Raises:
        UsageError: `-` without anything to read, or more than 10 MB of it.
    """
    descriptor = _source()
    if task == "-":
        text = _read(descriptor) if descriptor is not None else ""
        if not text.strip():
            raise UsageError("`-` reads stdin, and nothing came from there; pipe text in, or give it as an argument.")
        return text
    if not task.strip():
        raise UsageError("The task is empty; say in words what is to be done.")
    if descriptor is None:
        return task
    if not select.select([descriptor], [], [], WAIT_S)[0]:
        Narrator(sys.stderr).note(SILENT)
        return task
    text = _read(descriptor)
    return f"{task}{PIPED}{text.rstrip()}\n</input>" if text.strip() else task


def _source() -> int | None:
    """The descriptor of stdin where it is a pipe, a socket or a file."""
    try:
        descriptor = sys.stdin.fileno()
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError, io.UnsupportedOperation):
        return None
    return descriptor if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISREG(mode) else None


def _read(descriptor: int) -> str:
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := os.read(descriptor, 1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise UsageError(
                    f"More than {MAX_BYTES // 1_000_000} MB came from stdin; put it into a file of the workspace."
                )
    except OSError as error:
        raise UsageError(f"stdin cannot be read ({error.strerror}).") from error
    return b"".join(pieces).decode(errors="replace")
