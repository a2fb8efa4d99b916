"""One page in the browser: the screen, in a process that textual-serve has started. The options come as JSON."""

import contextlib
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from agentx.cli import failures
from agentx.cli.setup import Options, prepare

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> int:
    """Shows the screen until it is closed; returns the exit code."""
    with contextlib.suppress(OSError, AttributeError):
        # A server that is killed takes its pages with it.
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
    given = json.loads(sys.argv[1])
    if "workspace" in given:
        given["workspace"] = Path(given["workspace"])
    # A browser shows every sign, whatever the server was started in.
    os.environ.setdefault("AGENTX_UI_GLYPHS", "unicode")
    from agentx_tui.open import open_at_once

    try:
        return open_at_once(lambda: prepare(Options(**given)))
    except Exception as error:
        sys.stderr.write(f"error: {failures.describe(error)[0]}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
