"""Commands that are shot at while they run."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

# Says on a pipe when `main` has been entered: what happens to the interpreter before, no code of ours can help.
STARTED = """
import os, sys

class Entered:
    def find_spec(self, name, path=None, target=None):
        if name == "agentx.cli.process":
            os.write(int(os.environ["ENTERED"]), b".")
            sys.meta_path.remove(self)

sys.meta_path.insert(0, Entered())
from agentx.cli import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Shot:
    """How a command took it; `elapsed_s` from the entry into `main` to its end."""

    code: int
    out: str
    err: str
    elapsed_s: float


def shoot(argv: list[str], number: signal.Signals, after_s: float | None, **env: str) -> Shot:
    """Runs a command and sends it a signal so long after `main` was entered, if it is still there; None sends none."""
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", STARTED, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env, "ENTERED": str(writing)},
            pass_fds=[writing],
        )
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as entered:
        entered.read(1)
    started = time.monotonic()
    try:
        out, err = process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    return Shot(process.returncode, out, err, time.monotonic() - started)
