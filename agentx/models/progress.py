"""What a person sees while a file is fetched or checked: a bar on a terminal, sparse lines elsewhere, or JSON."""

import json
import os
import sys
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressSink(Protocol):
    """Told what is going on. `start` and `finish` enclose one stretch of work; stretches do not nest."""

    def start(self, label: str, total_bytes: int) -> None: ...

    def advance(self, n: int) -> None:
        """`n` more bytes are done; negative where bytes turned out to be lost."""
        ...

    def note(self, text: str) -> None:
        """One line for a person, at any time."""
        ...

    def finish(self) -> None: ...


class SilentProgress:
    """Shows nothing."""

    def start(self, label: str, total_bytes: int) -> None:
        pass

    def advance(self, n: int) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def finish(self) -> None:
        pass


class Lines:
    """Plain lines for a log file or a pipe: one each 10 %, not more than one a second, or one after 5 s of silence."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._label, self._total, self._done = "", 0, 0
        self._shown_tenth, self._shown_at = 0, 0.0

    def start(self, label: str, total_bytes: int) -> None:
        self._label, self._total, self._done, self._shown_tenth = label, total_bytes, 0, 0
        self._say(f"{label} ({megabytes(total_bytes)})")

    def advance(self, n: int) -> None:
        self._done += n
        tenth = 10 * self._done // max(self._total, 1)
        silent_s = time.monotonic() - self._shown_at
        if (tenth > self._shown_tenth and silent_s >= 1) or silent_s >= 5:
            self._shown_tenth = tenth
            self._say(f"{self._label}: {100 * self._done // max(self._total, 1)} %")

    def note(self, text: str) -> None:
        self._say(text)

    def finish(self) -> None:
        pass

    def _say(self, text: str) -> None:
        self._shown_at = time.monotonic()
        print(text, file=self._out, flush=True)


class JsonLines:
    """One JSON object a line, for a program that shows the progress itself; at most ten `advance` a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._done, self._total, self._shown_at = 0, 0, 0.0
        self._started = False

    def start(self, label: str, total_bytes: int) -> None:
        self._done, self._total, self._started = 0, total_bytes, True
        self._emit(event="start", label=label, total_bytes=total_bytes)

    def advance(self, n: int) -> None:
        self._done += n
        if time.monotonic() - self._shown_at >= 0.1:
            self._shown_at = time.monotonic()
            self._emit(event="advance", done_bytes=self._done, total_bytes=self._total)

    def note(self, text: str) -> None:
        self._emit(event="note", text=text)

    def finish(self) -> None:
        if self._started:
            self._emit(event="finish", done_bytes=self._done, total_bytes=self._total)
        self._started = False

    def _emit(self, **fields: object) -> None:
        print(json.dumps(fields), file=self._out, flush=True)


class Bar:
    """A progress bar for a terminal, on stderr."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total_bytes: int) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self.finish()
        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task(escape(label), total=total_bytes)
        self._bar.start()

    def advance(self, n: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, n)

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            sys.stderr.write(f"{text}\n")

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


def narrator() -> AbstractContextManager[ProgressSink]:
    """The sink that suits stderr, closed at the end of the `with` block whatever happens in it."""
    fancy = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    return closing(Bar() if fancy else Lines(sys.stderr))


class closing(AbstractContextManager[ProgressSink]):
    """Finishes a sink at the end of a `with` block, so that an error or Ctrl-C leaves no bar and no hidden cursor."""

    def __init__(self, sink: ProgressSink) -> None:
        self._sink = sink

    def __enter__(self) -> ProgressSink:
        return self._sink

    def __exit__(self, *exception: object) -> None:
        self._sink.finish()


def megabytes(n: int) -> str:
    """A size for a person: `466 kB`, `22.9 MB`, `1.12 GB`."""
    if n < 1_000_000:
        return f"{n / 1e3:.0f} kB"
    return f"{n / 1e6:.1f} MB" if n < 1_000_000_000 else f"{n / 1e9:.2f} GB"
