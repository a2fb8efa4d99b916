"""Gets what a web address names, within limits of size, time and redirects, from judged addresses only."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

from agentx.errors import ToolError
from agentx_tools import addresses

_HEADERS = {
    "User-Agent": "agentx (fetch_page)",
    "Accept": "text/html, text/*;q=0.9, application/json;q=0.9, */*;q=0.5",
    # No coding whose decoder cannot be stopped at a size.
    "Accept-Encoding": "gzip, deflate",
}
_CONNECT_S = 5.0
# `localhost:8000` is a host and a port.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes after decompression, seconds for all of it, redirects followed."""

    max_bytes: int = 5 * 2**20
    total_s: float = 20.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Document:
    """What came: `url` is where the last redirect led, `charset` what the header says, if it says."""

    url: str
    content: bytes
    media_type: str
    charset: str | None = None


async def download(url: str, allow: Collection[str] = (), limits: Limits | None = None) -> Document:
    """The document at `url`; `allow` lists `host:port` pairs that may have private addresses.

    Raises:
        ToolError: the address is malformed or not allowed, or no document came within the limits.
    """
    import httpx

    limits = limits or Limits()
    try:
        async with asyncio.timeout(limits.total_s):
            # Proxies of the environment are not used: what they connect to could not be judged.
            async with httpx.AsyncClient(trust_env=False, verify=httpx.create_ssl_context(), timeout=None) as client:
                return await _follow(client, url, allow, limits)
    except TimeoutError:
        raise ToolError(f"{_shown(url)} did not answer within {limits.total_s:g} s.") from None


async def _follow(client: Any, url: str, allow: Collection[str], limits: Limits) -> Document:
    import httpx

    target = parse(url)
    for _ in range(limits.redirects + 1):
        response = await _ask(client, target, allow)
        try:
            if response.has_redirect_location:
                target = parse(str(target.join(response.headers["location"])))
                continue
            if response.status_code >= 400:
                reason = f"{response.status_code} {response.reason_phrase}".strip()
                raise ToolError(f"{_shown(target)} answered {reason}.")
            content = await _body(response, target, limits.max_bytes)
            kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
            return Document(str(target), content, kind, response.charset_encoding)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ToolError(f"{_shown(target)} broke off ({_words(error)}).") from None
        finally:
            await response.aclose()
    raise ToolError(f"{_shown(url)} redirects more than {limits.redirects} times.")


def parse(url: str) -> Any:
    """An httpx.URL without credentials; an address without a scheme is taken as https.

    Raises:
        ToolError: the address is malformed, or neither http nor https.
    """
    import httpx

    text = url.strip()
    try:
        parsed = httpx.URL(text if _SCHEME.match(text) else f"https://{text}")
        scheme, host, port = parsed.scheme, parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ToolError(f"{_shown(url)} is no web address; give one such as https://example.org/page.") from None
    if scheme not in ("http", "https"):
        raise ToolError(f"{_shown(url)} cannot be fetched: only http and https can, not {scheme}.")
    if not host:
        raise ToolError(f"{_shown(url)} names no host; give an address such as https://example.org/page.")
    if port is not None and not 0 < port < 65536:
        raise ToolError(f"{_shown(url)} names the port {port}; ports go from 1 to 65535.")
    return parsed.copy_with(userinfo=b"", fragment=None)


async def _ask(client: Any, target: Any, allow: Collection[str]) -> Any:
    """The response head. The first address that takes the connection is used; TLS still checks the host's name."""
    import httpx

    port = target.port or (443 if target.scheme == "https" else 80)
    problem = "no address"
    for address in await addresses.resolve(target.host, port, allow):
        request = client.build_request(
            "GET",
            target.copy_with(host=address),
            headers={**_HEADERS, "Host": target.netloc.decode("ascii")},
            extensions={"sni_hostname": target.host, "timeout": {"connect": _CONNECT_S}},
        )
        try:
            return await client.send(request, stream=True, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            problem = _words(error)
        except httpx.HTTPError as error:
            raise ToolError(f"{_shown(target)} gave no answer ({_words(error)}).") from None
    raise ToolError(f"{_shown(target)} cannot be reached ({problem}).")


async def _body(response: Any, target: Any, max_bytes: int) -> bytes:
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise ToolError(f"{_shown(target)} is compressed in a way that was not asked for ({coding[:20]}).")
    content = bytearray()
    pieces = response.aiter_raw()
    try:
        async for piece in pieces if coding in ("identity", "") else inflated(pieces, max_bytes):
            content += piece
            if len(content) > max_bytes:
                raise ToolError(f"{_shown(target)} is larger than {max_bytes / 2**20:g} MiB, too large to fetch.")
    except zlib.error:
        raise ToolError(f"{_shown(target)} is compressed and damaged.") from None
    return bytes(content)


async def inflated(pieces: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """Decompresses gzip and deflate; no step makes more than `max_bytes` + 1 bytes, however the input swells.

    Raises:
        zlib.error: the input is damaged.
    """
    decoder = None
    async for piece in pieces:
        if decoder is None:
            decoder = zlib.decompressobj(_window(piece))
        yield decoder.decompress(piece, max_bytes + 1)
        while decoder.unconsumed_tail:
            yield decoder.decompress(decoder.unconsumed_tail, max_bytes + 1)


def _window(head: bytes) -> int:
    """zlib's and gzip's own header, or neither: "deflate" is sent both with and without one."""
    is_zlib = len(head) > 1 and head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return 47 if is_zlib or head[:1] == b"\x1f" else -15


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _shown(url: Any) -> str:
    text = str(url)
    text = text if text.isprintable() else ascii(text)
    return f"{text[:200]}…" if len(text) > 200 else text
