"""Models that are being fetched, each by a process of its own: it can be paused at any moment, and holds up nothing.

The process is `agentx models pull --json`; what it has fetched is kept, so that the next one goes on from there.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

WINDOW_S = 15.0
"""Over which the speed is taken: a package index gives a part at a time."""
BETWEEN_S = 0.1
END_S = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of a model has come.

    Attributes:
        spec: what `agentx models pull` takes.
        label: what is being done, as "fetching model.gguf".
        speed: in bytes a second, 0 where it is not known yet.
        told: what was said on the way, such as why a source has failed; or why the whole has.
    """

    spec: str
    state: Literal["running", "paused", "done", "failed"] = "running"
    label: str = "starting"
    done: int = 0
    total: int = 0
    speed: float = 0.0
    told: str = ""

    @property
    def fraction(self) -> float | None:
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def left_s(self) -> float | None:
        """Seconds until it is there, at the speed of the moment."""
        return (self.total - self.done) / self.speed if self.speed > 0 and self.total else None


class Pull:
    """One process that fetches one model.

    Args:
        tell: called from a thread with each step, at most a few times a second; must not block.
    """

    def __init__(self, spec: str, command: Sequence[str], tell: Callable[[Progress], object]) -> None:
        self.progress = Progress(spec)
        self._tell = tell
        self._told_at = 0.0
        self._seen: deque[tuple[float, int]] = deque()
        self._stopped = False
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._read, name="agentx-pull", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Pauses it; what was fetched is kept."""
        self._stopped = True
        if self._process.returncode is not None:
            return  # its number may be another's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGTERM)

    def join(self) -> None:
        self._thread.join(END_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        last = ""
        with self._process.stdout as lines:
            for text in lines:
                try:
                    row = json.loads(text)
                except ValueError:
                    last = text.strip() or last
                    continue
                if isinstance(row, dict):
                    self._take(row)
        code = self._process.wait()
        if self.progress.state == "done":
            return
        if self._stopped:
            self._show(state="paused", speed=0.0)
        else:
            why = last.removeprefix("error: ") or f"The fetching ended with code {code}; it can be gone on with."
            self._show(state="failed", speed=0.0, told=why)

    def _take(self, row: dict[str, Any]) -> None:
        match row.get("event"):
            case "start":
                self._seen.clear()
                self._show(label=str(row["label"]), done=0, total=int(row["total_bytes"]), speed=0.0)
            case "advance" | "finish":
                self._advance(int(row["done_bytes"]))
            case "note":
                self._show(told=str(row["text"]))
            case "done":
                self._show(state="done", speed=0.0, done=self.progress.total)
            case _:
                pass

    def _advance(self, done: int) -> None:
        now = time.monotonic()
        # What was here before is no speed.
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        then, before = self._seen[0]
        passed = now - then
        speed = max(0, done - before) / passed if passed > 0.5 else self.progress.speed
        self.progress = replace(self.progress, done=done, speed=speed)
        if now - self._told_at >= BETWEEN_S:
            self._told_at = now
            self._tell(self.progress)

    def _show(self, **changes: Any) -> None:
        self.progress = replace(self.progress, **changes)
        self._tell(self.progress)


class Pulls:
    """All that is or was fetched since the start of the screen, by what was asked for."""

    def __init__(self, command: Callable[[str], Sequence[str]], tell: Callable[[Progress], object]) -> None:
        self._command = command
        self._tell = tell
        self._pulls: dict[str, Pull] = {}

    def of(self, spec: str) -> Progress | None:
        pull = self._pulls.get(spec)
        return pull.progress if pull else None

    @property
    def running(self) -> list[Progress]:
        return [pull.progress for pull in self._pulls.values() if pull.progress.state == "running"]

    @property
    def latest(self) -> Progress | None:
        """Of what is under way or waits to go on, the last that was begun."""
        open_ones = [pull.progress for pull in self._pulls.values() if pull.progress.state in ("running", "paused")]
        return open_ones[-1] if open_ones else None

    def start(self, spec: str) -> None:
        """Fetches a model, going on where it was left; raises OSError where no process can be made."""
        known = self._pulls.get(spec)
        if known is None or known.progress.state != "running":
            self._pulls.pop(spec, None)
            self._pulls[spec] = Pull(spec, self._command(spec), self._tell)

    def pause(self, spec: str) -> None:
        if spec in self._pulls:
            self._pulls[spec].stop()

    def close(self) -> None:
        """Pauses all at the end of the screen."""
        for pull in self._pulls.values():
            pull.stop()
        for pull in self._pulls.values():
            pull.join()
