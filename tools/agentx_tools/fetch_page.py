"""The tool that fetches a page of the web as Markdown."""

import asyncio
import re
from collections.abc import Sequence
from typing import cast

from agentx.tool import ToolContext, tool
from agentx_tools.download import download
from agentx_tools.page import to_text

MAX_OUTPUT_BYTES = 6_000


_ADDRESS = re.compile(r"https?://[^\s<>\"'`]+")


def named_page(context: ToolContext) -> dict[str, str] | None:
    """Arguments for `fetch_page` at the beginning of a task that names a page."""
    found = _ADDRESS.search(context.task)
    return {"url": found[0].rstrip(".,;:!?)]}")} if found else None


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
    allow = {str(entry).lower() for entry in cast("Sequence[object]", context.settings.get("allow", ()))}
    document = await download(url, allow)
    return await asyncio.to_thread(to_text, document, MAX_OUTPUT_BYTES)
