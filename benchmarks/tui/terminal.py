"""A process in a pseudo-terminal: what is typed into it, and when which text comes out of it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_]|P[^\x1b]*\x1b\\)")
_UNFINISHED = re.compile(rb"\x1b[^\x1b]{0,64}$")


class Terminal:
    """Runs a command on 120 columns and 40 rows; a context manager."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(slave)
        self._rest = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)

    def read(self, timeout_s: float) -> bytes:
        """What has come within that time, without control sequences; b"" where nothing has, or it has ended."""
        if not select.select([self._master], [], [], timeout_s)[0]:
            return b""
        try:
            data = self._rest + os.read(self._master, 1 << 16)
        except OSError:
            return b""
        cut = _UNFINISHED.search(data)
        at = cut.start() if cut and not _CONTROL.fullmatch(cut[0]) else len(data)
        self._rest = data[at:]
        return _CONTROL.sub(b"", data[:at])

    def until(self, text: bytes, timeout_s: float) -> float:
        """When the text had come, by `time.perf_counter`; raises TimeoutError."""
        end, seen = time.perf_counter() + timeout_s, b""
        while time.perf_counter() < end:
            seen = (seen + self.read(0.05))[-20_000:]
            if text in seen:
                return time.perf_counter()
        raise TimeoutError(f"{text!r} did not come; the last that came was {seen[-2000:]!r}")

    def type(self, text: bytes) -> float:
        """When it was typed."""
        at = time.perf_counter()
        os.write(self._master, text)
        return at

    def cpu_s(self) -> float:
        """CPU seconds that the process has used, to the microsecond."""
        # The clock that clock_getcpuclockid(3) names for a process.
        return time.clock_gettime((~self.process.pid << 3) | 2)
