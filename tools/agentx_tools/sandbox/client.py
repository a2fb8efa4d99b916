"""The host's side of a sandbox: starts it, sends programs in, reads what they print, ends them."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.server import RUN
from agentx_tools.sandbox.supervisor import PAUSE, RESUME, STOP
from agentx_tools.sandbox.walls import Level

_MESSAGE_BYTES = 65_536
_CHUNK_BYTES = 65_536
_LONGEST_REPORT_BYTES = 65_536
_DRAIN_S = 1.0
_PATIENCE_S = 10.0
_ALL_LEVELS = (Level.NAMESPACES, Level.LANDLOCK)
_START = (
    "import sys; sys.path.append({place!r}); from agentx_tools.sandbox import supervisor; "
    "sys.path.pop(); supervisor.main(int(sys.argv[1]))"
)


class SandboxError(Exception):
    """The sandbox cannot be started, or ended by itself; the message says why."""


class NoWalls(SandboxError):
    """No level of the sandbox holds on this machine."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        output: what it and its children printed, both streams, up to the limit.
        report: what it said of its end where only the host hears it.
        status: exit status, negative for a signal.
        stopped_by: which limit it passed: timeout, memory, disk, output, or without walls, processes.
        moved: names of files that it made and that were moved aside, since others would obey them.
        state: what it wrote for the next program; no more than the first byte where it was too much.
    """

    output: bytes
    report: str
    status: int
    stopped_by: str | None
    moved: tuple[str, ...] = ()
    state: bytes = b""


@dataclass(slots=True)
class Sandbox:
    """The walls around one workspace, and the warm process inside that starts programs; one at a time.

    Attributes:
        workspace: what programs may write to.
        readable: further files and folders that they may read.
        modules: imported before the first program, so that none has to wait for them.
        levels: levels that are tried, the highest first.
        network: programs may connect to what listens on `listener`; else they have no network.
        level: which one holds, once it was started.
        reasons: why higher ones do not hold here.
        listener: the socket of a proxy of the host, where there is a network.
    """

    workspace: Path
    readable: Sequence[str] = ()
    modules: Sequence[str] = ()
    levels: Sequence[Level] = _ALL_LEVELS
    network: bool = False
    level: Level = Level.NONE
    reasons: list[str] = field(default_factory=list[str])
    listener: socket.socket | None = None
    _process: "subprocess.Popen[bytes] | None" = None
    _control: socket.socket | None = None
    _ending: "asyncio.Future[tuple[dict[str, Any], list[int]]] | None" = None

    async def start(self) -> None:
        """Starts the supervisor and the fork server.

        Raises:
            NoWalls: no level holds on this machine.
            SandboxError: the workspace is no folder, or holds every folder for temporary files, or the supervisor
                ended.
        """
        if not self.workspace.is_dir():
            raise SandboxError(f"{self.workspace} is no folder")
        if not os.access(self.workspace, os.R_OK | os.W_OK | os.X_OK):
            raise SandboxError(f"{self.workspace} may not be read and written; give yourself the rights to it")
        base = _own_folder(self.workspace.resolve())
        (base / "outside").touch()
        if self.network:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
            self.listener.listen()
        settings = {
            "port": self.listener.getsockname()[1] if self.listener else None,
            "workspace": str(self.workspace),
            "base": str(base),
            "readable": list(self.readable),
            "modules": list(self.modules),
            "levels": list(self.levels),
        }
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns once the program is loaded
                [
                    sys.executable,
                    "-I",
                    "-c",
                    _START.format(place=str(Path(__file__).parents[2])),
                    str(theirs.fileno()),
                ],
                cwd="/",
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        ours.send(json.dumps(settings).encode())
        ours.setblocking(False)
        self._control = ours
        answer, files = await self._receive()
        self.reasons = answer["reasons"]
        if answer["level"] is None:
            self.close()
            raise NoWalls(f"no level of the sandbox holds here ({'; '.join(self.reasons)})")
        self.level = Level(answer["level"])
        if files:
            # Behind namespaces the host's own loopback cannot be reached; this one is theirs.
            assert self.listener is not None
            self.listener.close()
            self.listener = socket.socket(fileno=files[0])

    async def run(
        self, request: dict[str, Any], limits: Limits, channel: int | None = None, state: bytes = b""
    ) -> Ended:
        """Runs one program and all that it starts to the end.

        Args:
            request: `command` for the shell, else what the Python runner takes; `keep_bytes` is how much it may leave
                for the next program.
            limits: what it may use; beyond it is ended.
            channel: file descriptor that it inherits.
            state: what an earlier program has left.

        Raises:
            SandboxError: the sandbox has ended; this object is of no more use.
        """
        with (
            _Reading(limits.output_bytes) as printed,
            _Reading(_LONGEST_REPORT_BYTES) as reported,
            _Reading(request.get("keep_bytes", 0) + 1) as left,
        ):
            with (
                printed.taking() as output,
                reported.taking() as report,
                left.taking() as keep,
                tempfile.TemporaryFile() as file,
            ):
                file.write(json.dumps({**request, "limits": limits.as_json()}).encode() + b"\n" + state)
                file.flush()
                self._send(RUN, [file.fileno(), output, report, keep, *([] if channel is None else [channel])])
            self._ending = asyncio.ensure_future(self._receive())
            try:
                await asyncio.wait({self._ending, printed.full}, return_when=asyncio.FIRST_COMPLETED)
                if printed.full.done():
                    self._send(STOP)
                ended, _ = await asyncio.shield(self._ending)
                await printed.rest(_DRAIN_S)
                await reported.rest(_DRAIN_S)
                await left.rest(_DRAIN_S)
            except asyncio.CancelledError:
                self._send(STOP)
                await asyncio.wait({self._ending}, timeout=_PATIENCE_S)
                raise
        if ended["spent"]:
            self.close()
        return Ended(
            bytes(printed.data[: printed.limit]),
            reported.data.decode("utf-8", "replace"),
            ended["status"],
            "output" if printed.full.done() else ended["stopped_by"],
            tuple(ended["moved"]),
            bytes(left.data[: 1 if left.full.done() else None]),
        )

    @contextmanager
    def paused(self) -> Generator[None, None, None]:
        """The program's clock stands still meanwhile: it waits for the host. Its processor time does not."""
        with suppress(SandboxError):
            self._send(PAUSE)
        try:
            yield
        finally:
            with suppress(SandboxError):
                self._send(RESUME)

    def close(self) -> None:
        """Ends the sandbox and everything in it; returns when it is gone, at once where it never started."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None

    @property
    def is_free(self) -> bool:
        """Whether it can take a program now."""
        return (
            self._process is not None and self._process.poll() is None and (self._ending is None or self._ending.done())
        )

    @property
    def process_id(self) -> int | None:
        """The supervisor's; what runs inside is below it."""
        return self._process.pid if self._process is not None else None

    def _send(self, message: bytes, files: Sequence[int] = ()) -> None:
        try:
            if self._control is None:
                raise OSError
            # The supervisor may be busy counting, and the queue full: what is lost would leave the clock standing.
            self._control.settimeout(_PATIENCE_S)
            try:
                socket.send_fds(self._control, [message], list(files))
            finally:
                self._control.setblocking(False)
        except OSError:
            raise SandboxError("the sandbox has ended") from None

    async def _receive(self) -> tuple[dict[str, Any], list[int]]:
        if (control := self._control) is None:
            raise SandboxError("the sandbox has ended")
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(control, lambda: readable.done() or readable.set_result(None))
        try:
            await readable
        finally:
            loop.remove_reader(control)
        message, files, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 1)
        if not message:
            self.close()
            raise SandboxError("the sandbox ended by itself")
        return json.loads(message), files


def _own_folder(workspace: Path) -> Path:
    """A new folder for the sandbox itself, which programs inside must not get at."""
    for place in (Path(tempfile.gettempdir()), Path("/var/tmp"), Path.home()):
        if place.is_dir() and not place.resolve().is_relative_to(workspace):
            with suppress(OSError):
                return Path(tempfile.mkdtemp(prefix="agentx-sandbox-", dir=place))
    raise SandboxError(f"the workspace {workspace} holds all folders for temporary files; choose a smaller one")


class _Reading:
    """Reads a pipe of its own to its end, or until there is more than the limit: then `full` is done."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.limit = limit
        self.full: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._file, self._end = os.pipe()
        os.set_blocking(self._file, False)
        asyncio.get_running_loop().add_reader(self._file, self._read)

    def __enter__(self) -> "_Reading":
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)

    @contextmanager
    def taking(self) -> Generator[int, None, None]:
        """The end to write to, to be handed on meanwhile."""
        try:
            yield self._end
        finally:
            os.close(self._end)

    async def rest(self, within_s: float) -> None:
        """What stands in the pipe is soon read; a process that will not die may keep it open for long."""
        await asyncio.wait({self._ended, self.full}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)

    def _read(self) -> None:
        piece = os.read(self._file, _CHUNK_BYTES)
        self.data += piece
        over = len(self.data) > self.limit
        if over or not piece:
            asyncio.get_running_loop().remove_reader(self._file)
            (self.full if over else self._ended).set_result(None)
