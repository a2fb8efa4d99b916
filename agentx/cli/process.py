"""What is set up for the whole process when `agentx` is its program, and how it ends."""

import _thread
import contextlib
import io
import os
import signal
import sys
import threading
import time

LEAVE_S = 2.0


def prepare() -> None:
    """No library, thread or stray task prints a traceback, and odd characters never fail to be written."""
    threading.excepthook = lambda args: _note(args.exc_value)
    sys.unraisablehook = lambda args: _note(args.exc_value)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Where no handler is set, logging prints what libraries warn of, tracebacks too.
    import logging

    logging.lastResort = None


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
    if isinstance(error, KeyboardInterrupt):
        # It fell into a finalizer or a callback, where Python would drop it.
        _thread.interrupt_main()
    elif error is not None and not isinstance(error, SystemExit):
        from agentx.cli import failures

        failures.record(error)
