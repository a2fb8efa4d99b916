"""Reads a fetched document where it can do no harm.

The parsers of HTML and PDF are large, written in C and C++, and a page can be made to keep them busy for hours. So
they run in the sandbox, in a process that is ended at its limits; where this machine has no walls, in one that has the
limits alone.
"""

import asyncio
import base64
from dataclasses import replace

from agentx.errors import ToolError
from agentx_tools.download import Document
from agentx_tools.page import is_html, is_pdf, to_text
from agentx_tools.sandbox import pool
from agentx_tools.sandbox.client import Ended, SandboxError
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level

LIMITS = Limits(
    timeout_s=7.0, processes=8, memory_bytes=2**29, file_bytes=2**20, disk_bytes=2**22, output_bytes=5 * 2**20
)
PLAIN_S = 4.0
"""A page that takes too much for Markdown may still give its text; the two together lie within the tool's time."""
_MODULES = ("agentx_tools._reader",)
_LEVELS = (Level.NAMESPACES, Level.LANDLOCK, Level.NONE)
UNREADABLE = 1
"""Exit status: the sentence that says why is in the report."""


async def read(document: Document, links_up_to_bytes: int, limits: Limits = LIMITS) -> str:
    """The text of the document, see `page.to_text`.

    Raises:
        ToolError: it has none, or needs more time or memory than the limits give.
    """
    if not is_html(document) and not is_pdf(document):
        return await asyncio.to_thread(to_text, document, links_up_to_bytes)
    ended = await _ended(document, links_up_to_bytes, limits)
    if _passed(ended) and is_html(document):
        ended = await _ended(document, None, replace(limits, timeout_s=min(PLAIN_S, limits.timeout_s)))
    return _text(ended, document.url)


async def _ended(document: Document, links_up_to_bytes: int | None, limits: Limits) -> Ended:
    """How the reader ended; with None it gives the bare text of a page."""
    request = {
        "runner": _MODULES[0],
        "url": document.url,
        "content": base64.b64encode(document.content).decode("ascii"),
        "media_type": document.media_type,
        "charset": document.charset,
        "links_up_to_bytes": links_up_to_bytes,
    }
    try:
        async with pool.lent(pool.empty_folder("reader"), (), _MODULES, _LEVELS, ()) as sandbox:
            return await sandbox.run(request, limits)
    except (SandboxError, OSError) as error:
        raise ToolError(
            f"{document.url} was fetched, and the program that reads it does not start ({error})."
        ) from None


def _passed(ended: Ended) -> str | None:
    """Of what it took more than it may."""
    if ended.report.startswith("MemoryError"):
        return "memory"
    return "time" if ended.stopped_by == "timeout" else ended.stopped_by


def _text(ended: Ended, url: str) -> str:
    if passed := _passed(ended):
        raise ToolError(f"{url} is built so that reading it takes too much {passed}; try another page.")
    if ended.status == UNREADABLE:
        raise ToolError(ended.report)
    if ended.status != 0:
        why = ended.report or f"status {ended.status}"
        raise ToolError(f"{url} is damaged, or made to do damage: the program that reads it broke off ({why}).")
    return ended.output.decode("utf-8", "replace")
