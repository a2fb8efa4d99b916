"""Has files read by the reading process, which is started when the first one comes and anew where one ended it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from agentx_memory.chunks import Section
from agentx_memory.ingest.opening import Unreadable

SECONDS = 60
"""For one file. PDFium reads some 200 pages a second."""


class ReadingProcess:
    """One process for many files, ended with the `with` block.

    Args:
        seconds: a file that takes longer is given up.
    """

    def __init__(self, seconds: int = SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def __enter__(self) -> "ReadingProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def read(self, descriptor: int, name: str) -> tuple[str, str, Iterator[Section]]:
        """Kind, title and sections of an open file; the sections must be asked for up to their end.

        Raises:
            Unreadable: no reader takes it, or the reading was given up; the sections may raise it too.
        """
        process, requests = self._started()
        request = json.dumps({"name": name, "seconds": self._seconds}).encode()
        try:
            socket.send_fds(requests, [request], [descriptor])
        except OSError:
            raise self._ended() from None
        first = self._answer(process)
        return first["kind"], first["title"], self._sections(process)

    def end(self) -> None:
        """Ends the process, whatever it is at."""
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
        self._process = self._requests = None

    def _sections(self, process: "subprocess.Popen[bytes]") -> Iterator[Section]:
        while isinstance(answer := self._answer(process), list):
            text, heading, line, page, last_line = answer
            yield Section(text, tuple(heading), line, page, last_line)

    def _answer(self, process: "subprocess.Popen[bytes]") -> Any:
        line = process.stdout.readline() if process.stdout else b""
        if not line.endswith(b"\n"):
            raise self._ended()
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise Unreadable(answer["error"])
        return answer

    def _ended(self) -> Unreadable:
        """Why the process ended over a file."""
        status = self._process.wait() if self._process is not None else 0
        self.end()
        if status == -signal.SIGALRM:
            return Unreadable(f"Reading it takes more than {self._seconds} seconds.")
        if status == -signal.SIGKILL:
            return Unreadable("Reading it takes more memory than there is.")
        return Unreadable(f"It is damaged, or takes too much memory: its parser broke off (status {status}).")

    def _started(self) -> "tuple[subprocess.Popen[bytes], socket.socket]":
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None or self._requests is None:
            self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                # -P: no module of the folder that the command was typed in.
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "agentx_memory.ingest.reading_process", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
        return self._process, self._requests
