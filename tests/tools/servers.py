"""Servers of this machine that answer as a test tells them, and a network in which they are the public web."""

import http.server
import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import ClassVar

from agentx_tools.connections import Internet

from benchmarks.safety.fetches import Seen

PUBLIC = "93.184.215.14"


class Handler(http.server.BaseHTTPRequestHandler):
    pages: ClassVar[dict] = {}

    def do_GET(self):
        entry = self.pages.get(self.path) or self.pages.get(self.path.partition("?")[0])
        if entry is None:
            self.send_error(404)
            return
        if callable(entry):
            entry(self)
            return
        headers, body = {**entry[0]}, entry[1]
        self.send_response(int(headers.pop("status", 200)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def serving(certificate=None, **pages):
    handler = type("Pages", (Handler,), {"pages": {f"/{path}": page for path, page in pages.items()}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def html(text, **headers):
    return {"Content-Type": "text/html; charset=utf-8", **headers}, text.encode()


@contextmanager
def raw(answer, heard=None):
    """A server that is handed each connection once its request has come, which goes to `heard`; gives `host:port`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection, suppress(OSError):
                request = connection.recv(65536)
                if heard is not None:
                    heard.append(request)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


class Network:
    """Every name has the address PUBLIC, if it is given no others, and PUBLIC leads to one server at any port."""

    def __init__(self, place, **names):
        self.port = int(place.split(":")[1])
        self.names = {name.replace("_", "."): addresses for name, addresses in names.items()}
        self.looked_up = []

    async def look_up(self, host, port):
        self.looked_up.append(host)
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        return self.names.get(host, [PUBLIC])

    async def connect(self, address, port, timeout_s):
        if address == PUBLIC:
            return Seen(await Internet().connect("127.0.0.1", self.port, timeout_s), address)
        return await Internet().connect(address, port, timeout_s)
