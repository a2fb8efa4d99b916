"""A child process in its own process group: its output is read to a cap, and nothing of the group outlives it."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_DRAIN_S = 1.0
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: `status` is negative for a signal, as in `subprocess`."""

    output: bytes
    status: int
    stopped_by: Literal["timeout", "output"] | None = None


@dataclass(slots=True)
class _Output:
    reader: asyncio.StreamReader
    limit: int
    data: bytearray = field(default_factory=bytearray)

    @property
    def full(self) -> bool:
        return len(self.data) > self.limit

    async def collect(self) -> None:
        while not self.full and (piece := await self.reader.read(_CHUNK_BYTES)):
            self.data += piece


async def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    output_bytes: int,
    inherited: Sequence[int] = (),
) -> Ended:
    """Runs the command with stdin closed, stdout and stderr joined; `inherited` file descriptors stay open in it.

    The whole group is killed when the time is up, when more than `output_bytes` come out, when this call is cancelled,
    and when the child ends: what it left in the background would hold the pipe open.

    Raises:
        OSError: the child cannot be started.
    """
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", 0)
    )
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
                pass_fds=inherited,
            )
        finally:
            os.close(write_end)
        return await _follow(process, _Output(reader, output_bytes), timeout_s)
    finally:
        transport.close()


async def _follow(process: asyncio.subprocess.Process, output: _Output, timeout_s: float) -> Ended:
    reading = asyncio.create_task(output.collect())
    exiting = asyncio.create_task(process.wait())
    stopped_by = None
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.wait({reading, exiting}, return_when=asyncio.FIRST_COMPLETED)
            if not output.full:
                await asyncio.shield(exiting)
    except TimeoutError:
        stopped_by = "timeout"
    finally:
        _kill_group(process.pid)
        await exiting
        # What stands in the pipe is soon read; a grandchild that left the group may keep it open for long.
        await asyncio.wait({reading}, timeout=_DRAIN_S)
        reading.cancel()
    if output.full:
        stopped_by = "output"
    return Ended(bytes(output.data[: output.limit]), exiting.result(), stopped_by)


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
