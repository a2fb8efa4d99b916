"""`agentx sessions show --trace`: a session as a waterfall in plain text."""

import shutil
import sys

from agentx.cli.text import one_line
from agentx.journal import Journal

WIDTH = 120
"""Columns where stdout is no terminal."""


def show(journal: Journal, session_id: str) -> int:
    """Prints the trace of a session; returns the exit code."""
    from agentx import trace_layout
    from agentx.trace import read

    width = shutil.get_terminal_size((WIDTH, 24)).columns
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    for line in trace_layout.lines(read(journal, session_id), width, one_line, ascii_only=plain):
        sys.stdout.write(f"{line}\n")
    return 0
