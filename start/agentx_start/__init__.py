"""The `agentx` command's first step: Ctrl-C ends in one line also while the rest is being imported."""

import sys


def main() -> int:
    """Runs the command line; returns its exit code."""
    try:
        from agentx.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    return run()
