"""What is set up for the whole process when `agentx` is its program, and how it ends."""

import contextlib
import io
import logging
import os
import signal
import sys
import threading
import time

from agentx.cli import failures

LEAVE_S = 2.0


def prepare() -> None:
    """No library, thread or stray task prints a traceback, and odd characters never fail to be written."""
    logging.getLogger().addHandler(logging.NullHandler())
    threading.excepthook = lambda args: _note(args.exc_value)
    sys.unraisablehook = lambda args: _note(args.exc_value)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def leave(code: int) -> None:
    """Flushes, and sees to it that a thread that hangs in a tool does not hold the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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


def _end(code: int) -> None:
    time.sleep(LEAVE_S)
    os._exit(code)


def _note(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
        failures.record(error)
