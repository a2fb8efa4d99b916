"""The screen in a browser: who gets in and who does not, asked of the real server."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import web as web_screen
from agentx_tui import web_sockets
from agentx_tui.open import open_app
from agentx_tui.web_guard import Guard

from agentx.cli import main
from agentx.cli.setup import Options
from tests.tui.pages import answer

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")
START = "import sys; from agentx.cli import main; sys.exit(main())"
PAGES = ["/", "/static/js/textual.js", "/static/css/xterm.css", "/ws", "/nothing", "/?fontsize=20"]


@dataclass
class Served:
    """A server that runs."""

    process: "subprocess.Popen[str]"
    name: str
    token: str
    folder: str = ""

    @property
    def cookie(self) -> str:
        return f"agentx_{self.name.rpartition(':')[2]}={self.token}"

    def url(self, path: str) -> str:
        return f"http://{self.name}{path}"

    def page(self, path: str) -> str:
        """The address of something that the server has."""
        return self.url(f"{self.folder}{path}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("web")
    script = folder / "replies.json"
    script.write_text(json.dumps([answer("Hello.")]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AGENTX_")}
    process = subprocess.Popen(
        [sys.executable, "-c", START, "serve", "--web", "--model", f"scripted:{script}", "--strategy", "react"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={
            **kept,
            "AGENTX_DATA_DIR": str(folder / "data"),
            "AGENTX_CONFIG_DIR": str(folder / "config"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    begin, _, token = address.partition("/?token=")
    assert begin.startswith("http://127.0.0.1:") and len(token) >= 40, address
    found = Served(process, begin.removeprefix("http://"), token)
    found.folder = get(found.url(f"/?token={token}"))[1]["Location"].rstrip("/")
    yield found
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    process.stdout.close()


async def got(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.get(url, headers=headers, allow_redirects=False) as found,
    ):
        return found.status, dict(found.headers), (await found.read()).decode("utf-8", "replace")


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    return asyncio.run(got(url, **headers))


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_given_without_the_token_or_with_a_wrong_one(served: Served, path: str) -> None:
    own, port = {"Origin": f"http://{served.name}"}, served.name.rpartition(":")[2]
    wrong = [
        {},
        {"Cookie": "agentx=1"},
        {"Cookie": f"agentx_{port}="},
        {"Cookie": f"agentx_{port}={served.token[:-1]}"},
        {"Cookie": f"agentx_{port}={served.token}x"},
        {"Cookie": f"agentx_1={served.token}"},
        {"Authorization": f"Bearer {served.token}"},
        {"Cookie": f"agentx_{port}=\xfc"},
    ]
    for headers in wrong:
        assert get(served.page(path), **headers, **own)[0] == 403, headers
    text = get(served.page(path))[2]
    assert served.token not in text and "agentx serve --web" in text


@pytest.mark.parametrize("path", PAGES)
def test_the_token_does_not_help_a_stranger_page_or_a_stranger_name(served: Served, path: str) -> None:
    port = served.name.rpartition(":")[2]
    strange: list[dict[str, str]] = [
        {"Host": f"evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{int(port) - 1}"},
        {"Origin": f"https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in strange:
        assert get(served.page(path), Cookie=served.cookie, **headers)[0] == 403, headers
        assert get(served.url(f"/?token={served.token}"), **headers)[0] == 403, headers


def test_the_token_is_only_good_at_the_first_address(served: Served) -> None:
    for path in ("/", "/ws", "/static/js/textual.js", "/nothing"):
        assert get(served.page(f"{path}?token={served.token}"), Origin=f"http://{served.name}")[0] == 403


def test_the_first_address_sets_a_cookie_that_opens_the_page(served: Served) -> None:
    status, headers, _ = get(served.url(f"/?token={served.token}"))
    assert (status, headers["Location"]) == (303, f"{served.folder}/")
    cookie = headers["Set-Cookie"]
    assert cookie.startswith(served.cookie) and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    status, headers, page = get(served.page("/"), Cookie=served.cookie)
    assert status == 200 and f"ws://{served.name}{served.folder}/ws" in page and served.token not in page
    # Nothing on it is loaded from elsewhere.
    sources = [
        part.split('"')[0] for part in page.replace("url(", 'href="').split('="')[1:] if "//" in part.split('"')[0]
    ]
    assert sources and all(source.split("://")[1].startswith(served.name) for source in sources), sources
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY" and headers["Referrer-Policy"] == "no-referrer"
    script = get(served.page("/static/js/textual.js"), Cookie=served.cookie)
    assert script[0] == 200 and len(script[2]) > 10_000
    assert get(served.page("/static/../server.py"), Cookie=served.cookie)[0] == 404
    assert get(served.page("/static/"), Cookie=served.cookie)[0] in (403, 404)


async def connected(served: Served, **headers: str) -> Any:
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.ws_connect(served.page("/ws?width=100&height=30"), headers=headers) as page,
    ):
        return await until(page, b"ready")


async def until(socket_: Any, text: bytes) -> bytes:
    seen, end = b"", time.monotonic() + 50
    while text not in seen:
        message = await socket_.receive(timeout=max(0.1, end - time.monotonic()))
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), (message, seen[-2000:])
        seen += message.data if isinstance(message.data, bytes) else message.data.encode()
    return seen


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "own"},
        {"Cookie": "own"},
        {"Cookie": "own", "Origin": "http://evil.example"},
        {"Cookie": "own", "Origin": "own", "Host": "evil.example"},
        {"Cookie": "wrong", "Origin": "own"},
    ],
)
def test_a_websocket_is_refused_to_all_others(served: Served, headers: dict[str, str]) -> None:
    own = {"Cookie": served.cookie, "Origin": f"http://{served.name}"}
    told = {name: own[name] if value == "own" else value for name, value in headers.items()}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        asyncio.run(connected(served, **told))
    assert refused.value.status == 403


def test_the_websocket_of_the_page_brings_the_screen_and_what_is_typed_reaches_it(served: Served) -> None:
    async def talk() -> None:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            page = await page_of(client, served)
            seen = await until(page, b"ready")
            assert b"AgentX" in seen and "╭".encode() in seen
            await page.send_json(["stdin", "Hi there\r"])
            await until(page, b"Hello.")

    asyncio.run(talk())


async def page_of(client: Any, served: Served) -> Any:
    """One more page; those that were closed before it may have to end first."""
    end = time.monotonic() + 30
    while True:
        try:
            return await client.ws_connect(served.page("/ws?width=100&height=30"), headers=own(served))
        except aiohttp.WSServerHandshakeError as error:
            assert error.status == 503 and time.monotonic() < end
            await asyncio.sleep(0.2)


def own(served: Served) -> dict[str, str]:
    """What the browser of the person says."""
    return {"Cookie": served.cookie, "Origin": f"http://{served.name}"}


def test_so_many_pages_are_open_at_once_and_no_more(served: Served) -> None:
    async def open_all() -> None:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            pages = [await page_of(client, served) for _ in range(web_sockets.MAX_SCREENS)]
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(served.page("/ws"), headers=own(served))
            assert refused.value.status == 503
            await asyncio.gather(*(until(page, b"AgentX") for page in pages))
            await pages[0].close()
            pages[0] = await page_of(client, served)
            for page in pages:
                await page.close()

    asyncio.run(open_all())


def test_a_server_on_another_port_is_not_given_the_cookie(served: Served) -> None:
    """Browsers send cookies to all ports of a machine, so that the path has to keep them from a stranger's server."""
    cookie = get(served.url(f"/?token={served.token}"))[1]["Set-Cookie"]
    assert len(served.folder) > 20 and served.folder not in served.token
    assert f"Path={served.folder}/;" in f"{cookie};"
    # What says the folder needs the token, and a cookie alone opens nothing elsewhere.
    assert served.folder[1:] not in get(served.url("/"))[2]
    assert get(served.url("/ws"), Origin=f"http://{served.name}", Cookie=served.cookie)[0] == 404


def test_on_the_usual_port_the_name_is_the_one_that_browsers_say() -> None:
    assert (Guard(80).name, Guard(81).name) == ("127.0.0.1", "127.0.0.1:81")
    assert Guard(80).address.startswith("http://127.0.0.1/?token=")


def test_the_browser_is_told_when_the_process_of_its_page_has_died(served: Served) -> None:
    async def die() -> Any:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            page, child = await page_and_process(client, served)
            os.kill(child, signal.SIGKILL)
            return await ended(page)

    assert asyncio.run(die()) == aiohttp.WSMsgType.CLOSE


def test_a_process_that_hangs_does_not_outlive_its_page(served: Served) -> None:
    async def leave() -> int:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            page, child = await page_and_process(client, served)
            os.kill(child, signal.SIGSTOP)
            await page.close()
            return child

    child = asyncio.run(leave())
    try:
        gone([child])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


async def page_and_process(client: Any, served: Served) -> tuple[Any, int]:
    before = set(_children(served.process.pid))
    page = await page_of(client, served)
    await until(page, b"ready")
    [child] = set(_children(served.process.pid)) - before
    return page, child


async def ended(page: Any) -> Any:
    """How the server has ended a page, whatever it still wrote before."""
    end = time.monotonic() + 30
    while (message := await page.receive(timeout=max(0.1, end - time.monotonic()))).type in (
        aiohttp.WSMsgType.BINARY,
        aiohttp.WSMsgType.TEXT,
    ):
        pass
    return message.type


def gone(processes: list[int]) -> None:
    end = time.monotonic() + 20
    while any(Path(f"/proc/{process}/status").exists() for process in processes):
        assert time.monotonic() < end, processes
        time.sleep(0.1)


def test_a_server_that_is_stopped_ends_with_0_and_takes_its_pages_with_it(tmp_path: Path, served: Served) -> None:
    async def open_one() -> list[int]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            page = await page_of(client, served)
            await until(page, b"ready")
            found = _children(served.process.pid)
            served.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(served.process.wait, 30)
            return found

    children = asyncio.run(open_one())
    assert children and served.process.returncode == 0
    gone(children)


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in listed.split()]


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    monkeypatch.delitem(sys.modules, "textual_serve.server", raising=False)
    assert main(["serve", "--web"]) == 78
    assert "pip install 'agentx-local[web]'" in capsys.readouterr().err


def test_bad_options_are_told_of_before_anything_is_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve"]) == 2
    assert "--web" in capsys.readouterr().err
    assert main(["serve", "--web", "--workspace", str(tmp_path / "no")]) == 2
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--web", "--port", str(taken.getsockname()[1])]) == 2
    assert "choose another with --port" in capsys.readouterr().err


def test_the_options_reach_the_page_whatever_they_hold(tmp_path: Path) -> None:
    import shlex

    options = Options(workspace=tmp_path, instructions="say 'no'; $(touch x)\n", allow=["a b"], unsafe_code=True)
    words = shlex.split(web_screen.command(options).removeprefix("trap '' INT; exec "))
    assert words[1:4] == ["-P", "-m", "agentx_tui.web_page"]
    given = json.loads(words[4])
    assert given == {
        "workspace": str(tmp_path),
        "instructions": "say 'no'; $(touch x)\n",
        "allow": ["a b"],
        "unsafe_code": True,
    }
    assert callable(open_app.in_browser)  # type: ignore[attr-defined]


def test_ctrl_c_of_the_terminal_leaves_a_page_that_begins_to_the_server(tmp_path: Path) -> None:
    (tmp_path / "replies.json").write_text("[]")
    options = Options(workspace=tmp_path, model=f"scripted:{tmp_path / 'replies.json'}")
    with subprocess.Popen(
        web_screen.command(options),
        shell=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        },
    ) as page:
        assert page.stdout is not None and page.stderr is not None
        time.sleep(0.2)
        page.send_signal(signal.SIGINT)
        begun = page.stdout.readline()
        page.kill()
        assert begun == b"__GANGLION__\n", page.stderr.read()
