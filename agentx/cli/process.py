"""What is set up for the whole process when `agentx` is its program, and how it ends."""

import _thread
import atexit
import contextlib
import io
import os
import signal
import sys
import threading
import time
from typing import Any

LEAVE_S = 2.0
INTERRUPTED = 130
"""Exit code after Ctrl-C."""

_codes: list[int] = []
"""The exit code, once `leave` was told it."""


def prepare() -> None:
    """No library, thread or stray task prints a traceback, and odd characters never fail to be written."""
    atexit.register(_end_beside_threads)  # the first to be registered is the last to run
    threading.excepthook = lambda args: _note(args.exc_value)
    sys.unraisablehook = lambda args: _note(args.exc_value)
    _open_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # Where no handler is set, logging prints what libraries warn of, tracebacks too.
    import logging

    logging.getLogger().addHandler(logging.NullHandler())


class _BestEffort(io.FileIO):
    """Narration that finds no room or no reader is lost, and harms nothing else."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


class _Narration(io.TextIOWrapper):
    """stderr, and during a run stdout too; a tool that closes it closes nothing."""

    def close(self) -> None:
        with contextlib.suppress(ValueError):
            self.flush()


def _open_standard_streams() -> None:
    """Gives a meaning to streams that the caller has closed, so that no file is opened in their place.

    stdin is then empty, narration goes nowhere, and whoever writes to stdout is told that it is closed.
    """
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            continue
        os.open(os.devnull, mode)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    raw = _BestEffort(2, "w", closefd=False)
    sys.stderr = _Narration(io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=True)


def ending() -> None:
    """The last word is about to be said: from here on Ctrl-C has nothing to stop, and could only garble it."""
    if isinstance(sys.stderr, _Narration):  # else `main` is a guest in somebody's process
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def leave(code: int) -> None:
    """Flushes, and sees to it that a thread that hangs in a tool does not hold the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _codes.append(code)
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence_stdout()
    threads = [item for item in threading.enumerate() if item is not threading.main_thread() and not item.daemon]
    if threads:
        threading.Thread(target=_end, args=(code,), daemon=True).start()


def silence_stdout() -> None:
    """Whoever read stdout has gone: what is still buffered for it is dropped without a word."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _end_beside_threads() -> None:
    """Ends an interrupted process, after all that others do at its exit, where a thread may still be in a library's
    code, such as the one that loads a model: it would crash once the library is taken down around it."""
    if INTERRUPTED in _codes and threading.active_count() > 1:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(INTERRUPTED)


def _end(code: int) -> None:
    time.sleep(LEAVE_S)
    os._exit(code)


def _note(error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        # It fell into a finalizer or a callback, where Python would drop it.
        _thread.interrupt_main()
    elif error is not None and not isinstance(error, SystemExit):
        from agentx.cli import failures

        failures.record(error)
