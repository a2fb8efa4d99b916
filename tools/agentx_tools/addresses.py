"""Which network addresses a page may be fetched from: those of the public internet, and those that were allowed.

A name is resolved once, every address it has is judged, and the connection is made to a judged address: a name that
resolves differently the second time leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

from agentx.errors import ToolError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# By the registries of special addresses; said here, since what Python counts as global differs between its releases.
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by customers of a provider; 100.100.100.200 tells a machine of a cloud its secrets
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks public: a cloud's own services, seen by its machines alone
        "169.254.0.0/16",  # link-local; 169.254.169.254 as above
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3ffe::/16",
        "3fff::/20",
    )
]
# The lower half of an address that carries an IPv4 address through a tunnel (ISATAP) begins with one of these.
_TUNNEL_MARKS = (0x00005EFE, 0x02005EFE)


class NoAddress(ToolError):
    """There is no address of the host that a connection may be made to."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class NotPublic(NoAddress):
    """The host has an address that is not one of the public internet."""


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host as the machine's own resolver tells them; raises OSError where it tells none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def resolve(host: str, port: int, allow: Collection[str] = (), look_up: LookUp = look_up) -> list[str]:
    """Addresses of the host, in the order to try them.

    Args:
        host: a name or an address, without brackets.
        port: TCP port.
        allow: `host:port` pairs that may lie anywhere.
        look_up: asked for the addresses.

    Raises:
        NotPublic: one of its addresses is not public.
        NoAddress: the host is unknown.
    """
    try:
        found = list(dict.fromkeys(await look_up(host, port)))
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name is possible"
        raise NoAddress(f"The host `{host}` cannot be found ({reason}); check the address.", host) from None
    if f"{host}:{port}".lower() not in allow:
        for address in found:
            judge(host, address)
    return found


def judge(host: str, address: str) -> None:
    """Raises NotPublic unless the address of this host is public."""
    try:
        public = is_public(ipaddress.ip_address(address))
    except ValueError:
        public = False
    if not public:
        raise NotPublic(f"`{host}` is {address}, a private address; pages of the public web only are fetched.", host)


def is_public(address: Address) -> bool:
    """True for an address of the public internet; one that carries an IPv4 address is judged by that."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if carried := address.ipv4_mapped or (_last_four_bytes(address) if address in _NAT64 else None):
            return is_public(carried)
        if address not in _GLOBAL_UNICAST:
            return False
        if int(address) >> 32 & 0xFFFFFFFF in _TUNNEL_MARKS and not is_public(_last_four_bytes(address)):
            return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def _last_four_bytes(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
