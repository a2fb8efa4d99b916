"""Lets nobody into the web server but the browser of whoever started it.

Anybody on this machine can reach the port, and so can each page that is open in a browser here, be it by a name that
somebody lets lead to this machine (DNS rebinding). So each request, the WebSocket's too, has to bear a random token,
and has to come to this server by its own name and from its own page.

The token is a cookie, and browsers send the cookies of a machine to whichever of its ports they open, a stranger's
server too. So all that there is lies in a folder with a random name, which no other server can ask a browser for.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

HTTP_PORT = 80
PARAMETER = "token"
REFUSED = "Open the address that `agentx serve --web` has printed.\n"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self'; font-src 'self'; connect-src 'self' ws://{name}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer: nothing is loaded from elsewhere, nothing is shown in a frame, and the address goes nowhere."""


class Guard:
    """The token of one server.

    Attributes:
        port: of 127.0.0.1, where the server listens.
        name: by which alone a request may call the server; browsers leave the usual port out.
        token: what it has to bear.
        folder: the path below which the server has its pages, without a slash at its end.
        on_token: called with the connection of each request that bears the token.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.name = "127.0.0.1" if port == HTTP_PORT else f"127.0.0.1:{port}"
        self.token = secrets.token_urlsafe(32)
        self.folder = f"/{secrets.token_urlsafe(16)}"
        self.on_token: Callable[[asyncio.BaseTransport | None], None] = lambda connection: None
        # Cookies know no ports: two servers on one machine must not overwrite each other's.
        self._cookie = f"agentx_{port}"

    @property
    def address(self) -> str:
        """What the person opens; the token in it becomes a cookie."""
        return f"http://{self.name}/?{PARAMETER}={self.token}"

    def middleware(self) -> Any:
        """For an aiohttp application: goes before every one of its handlers."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = self._entry(request) if self._comes_from_here(request) else _refusal()
            if answer is None:
                try:
                    answer = await handler(request)
                except web.HTTPException as error:
                    answer = error
            if not answer.prepared:  # the headers of a WebSocket are on their way already
                answer.headers.update({key: value.format(name=self.name) for key, value in HEADERS.items()})
            if isinstance(answer, web.HTTPException):
                raise answer
            return answer

        return guarded

    def _comes_from_here(self, request: web.Request) -> bool:
        if request.headers.getall("Host", []) != [self.name]:
            return False
        own_origin = request.headers.getall("Origin", []) == [f"http://{self.name}"]
        if "Origin" in request.headers or _is_websocket(request):
            return own_origin
        # What browsers add and no page can change; `none` is an address that a person opens.
        return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")

    def _entry(self, request: web.Request) -> web.StreamResponse | None:
        """None where the request may pass; else what is answered in the place of what it asks for."""
        if self._is_token(request.cookies.get(self._cookie, "")):
            self.on_token(request.transport)
            return None
        if request.method == "GET" and request.path == "/" and self._is_token(request.query.get(PARAMETER, "")):
            self.on_token(request.transport)
            # On to the page itself, so that the token does not stay in the address.
            answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{self.folder}/"})
            answer.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict", path=f"{self.folder}/")
            return answer
        return _refusal()

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("utf-8", "backslashreplace"), self.token.encode())


def _is_websocket(request: web.Request) -> bool:
    return "upgrade" in request.headers or request.path.endswith("/ws")


def _refusal() -> web.Response:
    return web.Response(status=HTTPStatus.FORBIDDEN, text=REFUSED)
