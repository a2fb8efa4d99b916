"""The tool that searches the web, through whichever provider the settings name."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from agentx import plugins
from agentx.errors import PluginError, ToolError
from agentx.tool import ToolContext, tool
from agentx_tools.search import GROUP, ProviderFactory, SearchHit, SearchProvider

TIMEOUT_S = 25.0
MAX_RESULTS = 10
_SNIPPET_CHARACTERS = 300


@tool(capabilities=["egress", "ingests_untrusted"], idempotent=True, timeout_s=30, max_output_bytes=4_000)
async def web_search(context: ToolContext, query: str, max_results: int = 5) -> str:
    """Search the web: titles, addresses and snippets of pages.

    Args:
        query: words to search for.
        max_results: how many pages, up to 10.
    """
    return await search_with(provider_for(context.settings), query, max_results)


async def search_with(provider: SearchProvider, query: str, max_results: int, timeout_s: float = TIMEOUT_S) -> str:
    """The hits as a numbered list, or a sentence that nothing was found.

    Raises:
        ToolError: the query is empty, or the search failed.
    """
    query = " ".join(query.split())
    if not query:
        raise ToolError("The query is empty; give the words to search for.")
    limit = min(max(max_results, 1), MAX_RESULTS)
    try:
        hits = await asyncio.wait_for(provider.search(query, limit), timeout_s)
    except TimeoutError:
        raise ToolError(f"search failed: no answer within {timeout_s:g} s.") from None
    except Exception as error:
        raise ToolError(f"search failed: {str(error).rstrip('.') or type(error).__name__}.") from error
    if not hits:
        return f"nothing found for {query!r}"
    return "\n".join(_entry(number, hit) for number, hit in enumerate(hits[:limit], 1))


def provider_for(settings: Mapping[str, Any]) -> SearchProvider:
    """The provider that the setting `provider` names, `ddgs` unless it is set.

    Raises:
        ToolError: no installed package offers one of that name, or it cannot be loaded.
    """
    name = str(settings.get("provider", "ddgs"))
    try:
        return cast("ProviderFactory", plugins.load(GROUP, name))(settings)
    except PluginError as error:
        raise ToolError(f"search failed: {error}") from error
    except Exception as error:
        raise ToolError(f"search failed: the provider `{name}` does not start ({error}).") from error


def _entry(number: int, hit: SearchHit) -> str:
    snippet = f"\n   {hit.snippet[:_SNIPPET_CHARACTERS]}" if hit.snippet else ""
    return f"{number}. {hit.title or hit.url}\n   {hit.url}{snippet}"
