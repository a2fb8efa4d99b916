"""The tool that fetches a page of the web as Markdown."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools.addresses import NotPublic
from agentx_tools.download import Limits, download, parse, place
from agentx_tools.reading import read
from agentx_tools.robots import Robots

if TYPE_CHECKING:
    from agentx_tools.connections import Network

MAX_OUTPUT_BYTES = 6_000
TOTAL_S = 18.0

# Behind the host an apostrophe may be of the address, as in one of Wikipedia.
_ADDRESS = re.compile(r"('?)(https?://[^\s<>\"'`/?#]*(?:[/?#][^\s<>\"`]*)?)")
_OPENING = {")": "(", "]": "[", "}": "{", "）": "（", "」": "「"}
# Of sentences, also Chinese and Japanese ones, and of Markdown's emphasis.
_BEHIND = ".,;:!?'*_。，、；：！？"
# "What does https://x.org/a's table say?": browsers write %27 where an address itself ends so.
_POSSESSIVE = re.compile("['’]s$")
_robots = Robots()


def named_page(context: ToolContext) -> dict[str, str] | None:
    """Arguments for `fetch_page` at the beginning of a task that names a page."""
    found = _ADDRESS.search(context.task)
    if found is None:
        return None
    quoted, address = found.groups()
    return {"url": _ended(address.partition("'")[0] if quoted else address)}


def _ended(address: str) -> str:
    """An address without the signs of the sentence behind it; a bracket that it opens itself is its own."""
    while (shorter := _shorter(address)) != address:
        address = shorter
    return address


def _shorter(address: str) -> str:
    last = address[-1]
    if last in _BEHIND or address.count(last) > address.count(_OPENING.get(last, last)):
        return address[:-1]
    return _POSSESSIVE.sub("", address)


@tool(
    capabilities=["egress", "ingests_untrusted"],
    idempotent=True,
    timeout_s=30,
    max_output_bytes=MAX_OUTPUT_BYTES,
    survey=named_page,
)
async def fetch_page(context: ToolContext, url: str) -> str:
    """Fetch a web page and return its text.

    Args:
        url: address of the page.
    """
    return await fetched(url, context.settings)


async def fetched(url: str, settings: Mapping[str, Any], network: "Network | None" = None) -> str:
    """The text of the page.

    Args:
        settings: `allow`, a list of `host:port` that may have private addresses, and `robots`.
        network: see `download`; the rules of robots are kept only for this machine's own.

    Raises:
        ToolError: the address may not be fetched, or gave no text within the limits.
    """
    allow = _allowed(settings.get("allow", ()))
    robots = settings.get("robots", True)
    if not isinstance(robots, bool):
        raise ToolError(f"The setting `robots` of fetch_page must be true or false, not {robots!r}.")
    check = (_robots if network is None else Robots(network)).check if robots else None
    try:
        document = await download(url, allow, Limits(total_s=TOTAL_S), check, network)
    except NotPublic as error:
        raise ToolError(f"{error} {_how_to_allow(url, error)}".rstrip()) from None
    return await read(document, MAX_OUTPUT_BYTES)


def _allowed(given: Any) -> frozenset[str]:
    if not isinstance(given, list | tuple) or not all(isinstance(entry, str) for entry in cast("list[Any]", given)):
        raise ToolError(f'The setting `allow` of fetch_page must be a list such as ["127.0.0.1:8000"], not {given!r}.')
    return frozenset(place(entry) for entry in cast("list[str]", given))


def _how_to_allow(url: str, error: NotPublic) -> str:
    target = parse(url)
    if target.raw_host.decode("ascii") != error.host:
        return ""  # a page that leads there is not to be believed
    port = target.port or (443 if target.scheme == "https" else 80)
    host = f"[{error.host}]" if ":" in error.host else error.host
    return f"Only the user can allow it, with --allow-host {host}:{port}."
