"""The connections that pages are fetched over: each leads to a judged address, or is closed before a byte is sent.

Imports httpcore, so import this module where a connection is made.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol, cast

import httpcore

from agentx.errors import ToolError
from agentx_tools import addresses

CONNECT_S = 5.0


class Network(Protocol):
    """Where names are looked up and connections made; a test brings its own."""

    async def look_up(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host; raises OSError where there are none."""
        ...

    async def connect(self, address: str, port: int, timeout_s: float) -> httpcore.AsyncNetworkStream:
        """A connection to an address; raises what httpcore's backends raise."""
        ...


class Internet:
    """The network of this machine."""

    async def look_up(self, host: str, port: int) -> Sequence[str]:
        return await addresses.look_up(host, port)

    async def connect(self, address: str, port: int, timeout_s: float) -> httpcore.AsyncNetworkStream:
        # Its type is that of a stand-in for where anyio is missing.
        backend: httpcore.AsyncNetworkBackend = cast("Any", httpcore.AnyIOBackend())
        return await backend.connect_tcp(address, port, timeout_s)


class Guard(httpcore.AsyncNetworkBackend):
    """What httpcore makes its connections by.

    The name is looked up here, and the connection is made to an address that was judged, the first that takes it. Then
    the connected socket is asked who is at its other end, and that address is judged too.
    """

    def __init__(self, network: Network, allow: Collection[str] = ()) -> None:
        """`allow` lists `host:port` pairs that may have private addresses."""
        self._network = network
        self._allow = allow

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ToolError: the host is unknown, or one of its addresses is not public."""
        problem: Exception = httpcore.ConnectError("no address")
        for address in await addresses.resolve(host, port, self._allow, self._network.look_up):
            try:
                stream = await self._network.connect(address, port, CONNECT_S)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
                continue
            if f"{host}:{port}".lower() not in self._allow:
                try:
                    _judge_peer(host, stream)
                except ToolError:
                    await stream.aclose()
                    raise
            return stream
        raise problem

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise ToolError(f"`{path}` is a socket of this machine; pages of the public web only are fetched.")


def _judge_peer(host: str, stream: httpcore.AsyncNetworkStream) -> None:
    peer, own = stream.get_extra_info("server_addr"), stream.get_extra_info("client_addr")
    address = str(peer[0]) if peer else "of no known address"
    addresses.judge(host, address)
    if own and str(own[0]) == address:
        sentence = f"`{host}` is this very machine ({address}); pages of the public web only are fetched."
        raise addresses.NotPublic(sentence, host)
