"""Gets what a web address names, within limits of size, time and redirects, from judged addresses only."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from agentx import __version__
from agentx.errors import ToolError

if TYPE_CHECKING:
    from agentx_tools.connections import Network

Check: TypeAlias = Callable[[Any], Awaitable[None]]

_HEADERS = {
    "User-Agent": f"agentx/{__version__}",
    "Accept": "text/html, text/*;q=0.9, application/json;q=0.9, application/pdf;q=0.9, */*;q=0.5",
    # No coding whose decoder cannot be stopped at a size.
    "Accept-Encoding": "gzip, deflate",
}
_GZIP = b"\x1f\x8b"
"""With which each member of a gzip begins."""
_REDIRECTS = (301, 302, 303, 307, 308)
# `localhost:8000` is a host and a port.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
# Programs disagree about where the host of any other address ends, and about what it is.
_CLEAR_HOST = re.compile(r"[^/?#]*//([^/?#\\]*@)?(\[[^]/?#\\%\s]*\]|[^:/?#@\\%\s\[\]]*)(:[0-9]*)?([/?#].*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes after decompression, seconds for all of it, redirects followed.

    Attributes:
        cuts: what is beyond `max_bytes` is left off; else it is refused.
    """

    max_bytes: int = 5 * 2**20
    total_s: float = 20.0
    redirects: int = 5
    cuts: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """What came: `url` is where the last redirect led, `charset` what the header says, if it says."""

    url: str
    content: bytes
    media_type: str
    charset: str | None = None


class DownloadFailed(ToolError):
    """No document came; `status` is what the server answered, None where it did not."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


async def download(
    url: str,
    allow: Collection[str] = (),
    limits: Limits | None = None,
    check: Check | None = None,
    network: "Network | None" = None,
) -> Document:
    """The document at `url`.

    Args:
        url: as typed; https where it has no scheme.
        allow: `host:port` pairs that may have private addresses, if `url` itself names them: no redirect leads there
            from elsewhere.
        limits: see `Limits`.
        check: called with each address that is asked, and is not allowed so, before it is; raises to refuse it.
        network: where names are looked up and connections made; this machine's by default.

    Raises:
        NotPublic: an address is private and not allowed.
        DownloadFailed: no document came within the limits.
        ToolError: the address is malformed.
    """
    limits = limits or Limits()
    target = parse(url)
    try:
        async with asyncio.timeout(limits.total_s):
            return await _Fetch(allow, limits, check, network).follow(target)
    except TimeoutError:
        raise DownloadFailed(f"{_shown(target)} did not answer within {limits.total_s:g} s.") from None


class _Fetch:
    """One address and where it redirects to."""

    def __init__(self, allow: Collection[str], limits: Limits, check: Check | None, network: "Network | None") -> None:
        from agentx_tools.connections import Internet

        self._allow = allow
        self._limits = limits
        self._check = check
        self._network = network or Internet()
        self._tls: Any = None
        self._status: int | None = None

    async def follow(self, start: Any) -> Document:
        target, excepted = start, {_place(start)} & set(self._allow)
        for _ in range(self._limits.redirects + 1):
            if not excepted and self._check:
                await self._check(target)
            answer = await self._ask(target, excepted)
            if isinstance(answer, Document):
                return answer
            target = answer
            # What the user named is meant for who asks for it, and for no page that sends us there.
            excepted &= {_place(target)}
        raise DownloadFailed(f"{_shown(start)} redirects more than {self._limits.redirects} times.", self._status)

    async def _ask(self, target: Any, excepted: Collection[str]) -> Any:
        """The document, or the address that the server redirects to."""
        import httpcore
        import httpx

        from agentx_tools.connections import CONNECT_S, Guard

        if target.scheme == "https" and self._tls is None:
            self._tls = httpx.create_ssl_context()
        url = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        request = httpcore.Request(
            "GET",
            url,
            headers={"Host": target.netloc.decode("ascii"), **_HEADERS},
            extensions={"timeout": {"connect": CONNECT_S}},
        )
        connection = httpcore.AsyncHTTPConnection(
            url.origin, ssl_context=self._tls, network_backend=Guard(self._network, excepted)
        )
        try:
            try:
                response = await connection.handle_async_request(request)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                raise DownloadFailed(f"{_shown(target)} cannot be reached ({_words(error)}).") from None
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
                raise DownloadFailed(f"{_shown(target)} gave no answer ({_words(error)}).") from None
            try:
                return await self._taken(response, target)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
                raise DownloadFailed(f"{_shown(target)} broke off ({_words(error)}).") from None
        finally:
            await connection.aclose()

    async def _taken(self, response: Any, target: Any) -> Any:
        import httpx

        self._status = response.status
        head = httpx.Response(response.status, headers=response.headers)
        if response.status in _REDIRECTS and "location" in head.headers:
            return _redirected(target, head.headers["location"])
        if response.status >= 400:
            reason = f"{response.status} {head.reason_phrase}".strip()
            raise DownloadFailed(f"{_shown(target)} answered {reason}.", response.status)
        coding = head.headers.get("content-encoding", "identity").strip().lower()
        content = await _body(response.aiter_stream(), coding, target, self._limits)
        kind = head.headers.get("content-type", "").split(";")[0].strip().lower()
        return Document(str(target), content, kind, head.charset_encoding)


def parse(url: str) -> Any:
    """An httpx.URL without credentials; an address without a scheme is taken as https.

    Raises:
        ToolError: the address is malformed, or neither http nor https.
    """
    import httpx

    text = url.strip()
    if not text:
        raise ToolError("The address is empty; give one such as https://example.org/page.")
    text = text if _SCHEME.match(text) else f"https://{text}"
    try:
        parsed = httpx.URL(text)
        scheme, host, port = parsed.scheme, parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ToolError(f"{_shown(url)} is no web address; give one such as https://example.org/page.") from None
    if scheme not in ("http", "https"):
        raise ToolError(f"{_shown(url)} cannot be fetched: only http and https can, not {scheme}.")
    if not host:
        raise ToolError(f"{_shown(url)} names no host; give an address such as https://example.org/page.")
    if not _CLEAR_HOST.fullmatch(text):
        raise ToolError(f"{_shown(url)} is no web address: its host can be read in two ways; write it plainly.")
    if port is not None and not 0 < port < 65536:
        raise ToolError(f"{_shown(url)} names the port {port}; ports go from 1 to 65535.")
    return parsed.copy_with(userinfo=b"", fragment=None)


def _redirected(target: Any, location: str) -> Any:
    import httpx

    try:
        return parse(str(target.join(location)))
    except (httpx.InvalidURL, ValueError, TypeError):
        raise DownloadFailed(f"{_shown(target)} redirects to {_shown(location)}, which is no web address.") from None


def place(entry: str) -> str:
    """A `host:port` as the user writes it, in the form in which addresses are compared with it.

    Raises:
        ToolError: it is none.
    """
    import httpx

    try:
        parsed = httpx.URL(f"http://{entry}")
        if entry.isprintable() and re.fullmatch(r"[^/?#@\\%\s]+:[0-9]{1,5}", entry) and parsed.host:
            return _place(parsed)
    except (httpx.InvalidURL, ValueError):
        pass
    raise ToolError(f"{_shown(entry)!r} is no host and port; write it as 127.0.0.1:8000 or [::1]:8000.")


def _place(target: Any) -> str:
    """Host and port as the guard of the connections compares them: no brackets, lower case, the port always there."""
    return f"{target.raw_host.decode('ascii')}:{target.port or (443 if target.scheme == 'https' else 80)}".lower()


async def _body(pieces: AsyncIterator[bytes], coding: str, target: Any, limits: Limits) -> bytes:
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise DownloadFailed(f"{_shown(target)} is compressed in a way that was not asked for ({coding[:20]}).")
    content = bytearray()
    try:
        async for piece in pieces if coding in ("identity", "") else inflated(pieces, limits.max_bytes):
            content += piece
            if len(content) > limits.max_bytes:
                if limits.cuts:
                    return bytes(content[: limits.max_bytes])
                size = f"{limits.max_bytes / 2**20:g} MiB"
                raise DownloadFailed(f"{_shown(target)} is larger than {size}, too large to fetch.")
    except zlib.error:
        raise DownloadFailed(f"{_shown(target)} is compressed and damaged.") from None
    return bytes(content)


async def inflated(pieces: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """Decompresses gzip, which may have several members, and deflate.

    What lies behind the end and is no member is left, as by browsers, and read no further: servers pad. No step makes
    more than `max_bytes` + 1 bytes, however the input swells.

    Raises:
        zlib.error: the input is damaged or cut short.
    """
    decoder, rest = None, b""
    async for piece in pieces:
        rest += piece
        while rest:
            if decoder is None or decoder.eof:
                if decoder and rest[:2] != _GZIP[: len(rest)]:
                    return
                if len(rest) < 2:
                    break
                decoder = zlib.decompressobj(_window(rest))
            yield decoder.decompress(rest, max_bytes + 1)
            rest = decoder.unconsumed_tail or decoder.unused_data
    if rest or (decoder and not decoder.eof):
        raise zlib.error("the input is cut short")


def _window(head: bytes) -> int:
    """zlib's and gzip's own header, or neither: "deflate" is sent both with and without one."""
    is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return 47 if is_zlib or head[:1] == b"\x1f" else -15


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _shown(url: Any) -> str:
    text = str(url)
    text = text if text.isprintable() else ascii(text)
    return f"{text[:200]}…" if len(text) > 200 else text
