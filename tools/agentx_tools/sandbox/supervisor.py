"""The process between the host and the walls: passes requests on, counts what they use, and kills.

Started by `client`; stands outside of the walls and runs no code of a model. When the host ends, however it ends, this
process sees its socket closed, kills what is left inside, and ends too.
"""

import importlib
import json
import os
import select
import signal
import socket
import time
from contextlib import suppress

from agentx_tools.sandbox import disk, paths, server, start, syscalls, tree
from agentx_tools.sandbox.leftovers import Leftovers, remove
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.paths import Paths
from agentx_tools.sandbox.pressure import Pressure
from agentx_tools.sandbox.questions import Questions
from agentx_tools.sandbox.start import Started
from agentx_tools.sandbox.walls import Level

STOP = b"stop"
PAUSE, RESUME = b"pause", b"resume"
"""The clock stands still while the program waits for the host."""
_TICK_MS = 50
_PATIENCE_S = 5.0
_SUBREAPER = 36
_MESSAGE_BYTES = 65_536


def main(control: int) -> None:
    """Serves the host until it closes the control socket, or until the fork server has ended."""
    host = socket.socket(fileno=control)
    settings = json.loads(host.recv(_MESSAGE_BYTES))
    syscalls.call("prctl", _SUBREAPER, 1, 0, 0, 0)
    try:
        seen = paths.around(settings["workspace"], settings["base"], tuple(settings["readable"]))
        for name in settings["modules"]:
            importlib.import_module(name)
        reasons: list[str] = []
        for level in map(Level, settings["levels"]):
            started = start.start(level, seen, settings["port"])
            if isinstance(started, Started):
                listener = [] if started.listener is None else [started.listener]
                socket.send_fds(host, [json.dumps({"level": level, "reasons": reasons}).encode()], listener)
                Supervisor(host, started, seen).serve()
                return
            reasons.append(started)
        host.send(json.dumps({"level": None, "reasons": reasons}).encode())
    finally:
        tree.kill(os.getpid(), spared=0)
        remove(settings["base"])


class Supervisor:
    """One request at a time: from the host to the server, and how it ended back."""

    def __init__(self, host: socket.socket, started: Started, seen: Paths) -> None:
        self._host = host
        self._server = started.server
        self._inside = started.socket
        self._questions = None if started.questions is None else Questions(started.questions, self._alive)
        self._seen = seen
        self._limits: Limits | None = None
        self._stopped_by: str | None = None
        self._next_look = 0.0
        self._deadline = 0.0
        self._paused_at: float | None = None

    def serve(self) -> None:
        poll = select.poll()
        for file in (self._host, self._inside, *([self._questions.listener] if self._questions else [])):
            poll.register(file, select.POLLIN)
        while True:
            ready = {file for file, _ in poll.poll(None if self._limits is None else _TICK_MS)}
            if self._questions and self._questions.listener in ready:
                self._questions.answer(self._limits.processes if self._limits else 0)
            if self._inside.fileno() in ready and not self._pass_back():
                return
            if self._host.fileno() in ready and not self._pass_on():
                return
            if self._limits is not None and time.monotonic() >= self._next_look:
                self._look()

    def _pass_on(self) -> bool:
        message, files, _, _ = socket.recv_fds(self._host, _MESSAGE_BYTES, server.MOST_FILES)
        if message == server.RUN:
            with open(files[0], "rb", closefd=False) as request:
                request.seek(0)
                self._limits = Limits(**json.loads(request.readline())["limits"])
            self._stopped_by = None
            if self._questions:
                self._questions.begin()
            limits, seen = self._limits, self._seen
            folders = [seen.workspace, seen.scratch]
            self._growth = disk.Growth(folders, limits.file_bytes, limits.disk_bytes, self._alive)
            self._pressure = Pressure(limits.memory_bytes)
            self._leftovers = Leftovers(seen.workspace, seen.scratch, limits.disk_bytes // 2)
            self._deadline = time.monotonic() + self._limits.timeout_s
            self._paused_at = None
            self._next_look = 0.0
            socket.send_fds(self._inside, [message], files)
        elif message == STOP:
            self._stop("cancelled")
        elif message == PAUSE:
            self._paused_at = time.monotonic()
        elif message == RESUME and self._paused_at is not None:
            self._deadline += time.monotonic() - self._paused_at
            self._paused_at = None
        for file in files:
            os.close(file)
        return bool(message)

    def _pass_back(self) -> bool:
        message = self._inside.recv(_MESSAGE_BYTES)
        if message:
            if not tree.kill(os.getpid(), spared=self._server):
                return False
            if self._stopped_by is None and self._growth.is_over():
                self._stopped_by = "disk"
            moved, spent = self._leftovers.mend(), self._leftovers.too_many()
            ended = {**json.loads(message), "stopped_by": self._stopped_by, "moved": moved, "spent": spent}
            self._host.send(json.dumps(ended).encode())
            if spent:
                return False
            self._limits = None
        return bool(message)

    def _look(self) -> None:
        """Ends the program where a limit is passed; behind walls the limit of processes is kept by `Questions`."""
        assert self._limits is not None
        self._next_look = time.monotonic() + _TICK_MS / 1000
        now = time.monotonic() if self._paused_at is None else self._paused_at
        # A program that shares its processes' names with the server may have stopped it.
        late = now >= self._deadline + _PATIENCE_S
        with suppress(ProcessLookupError):
            os.kill(self._server, signal.SIGKILL if late else signal.SIGCONT)
        if now >= self._deadline:
            self._stop("timeout")
        elif self._questions is None and tree.most_tasks_below(os.getpid()) - 1 > self._limits.processes:
            self._stop("processes")
        elif (
            tree.memory_bytes(self._alive(), self._limits.memory_bytes) > self._limits.memory_bytes
            or self._pressure.is_over()
        ):
            self._stop("memory")
        elif self._growth.is_over():
            self._stop("disk")

    def _stop(self, reason: str) -> None:
        if self._limits is not None and self._stopped_by is None:
            self._stopped_by = reason
            tree.kill(os.getpid(), spared=self._server)

    def _alive(self) -> list[int]:
        return [process for process in tree.below(os.getpid()) if process != self._server]
