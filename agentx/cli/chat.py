"""`agentx chat`: a conversation; the dialogue itself is a user interface, reached as any plugin is."""

import sys
from typing import Annotated

import typer

from agentx.cli import options
from agentx.cli.setup import Options, open_ui
from agentx.cli.text import is_terminal

Plain = Annotated[bool, typer.Option("--plain", help="Line by line, as for screen readers; pipes get that anyway.")]


@options.with_shared
def command(typed: Options, resume: options.Resume = None, plain: Plain = False) -> int:
    """Talk with the agent, on a screen of its own or, with --plain and over pipes, line by line."""
    in_lines = plain or not (is_terminal(sys.stdin) and is_terminal(sys.stdout))
    return open_ui("chat" if in_lines else "app", typed, resume)
