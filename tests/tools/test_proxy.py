import asyncio
import http.server
import socket
import struct
import threading
import time
from contextlib import asynccontextmanager

import pytest
from agentx_tools import proxy
from agentx_tools.python import python, run_program
from agentx_tools.shell import shell

from agentx.errors import ToolError
from agentx.tool import ToolContext
from tests.tools.servers import raw

LEVELS = pytest.mark.parametrize("walls", ["namespaces", "landlock"])


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.path} of {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(code, folder, hosts, walls="namespaces"):
    context = ToolContext(folder, settings={"hosts": hosts, "walls": [walls]})
    try:
        return asyncio.run(run_program(code, context))
    except ToolError as error:
        return str(error)


def asked(url, folder, hosts, walls="namespaces"):
    code = "import urllib.request, urllib.error\ntry: print(urllib.request.urlopen(URL).read().decode())\n"
    code += "except urllib.error.HTTPError as error: print(error.code, error.read().decode())"
    return run(f"URL = {url!r}\n{code}", folder, hosts, walls)


@LEVELS
def test_a_host_that_the_user_named_is_reached(tmp_path, site, walls):
    assert asked(f"http://{site}/page?q=1", tmp_path, [site], walls) == f"/page?q=1 of {site}"


def test_what_was_loaded_is_text_of_strangers(tmp_path, site):
    for code, untrusted in ((f"import urllib.request as u; u.urlopen('http://{site}/')", True), ("print(1)", False)):
        context = ToolContext(tmp_path, settings={"hosts": [site]})
        asyncio.run(run_program(code, context))
        assert context.marks.untrusted is untrusted


def test_hosts_or_no_walls_are_a_way_out():
    assert "egress" not in python.with_settings({}).capabilities
    for settings in ({"hosts": ["example.org"]}, {"unsafe": True}):
        assert {"egress", "executes"} == python.with_settings(settings).capabilities
        assert "egress" in shell.with_settings(settings).capabilities


@LEVELS
def test_a_tunnel_leads_to_a_named_host_alone(tmp_path, site, walls):
    code = f"""
import http.client
for host in ({site!r}, "127.0.0.1:9"):
    proxy = http.client.HTTPConnection(os.environ["http_proxy"].removeprefix("http://"))
    try:
        proxy.set_tunnel(host)
        proxy.request("GET", "/")
        print(proxy.getresponse().read().decode())
    except OSError as error: print(error)
"""
    assert run(code, tmp_path, [site], walls) == f"/ of {site}\nTunnel connection failed: 403 Forbidden"


@LEVELS
def test_there_is_no_other_way(tmp_path, site, walls):
    host, port = site.split(":")
    code = f"""
import socket
for attempt in (
    lambda: socket.create_connection(({host!r}, {port}), 2),
    lambda: socket.socket().bind(("127.0.0.1", 0)),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    lambda: socket.socket(socket.AF_UNIX),
):
    try: attempt(); print("a way")
    except OSError as error: print(type(error).__name__)
"""
    assert run(code, tmp_path, [site], walls).split() == ["PermissionError"] * 4


def test_hosts_that_were_not_named_and_private_ones_are_refused(tmp_path, site):
    port = site.split(":")[1]
    assert "403 This sandbox has no way to example.com:80" in asked("http://example.com/", tmp_path, [site])
    assert f"403 This sandbox has no way to localhost:{port}" in asked(f"http://localhost:{port}/", tmp_path, [site])
    # A name without a port is a public host: its address is judged after it was looked up.
    assert "is 127.0.0.1, a private address" in asked("http://localhost/", tmp_path, ["localhost"])
    assert "is 127.0.0.1, a private address" in asked("http://127.0.0.1/", tmp_path, ["127.0.0.*"])


def test_what_is_no_request_is_answered_with_a_sentence(tmp_path, site):
    code = """
import socket
place = os.environ["http_proxy"].removeprefix("http://").split(":")
for line in (b"GET / HTTP/1.1", b"CONNECT nowhere HTTP/1.1", b"x" * 70_000):
    with socket.create_connection((place[0], int(place[1]))) as proxy:
        proxy.sendall(line + b"\\r\\n\\r\\n")
        print(proxy.recv(1000).split(b"\\r\\n")[0].decode())
"""
    assert run(code, tmp_path, [site]).splitlines() == [
        "HTTP/1.1 400 Bad Request",
        "HTTP/1.1 400 Bad Request",
        "HTTP/1.1 431 Request Header Fields Too Large",
    ]


def test_the_grant_of_one_tool_is_not_that_of_another(tmp_path, site):
    assert asked(f"http://{site}/", tmp_path, [site]) == f"/ of {site}"
    context = ToolContext(tmp_path)
    printed = asyncio.run(shell.function(context=context, command="env | grep -c -i proxy"))
    assert printed == "0\n(exit code 1)"


@asynccontextmanager
async def connected(site, head):
    """A connection to a proxy that leads to the site alone, on which `head` was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with proxy.served(listener, [site]), asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(head.encode())
            yield reader, writer


def test_a_host_that_breaks_off_leaves_nobody_waiting():
    def broken(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def asked():
        async with connected(site, f"GET http://{site}/ HTTP/1.1\r\nHost: {site}\r\n\r\n") as (reader, writer):
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    with raw(broken) as site:
        asyncio.run(asked())


def test_a_tunnel_does_not_outlive_the_program():
    closed = threading.Event()

    def wait(connection):
        connection.settimeout(10)
        if connection.recv(1) == b"":
            closed.set()

    async def greeted():
        async with connected(site, f"CONNECT {site} HTTP/1.1\r\n\r\n") as (reader, writer):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"hello")
            assert not await asyncio.to_thread(closed.wait, 0.3)
        # The loop goes on, as that of a chat does.
        assert await asyncio.to_thread(closed.wait, 3)
        writer.close()

    with raw(wait) as site:
        asyncio.run(greeted())
