"""`agentx serve --web`: the screen in a browser; what serves it is the user interface, reached as any plugin is."""

from typing import Annotated, Any

import typer

from agentx import plugins
from agentx.cli import options
from agentx.cli.setup import Options
from agentx.errors import UsageError

Web = Annotated[bool, typer.Option("--web", help="The screen, in a browser of this machine.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")]


@options.with_shared
def command(typed: Options, web: Web = False, port: Port = 0) -> int:
    """Show the screen in a browser of this machine, behind an address with a random token."""
    if not web:
        raise UsageError("Say what to serve: `agentx serve --web` shows the screen in a browser.")
    in_browser: Any = getattr(plugins.load("agentx.ui", "app"), "in_browser", None)
    if in_browser is None:
        raise UsageError("The installed user interface cannot be shown in a browser; run `agentx` in a terminal.")
    return in_browser(typed, port)
