"""The first thing on the screen: drawn before the libraries that draw the rest are imported, which takes longer."""

import contextlib
import os
import sys
import termios
from collections.abc import Generator
from pathlib import Path

from agentx.cli.text import visible

TITLE = "What is to be done?"
HINT = "/ for commands, @ for files, F1 for the keys."
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[?25h\x1b[?1049l"


@contextlib.contextmanager
def shown(ascii_only: bool) -> Generator[None, None, None]:
    """Shows it on the terminal that stdout is until the screen takes over; what is typed meanwhile waits unseen.

    Whatever ends the block, the terminal is as it was.
    """
    try:
        before = termios.tcgetattr(0)
    except (termios.error, OSError):
        yield
        return
    quiet = list(before)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(0, termios.TCSANOW, quiet)
    try:
        sys.stdout.write(_ENTER + drawn(os.get_terminal_size(1), ascii_only))
        sys.stdout.flush()
        yield
    except BaseException:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        raise
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)


def drawn(size: os.terminal_size, ascii_only: bool) -> str:
    """What is written: the words that the screen begins with, each where the screen will have it."""
    narrow, short = size.columns < 60, size.lines < 12
    brand, sign, corners, side = ("*", ">", "++++-", "|") if ascii_only else ("◆", "❯", "╭╮╰╯─", "│")
    folder = visible(Path.cwd().name)[: max(8, size.columns // 3)]
    rows = {} if short else {1: f"{' ' if narrow else '  '}{brand} AgentX  {folder}"}
    first = 2 if short else 3
    rows |= {first: f"  {TITLE}", first + 1: f"  {HINT}"[: size.columns]}
    if narrow or short:
        rows[size.lines - 1] = f"{'' if narrow else '  '}{sign}"
    else:
        line = corners[4] * (size.columns - 4)
        rows[size.lines - 3] = f" {corners[0]}{line}{corners[1]}"
        rows[size.lines - 2] = f" {side} {sign}{' ' * (size.columns - 6)}{side}"
        rows[size.lines - 1] = f" {corners[2]}{line}{corners[3]}"
    rows[size.lines] = " starting" if narrow else "  starting"
    return "".join(f"\x1b[{row};1H{text}" for row, text in rows.items() if row > 0)
