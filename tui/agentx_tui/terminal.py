"""Keeps the terminal for the screen alone while it is open, and gives it back whatever happens."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator

from agentx import folders

LOG_BYTES = 1_000_000


@contextlib.contextmanager
def owned() -> Generator[None, None, None]:
    """What libraries and the programs of tools print meanwhile goes to `ui.log` in the data folder.

    Textual draws on `sys.__stderr__` and measures `sys.__stdout__`: meanwhile both are the terminal that stdout was.
    """
    before = sys.__stdout__, sys.__stderr__
    terminal = os.dup(1)
    saved = os.dup(2)
    log = _log()
    sys.stdout.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    screen = open(terminal, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.__stdout__ = sys.__stderr__ = screen  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        sys.__stdout__, sys.__stderr__ = before  # pyright: ignore[reportAttributeAccessIssue]
        with contextlib.suppress(OSError, ValueError):
            screen.flush()
            sys.stdout.flush()
        os.dup2(terminal, 1)
        os.dup2(saved, 2)
        os.close(saved)
        os.close(terminal)


def on_ending_signals(end: Callable[[int], None]) -> None:
    """Lets the running event loop end in order where it is told to go, so that the terminal is given back."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)


def _log() -> int:
    path = folders.data_dir() / "ui.log"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            flags |= os.O_TRUNC
        return os.open(path, flags, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
