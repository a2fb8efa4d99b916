"""Which network addresses a page may be fetched from: those of the public internet, and those that were allowed.

A name is resolved once, every address it has is judged, and the connection is made to a judged address: a name that
resolves differently the second time leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from typing import TypeAlias

from agentx.errors import ToolError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def resolve(host: str, port: int, allow: Collection[str] = ()) -> list[str]:
    """Addresses of the host, in the order to try them.

    Args:
        host: a name or an address, without brackets.
        port: TCP port.
        allow: `host:port` pairs that may lie anywhere.

    Raises:
        ToolError: the host is unknown, or has an address that is not public.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name is possible"
        raise ToolError(f"The host `{host}` cannot be found ({reason}); check the address.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if f"{host}:{port}".lower() not in allow:
        for address in addresses:
            if not is_public(ipaddress.ip_address(address)):
                raise ToolError(f"`{host}` is {address}, a private address; pages of the public web only are fetched.")
    return addresses


def is_public(address: Address) -> bool:
    """True for an address of the public internet; one that carries an IPv4 address is judged by that."""
    if isinstance(address, ipaddress.IPv6Address) and (inner := _carried(address)):
        return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
