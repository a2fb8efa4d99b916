"""Connections that say nothing do not keep the person's browser out, and a textual-serve that is another is named."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")

from agentx_tui import web, web_doors, web_sockets
from agentx_tui.web_doors import Doors
from aiohttp import ClientSession, DummyCookieJar
from aiohttp import web as http

from agentx.cli import main


class Echo(asyncio.Protocol):
    """Says back what it hears; `token` shows the token."""

    def __init__(self, doors: list[Doors]) -> None:
        self._doors = doors

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data == b"token":
            self._doors[0].know(self._transport)
        self._transport.write(data)


class Served:
    """A server behind doors, and connections to it."""

    def __init__(self, entry_s: float) -> None:
        kept: list[Doors] = []
        self.doors = Doors(lambda: Echo(kept), entry_s=entry_s)
        kept.append(self.doors)

    async def __aenter__(self) -> "Served":
        self._server = await asyncio.get_running_loop().create_server(self.doors, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def connect(self, word: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        if word:
            writer.write(word)
            assert await asyncio.wait_for(reader.read(100), 20) == word
        return reader, writer


async def is_ended(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(1), 20) == b""
    return True


def test_a_connection_without_the_token_is_ended_after_a_while_and_one_with_it_stays() -> None:
    async def test() -> None:
        async with Served(0.3) as served:
            silent, known = await served.connect(), await served.connect(b"token")
            assert await is_ended(silent[0])
            known[1].write(b"still here")
            assert await asyncio.wait_for(known[0].read(100), 20) == b"still here"
            known[1].close()
            await until_empty(served.doors)

    asyncio.run(test())


async def until_empty(doors: Doors) -> None:
    async with asyncio.timeout(20):
        while doors._strangers or doors._known:
            await asyncio.sleep(0.01)


def test_a_new_stranger_takes_the_place_of_the_oldest_so_that_the_browser_gets_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        monkeypatch.setattr(web_doors, "MAX_STRANGERS", 3)
        async with Served(60) as served:
            strangers = [await served.connect(b"x") for _ in range(3)]
            known = await served.connect(b"token")
            assert await is_ended(strangers[0][0])
            for stranger in strangers[1:]:
                stranger[1].write(b"y")
                assert await asyncio.wait_for(stranger[0].read(100), 20) == b"y"
            # The place of one who is known is no stranger's.
            more = [await served.connect(b"x") for _ in range(5)]
            known[1].write(b"z")
            assert await asyncio.wait_for(known[0].read(100), 20) == b"z"
            assert await is_ended(strangers[1][0]) and await is_ended(more[0][0])

    asyncio.run(test())


def test_beyond_so_many_known_connections_none_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(web_doors, "MAX_KNOWN", 2)
        async with Served(60) as served:
            kept = [await served.connect(b"token") for _ in range(2)]
            refused = await served.connect()
            assert await is_ended(refused[0])
            kept[0][1].close()
            async with asyncio.timeout(20):
                while len(served.doors._known) > 1:
                    await asyncio.sleep(0.01)
            await served.connect(b"token")

    asyncio.run(test())


def test_an_http_server_behind_doors_gives_files_and_counts_a_browser_as_known(tmp_path: Path) -> None:
    (tmp_path / "large.js").write_bytes(b"x" * 3_000_000)

    async def test() -> None:
        application = http.Application()
        application.add_routes([http.static("/static", tmp_path)])
        runner = http.AppRunner(application, access_log=None)
        await runner.setup()
        assert runner.server is not None
        doors = Doors(runner.server, entry_s=60)

        async def known(request: http.Request) -> http.Response:
            doors.know(request.transport)
            return http.Response(text=f"{len(doors._strangers)} {len(doors._known)}")

        application._router._frozen = False
        application.router.add_get("/known", known)
        server = await asyncio.get_running_loop().create_server(doors, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            async with ClientSession(cookie_jar=DummyCookieJar()) as client:
                async with client.get(f"{address}/static/large.js") as found:
                    assert len(await found.read()) == 3_000_000
                async with client.get(f"{address}/known") as found:
                    assert await found.text() == "0 1"
            await until_empty(doors)
        finally:
            server.close()
            await runner.cleanup()

    asyncio.run(test())


def test_the_textual_serve_that_is_installed_is_known() -> None:
    web_sockets.require_known()


@pytest.mark.parametrize("name", ["_process_messages", "handle_websocket"])
def test_another_textual_serve_is_told_of_in_a_sentence_before_anything_is_served(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(web_sockets.Server, name)
    assert main(["serve", "--web"]) == 78
    told = capsys.readouterr().err
    assert "textual-serve" in told and "_process_messages" in told and "pip install" in told
    assert "Traceback" not in told


def test_a_page_that_is_made_in_another_way_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, command: str) -> None:
            self._process = self._task = None

    monkeypatch.setattr(web_sockets, "AppService", Other)
    assert "the way in which a page is made" in web_sockets._missing()

    class Renamed:
        def __init__(self, command: str, **_: Any) -> None:
            self.process = self._task = None

        def stop(self) -> None: ...

    monkeypatch.setattr(web_sockets, "AppService", Renamed)
    assert web_sockets._missing() == "Renamed._process"


def test_the_server_has_doors_that_end_silent_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agentx_tui.web_guard import Guard

    async def test() -> None:
        import socket

        monkeypatch.setattr(web_doors, "MAX_STRANGERS", 2)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            guard = Guard(listening.getsockname()[1])
            serving = asyncio.ensure_future(web._serve(listening, guard, "true"))
            try:
                strangers = [await asyncio.open_connection("127.0.0.1", guard.port) for _ in range(6)]
                assert await is_ended(strangers[0][0])
                async with (
                    ClientSession(cookie_jar=DummyCookieJar()) as client,
                    client.get(guard.address, allow_redirects=False) as found,
                ):
                    assert found.status == 303
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(test())
    assert "aiohttp" in sys.modules
