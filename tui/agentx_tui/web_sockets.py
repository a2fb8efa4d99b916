"""The pages that are open, each a WebSocket and a process: where one of them ends, so does the other."""

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager
from textual_serve.server import Server

from agentx.errors import ConfigError

MAX_SCREENS = 4
"""Pages at once; each is a process that loads a model."""
END_S = 4.0
"""How long the process of a page that was closed gets to end by itself."""


KNOWN = "textual-serve>=1.1,<1.2"


def require_known() -> None:
    """What is used here of textual-serve, and is not promised by it, has to be there.

    Raises:
        ConfigError: it is not.
    """
    if missing := _missing():
        raise ConfigError(
            f"The textual-serve {version('textual-serve')} that is installed is not one that the screen in a browser "
            f"knows (it lacks {missing}); install one that it knows with `pip install '{KNOWN}'`."
        )


def _missing() -> str:
    """The first name that is not there, "" where all are."""
    code = getattr(getattr(Server, "handle_websocket", None), "__code__", None)
    if not hasattr(Server, "_process_messages") or "_process_messages" not in getattr(code, "co_names", ()):
        return "Server._process_messages"
    try:
        service: Any = AppService(
            "",
            write_bytes=_nowhere,
            write_str=_nowhere,
            close=_nowhere,
            download_manager=DownloadManager(),
            debug=False,
        )
        page: Any = Server("", host="", port=0, title="")
    except TypeError:
        return "the way in which a page is made"
    wanted = [(service, name) for name in ("_process", "_task", "stop")]
    wanted += [(page, name) for name in ("statics_path", "handle_index")]
    return next((f"{type(owner).__name__}.{name}" for owner, name in wanted if not hasattr(owner, name)), "")


async def _nowhere(*_: Any) -> None:
    pass


class Pages(Server):
    """The server of the page, whose own sockets would outlive a process that crashed, and wait for one that hangs."""

    def __init__(self, command: str, host: str, port: int) -> None:
        super().__init__(command, host=host, port=port, title="AgentX")
        self._free = asyncio.Semaphore(MAX_SCREENS)
        self._open = set[web.WebSocketResponse]()

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Serves one page until it is closed."""
        if self._free.locked():
            told = f"{MAX_SCREENS} pages are open already; close one of them.\n"
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=told)
        async with self._free:
            return await self.handle_websocket(request)

    async def close_all(self, _: web.Application) -> None:
        """For an application's shutdown, which would wait for the pages, and they for somebody to close them."""
        closing = (each.close(code=WSCloseCode.GOING_AWAY) for each in self._open)
        await asyncio.gather(*closing, return_exceptions=True)

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: Any) -> None:
        ended = asyncio.create_task(_close_with(app_service._process, app_service._task, websocket))
        self._open.add(websocket)
        try:
            await super()._process_messages(websocket, app_service)
        finally:
            self._open.discard(websocket)
            ended.cancel()
            await _end(app_service, app_service._process)


async def _close_with(process: Any, drawing: "asyncio.Task[None]", websocket: web.WebSocketResponse) -> None:
    """Tells the browser once there is no process any more: it would show the last picture of it for ever."""
    await process.wait()
    await asyncio.wait({drawing}, timeout=END_S)
    await websocket.close()


async def _end(app_service: Any, process: Any) -> None:
    """Asks the process to end, and ends it if it hangs: it holds a model, and one of the few places."""
    ending = asyncio.create_task(_ended(app_service, process))
    try:
        await asyncio.wait({ending}, timeout=END_S)
    finally:
        if process.returncode is None:
            process.kill()
        ending.cancel()


async def _ended(app_service: Any, process: Any) -> None:
    await app_service.stop()
    # What it still draws nobody sees; unread, it would wait for a reader instead of ending.
    while await process.stdout.read(1 << 16):
        pass
    await process.wait()
