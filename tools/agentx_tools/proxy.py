"""The way out of a sandbox: an HTTP proxy of the host that goes to the hosts that the user named, and to no other.

Names are looked up here, and each address is judged before it is connected to. A program inside has no other way: it
can make TCP connections to this proxy alone.
"""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from agentx.errors import ToolError
from agentx_tools import addresses

_LONGEST_HEAD_BYTES = 65_536
_CHUNK_BYTES = 65_536
_CONNECT_S = 10.0
_HEAD_S = 10.0
_MOST_CONNECTIONS = 64
_USUAL_PORTS = (80, 443)
_HOP_BY_HOP = re.compile(rb"(?i)^(proxy-[a-z-]+|connection|keep-alive):")


class _Refused(Exception):
    """The answer to a request that is not passed on: an HTTP status and a sentence."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Request:
    host: str
    port: int
    head: bytes
    """What is sent on first; empty for a tunnel."""


@asynccontextmanager
async def served(
    listener: socket.socket | None, hosts: Collection[str], reached: Callable[[], None] = lambda: None
) -> AsyncGenerator[None, None]:
    """Answers on the listening socket meanwhile; with None there is none to answer on.

    Args:
        hosts: names, `*.name` for those below one, or `host:port`; without a port the usual ones of the web are meant,
            with one the address may be a private one.
        reached: called for each connection to one of them.
    """
    if listener is None:
        yield
        return

    answering: set[asyncio.Task[Any] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if len(answering) < _MOST_CONNECTIONS:
                answering.add(task)
                with suppress(OSError, asyncio.IncompleteReadError):
                    await _answer(reader, writer, hosts, reached)
        finally:
            answering.discard(task)
            writer.close()

    server = await asyncio.start_server(answer, sock=listener.dup(), limit=_LONGEST_HEAD_BYTES)
    try:
        yield
    finally:
        server.close()
        for task in filter(None, answering):
            task.cancel()


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    hosts: Collection[str],
    reached: Callable[[], None],
) -> None:
    try:
        request = _parse(await _head(reader))
        remote_reader, remote_writer = await _connected(request, hosts)
        reached()
    except _Refused as refused:
        body = f"{refused}\n".encode()
        writer.write(
            f"HTTP/1.1 {refused.status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        return
    try:
        if request.head:
            remote_writer.write(request.head)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, remote_writer), _copy(remote_reader, writer))
    finally:
        remote_writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(_HEAD_S):
            return await reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        raise _Refused("408 Request Timeout", "No request came.") from None
    except asyncio.LimitOverrunError:
        raise _Refused("431 Request Header Fields Too Large", "The head of the request is too long.") from None


def _parse(head: bytes) -> _Request:
    line, *fields = head[:-4].split(b"\r\n")
    if tunnel := re.fullmatch(rb"CONNECT \[?([^\s\]/]+?)\]?:(\d{1,5}) HTTP/1\.[01]", line):
        return _Request(tunnel[1].decode("latin-1"), int(tunnel[2]), b"")
    if plain := re.fullmatch(rb"([A-Z]+) http://\[?([^\s\]/:?]+)\]?(?::(\d{1,5}))?(/\S*)? HTTP/1\.[01]", line):
        method, host, port, path = plain.groups()
        kept = [field for field in fields if not _HOP_BY_HOP.match(field)]
        start = b"%s %s HTTP/1.1" % (method, path or b"/")
        # One request a connection: the next may be to another host, which would have to be judged.
        return _Request(
            host.decode("latin-1"), int(port or 80), b"\r\n".join([start, *kept, b"Connection: close", b"", b""])
        )
    raise _Refused("400 Bad Request", "That is no request to a proxy; only HTTP goes through it.")


async def _connected(request: _Request, hosts: Collection[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = request.host.lower().rstrip("."), request.port
    named = f"{host}:{port}"
    if named not in hosts and not (port in _USUAL_PORTS and any(fnmatchcase(host, entry) for entry in hosts)):
        raise _Refused("403 Forbidden", f"This sandbox has no way to {named}; the user must name the host first.")
    try:
        found = await addresses.resolve(host, port, allow=[entry for entry in hosts if entry == named])
    except (ToolError, ValueError) as error:
        raise _Refused("403 Forbidden", str(error)) from None
    for address in found:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(address, port)
    raise _Refused("502 Bad Gateway", f"{named} cannot be reached.")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_CHUNK_BYTES):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Breaks a connection off: its other end would wait for ever, or take the half that came for the whole."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
