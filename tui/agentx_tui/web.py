"""The screen in a browser of this machine: a page of its own for each agent, through textual-serve."""

import asyncio
import dataclasses
import json
import shlex
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.cli.setup import Options, prepare
from agentx.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from aiohttp import web

    from agentx_tui.web_guard import Guard

HOST = "127.0.0.1"
END_S = 6.0
"""How long pages that are open get to end; those that hang are ended before."""
KEEP_S = 75.0
"""How long a connection may stay on which nothing is asked any more."""
MISSING = "The screen in a browser needs textual-serve; install it with `pip install 'agentx-local[web]'`."


def serve(options: Options, port: int) -> int:
    """Serves until Ctrl+C or SIGTERM; returns the exit code.

    Args:
        port: on 127.0.0.1 alone; 0 takes a free one.

    Raises:
        ConfigError: textual-serve is not installed, or is one that is not known.
        UsageError: the port is taken, or the options are off.
    """
    try:
        import textual_serve.server  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ModuleNotFoundError:
        raise ConfigError(MISSING) from None
    from agentx_tui import web_sockets

    web_sockets.require_known()
    # What is off with the options is said here, and not on a page.
    prepare(options)
    from agentx_tui.web_guard import Guard

    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise UsageError(
            f"Port {port} of {HOST} cannot be had ({error.strerror}); choose another with --port."
        ) from None
    with listening:
        guard = Guard(listening.getsockname()[1])
        asyncio.run(_serve(listening, guard, command(options)))
    return 0


def command(options: Options) -> str:
    """The shell command that shows the screen of these options to textual-serve."""
    given = {name: value for name, value in dataclasses.asdict(options).items() if value is not None}
    # Not the current folder's modules (-P), which may be a stranger's.
    words = [sys.executable, "-P", "-m", "agentx_tui.web_page", json.dumps(given, default=str)]
    # Ctrl+C goes to all processes of a terminal: until its screen is there, a page leaves its end to the server.
    return f"trap '' INT; exec {shlex.join(words)}"


async def _serve(listening: socket.socket, guard: "Guard", page: str) -> None:
    from aiohttp import web

    from agentx_tui.web_doors import Doors

    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    runner = web.AppRunner(_application(guard, page), access_log=None, shutdown_timeout=END_S, keepalive_timeout=KEEP_S)
    await runner.setup()
    assert runner.server is not None
    doors = Doors(runner.server)
    guard.on_token = doors.know
    server = await loop.create_server(doors, sock=listening)
    try:
        sys.stdout.write(f"{guard.address}\n")
        sys.stdout.flush()
        sys.stderr.write("Open this address in a browser of this machine, and keep it to yourself. Ctrl+C ends.\n")
        await ended.wait()
    finally:
        server.close()
        await runner.cleanup()


def _application(guard: "Guard", page: str) -> "web.Application":
    import aiohttp_jinja2
    import jinja2
    from aiohttp import web

    from agentx_tui.web_sockets import Pages

    pages = Pages(page, HOST, guard.port)
    application = web.Application(middlewares=[guard.middleware()])
    # Its own page would load letters from the network.
    aiohttp_jinja2.setup(application, loader=jinja2.FileSystemLoader(Path(__file__).parent / "web_templates"))
    statics: Any = pages.statics_path
    application.add_routes(
        [
            web.get(f"{guard.folder}/", pages.handle_index, name="index"),
            web.get(f"{guard.folder}/ws", pages.socket, name="websocket"),
            web.static(f"{guard.folder}/static", statics, name="static"),
        ]
    )
    application.on_shutdown.append(pages.close_all)
    return application
