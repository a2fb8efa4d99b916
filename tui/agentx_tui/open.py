"""Opens the terminal UI: what `agentx` without arguments does on a terminal."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentx.cli.setup import Options, Setup


def open_app(setup: "Setup") -> int:
    """Shows the screen until the person ends it; returns the exit code."""
    return open_at_once(lambda: setup)


def open_at_once(prepare: "Callable[[], Setup]") -> int:
    """As `open_app`, but the first frame does not wait for the setup; raises what making it raises."""
    from agentx_tui import preferences, skeleton

    chosen = preferences.load()
    with skeleton.shown(chosen.ascii):
        from agentx_tui import garbage

        garbage.hold()
        from agentx_tui.app import AgentXApp
        from agentx_tui.terminal import owned

        with owned():
            app = AgentXApp(prepare, chosen)
            app.run(mouse=chosen.mouse)
    if app.conversation.broken is not None:
        raise app.conversation.broken
    return app.return_code or 0


def open_in_browser(options: "Options", port: int) -> int:
    """As `open_app`, on pages in a browser of this machine, until the server is stopped."""
    from agentx_tui import web

    return web.serve(options, port)


open_app.in_browser = open_in_browser  # pyright: ignore[reportFunctionMemberAccess]
open_app.at_once = open_at_once  # pyright: ignore[reportFunctionMemberAccess]
