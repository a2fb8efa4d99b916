"""Attempts to have `fetch_page` connect to a private address, and a bomb: how many connections, what it costs.

python -m benchmarks.safety.fetches

Names are looked up in a resolver of the battery, and what looks public is led to a server of this machine: nothing
leaves it. The same forms are then fetched without the guard, which shows how many of them lead somewhere. A connection
counts when it is made, but for the two forms where a public address turns out to lead to this machine once the socket
is connected: there, a byte that is sent counts.
"""

import asyncio
import gzip
import http.server
import json
import resource
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx
from agentx_tools.connections import Internet
from agentx_tools.fetch_page import fetched

from agentx.errors import ToolError
from benchmarks.safety.fetch_forms import DIVERTED, PUBLIC, Form, forms

SECRET = "the secret of the inner server"
REDIRECTS = 5
BOMB_BYTES = 150 * 2**20


@dataclass
class World:
    """The servers of this machine and who has come to them.

    Attributes:
        private: port of the private servers, on 127.0.0.1 and, where there is one, on [::1].
        public: port of the server that plays the public web.
        requests: what the private servers were asked.
        tried: private addresses that a connection was made to, whether anyone listens there or not.
    """

    private: int = 0
    public: int = 0
    requests: list[str] = field(default_factory=list[str])
    tried: list[str] = field(default_factory=list[str])
    forms: list[Form] = field(default_factory=forms)

    def filled(self, text: str, number: int) -> str:
        return text.replace("{port}", str(self.private)).replace("{number}", str(number))


class Seen(httpcore.AsyncNetworkStream):
    """A connection to the public server, whose other end says that it is the public address."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, address: str) -> None:
        self._stream = stream
        self._address = address

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return (self._address, 80) if info == "server_addr" else self._stream.get_extra_info(info)


class Network:
    """The resolver of one form, and ways to the servers of this machine alone."""

    def __init__(self, world: World, names: dict[str, list[list[str]]]) -> None:
        self._world = world
        self._answers = {name: list(answers) for name, answers in names.items()}

    async def look_up(self, host: str, port: int) -> Sequence[str]:
        answers = self._answers.get(host.lower().rstrip("."))
        if answers is not None:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    async def connect(self, address: str, port: int, timeout_s: float) -> httpcore.AsyncNetworkStream:
        internet = Internet()
        if address == PUBLIC:
            return Seen(await internet.connect("127.0.0.1", self._world.public, timeout_s), address)
        if address == DIVERTED:
            return await internet.connect("127.0.0.1", self._world.private, timeout_s)
        self._world.tried.append(address)
        if address in ("127.0.0.1", "::1") and port == self._world.private:
            return await internet.connect(address, port, timeout_s)
        raise httpcore.ConnectError("no way there")


@contextmanager
def world() -> Generator[World, None, None]:
    """The servers, as long as the block runs."""
    made = World()

    class Private(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.requests.append(self.path)
            _answer(self, 200, {"Content-Type": "text/plain"}, SECRET.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Public(Private):
        def do_GET(self) -> None:
            _answer(self, *_public(made, self.path, self.headers.get("Host", "")))

    with ExitStack() as servers:
        first = servers.enter_context(_serving("127.0.0.1", 0, Private))
        made.private = first
        with suppress(OSError):
            servers.enter_context(_serving("::1", first, Private))
        made.public = servers.enter_context(_serving("127.0.0.1", 0, Public))
        yield made


@contextmanager
def _serving(address: str, port: int, handler: type[http.server.BaseHTTPRequestHandler]) -> Generator[int, None, None]:
    kind = type(
        "Server",
        (http.server.ThreadingHTTPServer,),
        {"address_family": socket.AF_INET6 if ":" in address else socket.AF_INET, "daemon_threads": True},
    )
    server = kind((address, port), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(handler: http.server.BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    with suppress(OSError):
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


def _public(made: World, path: str, host: str) -> tuple[int, dict[str, str], bytes]:
    if path == "/hop":
        return 302, {"Location": f"http://127.0.0.1:{made.private}/"}, b""
    if path == "/robots.txt":
        away = [form.location for form in made.forms if form.how == "robots" and host in form.names]
        return (302, {"Location": made.filled(away[0], 0)}, b"") if away else (404, {}, b"")
    if not path[1:].isdigit():
        return 200, {"Content-Type": "text/html"}, b"<p>a page"
    form = made.forms[int(path[1:])]
    to = made.filled(form.location, 0).encode().decode("latin-1")
    page = {"Content-Type": "text/html; charset=utf-8"}
    if form.how.isdigit():
        return int(form.how), {"Location": to, **page}, b"<p>moved"
    html = {
        "meta": f'<meta http-equiv="refresh" content="0; url={to}"><p>moved',
        "script": f"<script>location = {json.dumps(to)}</script><p>moved",
        "link": f'<link rel="canonical" href="{to}"><link rel="stylesheet" href="{to}"><p>moved',
        "frame": f'<iframe src="{to}"></iframe><img src="{to}"><p>moved',
    }
    return (
        200,
        page | ({"Refresh": f"0; url={to}"} if form.how == "refresh" else {}),
        html.get(form.how, "<p>").encode(),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one form; `reached` lists private addresses and requests, `said` is the text or the error."""

    form: Form
    reached: tuple[str, ...]
    said: str


async def run(made: World, guarded: bool = True) -> list[Outcome]:
    """Each form, fetched by `fetch_page` or without its guard."""
    outcomes: list[Outcome] = []
    for number, form in enumerate(made.forms):
        made.requests.clear()
        made.tried.clear()
        network, url = Network(made, form.names), made.filled(form.url, number)
        said = await (_guarded(url, network) if guarded else _unguarded(url, network))
        outcomes.append(Outcome(form, (*made.tried, *made.requests), said))
    return outcomes


async def control(made: World) -> str:
    """The private server's own words: what the user allowed is reached, over the same network."""
    here = f"127.0.0.1:{made.private}"
    return await fetched(f"http://{here}/", {"allow": [here]}, Network(made, {}))


async def _guarded(url: str, network: Network) -> str:
    try:
        return await fetched(url, {}, network)
    except ToolError as error:
        return str(error)


async def _unguarded(url: str, network: Network) -> str:
    with suppress(Exception):
        return await _bare(url, network)
    return ""


async def _bare(url: str, network: Network) -> str:
    """What a program does that looks a name up, connects, and follows redirects."""

    class Backend(httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
            return await network.connect((await network.look_up(host, port))[0], port, 5.0)

    target = httpx.URL(url.strip())
    async with httpcore.AsyncConnectionPool(network_backend=Backend()) as pool:
        for _ in range(REDIRECTS):
            host, port = target.raw_host, target.port
            url_of = httpcore.URL(scheme=target.raw_scheme, host=host, port=port, target=target.raw_path)
            answer = await pool.request("GET", url_of)
            location = httpx.Headers(answer.headers).get("location")
            if answer.status not in (301, 302, 303, 307, 308) or location is None:
                return answer.content.decode("utf-8", "replace")
            target = target.join(location)
    return ""


def bomb() -> dict[str, Any]:
    """What a gzip that opens to 150 MiB costs in a process of its own: `packed_bytes`, `seconds`, `mib`, and `said`."""
    done = subprocess.run(
        [sys.executable, "-c", "from benchmarks.safety import fetches; fetches.bombed()"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def bombed() -> None:
    """Prints the figures of `bomb`."""
    compressor, piece = zlib.compressobj(9, wbits=31), bytes(2**20)
    # Piece by piece: the peak of this process is what is measured.
    pieces = [compressor.compress(piece) for _ in range(BOMB_BYTES // len(piece))]
    packed = b"".join([*pieces, compressor.flush()])

    class Bomb(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            small = self.path == "/small"
            headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
            _answer(self, 200, headers, gzip.compress(b"<p>small") if small else packed)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _serving("127.0.0.1", 0, Bomb) as port:
        allow = [f"127.0.0.1:{port}"]
        # What is imported and what a connection takes is not the bomb's.
        asyncio.run(fetched(f"http://{allow[0]}/small", {"allow": allow}))
        before, started = _peak_mib(), time.perf_counter()
        try:
            said = asyncio.run(fetched(f"http://{allow[0]}/bomb", {"allow": allow}))
        except ToolError as error:
            said = str(error)
        spent = time.perf_counter() - started
    figures = {"packed_bytes": len(packed), "seconds": spent, "mib": _peak_mib() - before, "said": said}
    print(json.dumps(figures))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    with world() as made:
        assert SECRET in asyncio.run(control(made))
        guarded, bare = asyncio.run(run(made)), asyncio.run(run(made, guarded=False))
    for outcome in guarded:
        if outcome.reached or SECRET in outcome.said:
            print(f"REACHED {outcome.form.kind}: {outcome.form.url!r} {outcome.form.location}: {outcome.reached}")
    reached = sum(bool(outcome.reached) for outcome in guarded)
    print(f"{len(guarded)} forms, {reached} connections; without the guard {sum(bool(o.reached) for o in bare)}")
    cost = bomb()
    print(
        f"a gzip of {cost['packed_bytes'] / 1024:.0f} KiB that opens to {BOMB_BYTES // 2**20} MiB: "
        f"{cost['seconds']:.2f} s, {cost['mib']:.0f} MiB more"
    )


if __name__ == "__main__":
    main()
