"""Pages of the web for the memory, fetched by the registered tool as it is for an agent."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentx.errors import PluginError, UsageError
from agentx_memory.chunks import Document

if TYPE_CHECKING:
    from agentx.config import Settings
    from agentx.tool import Tool
    from agentx_memory.ingest.cutting import Splitter

FETCHER = "fetch_page"
_NO_TITLE = "# (no title)\n"
_NO_TEXT = "(the page holds no text)"


def is_address(text: str) -> bool:
    return "://" in text


class Fetcher:
    """Fetches pages under the tool's own settings: private addresses are refused unless they are allowed.

    Args:
        hosts: `host:port` pairs that may be gone to, though the address is private.

    Raises:
        UsageError: no installed package can fetch a page.
    """

    def __init__(self, settings: "Settings", hosts: Sequence[str] = ()) -> None:
        from agentx.cli.setup import allow_hosts

        self._tool = _tool()
        allow_hosts(self._tool, settings, tuple(hosts))
        self._settings = settings.tool_settings.get(FETCHER, {})

    def page(self, address: str, embedder: "Splitter") -> Document | str:
        """The page as a document of strangers, or one sentence that says why there is none."""
        from agentx.cli import aio
        from agentx.dispatch import carry_out
        from agentx.messages import ToolCall
        from agentx.tool import ToolContext
        from agentx_memory.ingest import page_document

        call = ToolCall("memory-add", FETCHER, {"url": address})
        context = ToolContext(workspace=Path.cwd(), call_id=call.id, settings=self._settings)
        result = aio.run(carry_out(self._tool, call, context))
        text = result.text if result.full_text is None else result.full_text
        if not result.ok:
            return text
        if text.rstrip().endswith(_NO_TEXT):
            return "The page holds no text."
        document = page_document(address, text.removeprefix(_NO_TITLE), embedder=embedder)
        return document or "The page holds no text, or more than is read of a file."


def _tool() -> "Tool":
    from agentx import plugins

    try:
        return plugins.load("agentx.tools", FETCHER)
    except PluginError as error:
        raise UsageError(
            f"An address needs the tool `{FETCHER}`. {error} Or save the page and add the file."
        ) from error
