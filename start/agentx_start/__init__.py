"""The `agentx` command's first step: Ctrl-C ends in one line also while the rest is being imported."""

import os
import signal


def main() -> int:
    """Runs the command line; returns its exit code."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:  # else the caller ignores Ctrl-C, or has a way of his own
        signal.signal(signal.SIGINT, _end)
    from agentx.cli import main as run

    signal.signal(signal.SIGINT, usual)
    return run()


def _end(*_: object) -> None:
    """No exception, since an import is full of callbacks in which Python would print it and go on."""
    os.write(2, b"interrupted\n")
    os._exit(130)
