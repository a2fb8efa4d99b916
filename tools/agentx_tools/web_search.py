"""The tool that searches the web, through whichever provider the settings name."""

import asyncio
from collections.abc import Hashable, Mapping
from typing import Any, cast

from agentx import plugins
from agentx.errors import PluginError, ToolError
from agentx.tool import ToolContext, tool
from agentx_tools.search import GROUP, ProviderFactory, SearchFailed, SearchHit, SearchProvider
from agentx_tools.search.asking import Asking, Manners, key_of

TIMEOUT_S = 25.0
MAX_RESULTS = 10
_SNIPPET_CHARACTERS = 300
_ONCE = Manners(cache_s=0, min_interval_s=0, retries=0)
_asking = Asking()


@tool(capabilities=["egress", "ingests_untrusted"], idempotent=True, timeout_s=30, max_output_bytes=4_000)
async def web_search(context: ToolContext, query: str, max_results: int = 5) -> str:
    """Search the web: titles, addresses and snippets of pages.

    Args:
        query: words to search for.
        max_results: how many pages, up to 10.
    """
    settings = context.settings
    try:
        manners = Manners.of(settings)
    except SearchFailed as error:
        raise ToolError(f"search failed: {error}.") from None
    provider, key = provider_for(settings), key_of(provider_name(settings), settings)
    hits = await hits_of(provider, query, max_results, TIMEOUT_S, manners, key)
    context.found(hit.url for hit in hits)
    return listed(hits, query)


async def search_with(provider: SearchProvider, query: str, max_results: int, timeout_s: float = TIMEOUT_S) -> str:
    """The hits as a numbered list, or a sentence that nothing was found; the provider is asked once.

    Raises:
        ToolError: the query is empty, or the search failed.
    """
    return listed(await hits_of(provider, query, max_results, timeout_s), query)


async def hits_of(
    provider: SearchProvider,
    query: str,
    max_results: int,
    timeout_s: float = TIMEOUT_S,
    manners: Manners = _ONCE,
    key: Hashable = None,
    asking: Asking = _asking,
) -> list[SearchHit]:
    """The hits, asked for with those manners; with retries, all of it takes at most `timeout_s`.

    Raises:
        ToolError: the query is empty, or the search failed.
    """
    query = _cleaned(query)
    if not query:
        raise ToolError("The query is empty; give the words to search for.", argument="query")
    limit = min(max(max_results, 1), MAX_RESULTS)
    time_is_up = asyncio.timeout(timeout_s)
    failures: list[Exception] = []
    try:
        async with time_is_up:
            return (await asking.ask(provider, key, query, limit, manners, failures.append))[:limit]
    except Exception as error:
        if isinstance(error, TimeoutError) and time_is_up.expired():
            last = f" (the last attempt: {_words(failures[-1])})" if failures else ""
            raise ToolError(f"search failed: no answer within {timeout_s:g} s{last}.") from None
        raise ToolError(f"search failed: {_words(error)}.") from error


def listed(hits: list[SearchHit], query: str) -> str:
    """The hits as a numbered list, or a sentence that nothing was found."""
    if not hits:
        return f"nothing found for {_cleaned(query)!r}"
    return "\n".join(_entry(number, hit) for number, hit in enumerate(hits, 1))


def provider_name(settings: Mapping[str, Any]) -> str:
    """What the setting `provider` says, `ddgs` unless it is set."""
    return str(settings.get("provider", "ddgs"))


def provider_for(settings: Mapping[str, Any]) -> SearchProvider:
    """The provider that the settings name.

    Raises:
        ToolError: no installed package offers one of that name, or it cannot be loaded.
    """
    name = provider_name(settings)
    try:
        return cast("ProviderFactory", plugins.load(GROUP, name))(settings)
    except (PluginError, SearchFailed) as error:
        raise ToolError(f"search failed: {str(error).rstrip('.')}.") from error
    except Exception as error:
        raise ToolError(f"search failed: the provider `{name}` does not start ({error}).") from error


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _cleaned(query: str) -> str:
    return " ".join(query.split())


def _entry(number: int, hit: SearchHit) -> str:
    snippet = f"\n   {hit.snippet[:_SNIPPET_CHARACTERS]}" if hit.snippet else ""
    return f"{number}. {hit.title or hit.url}\n   {hit.url}{snippet}"
