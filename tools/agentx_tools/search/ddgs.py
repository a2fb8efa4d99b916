"""Search through `ddgs`, which reads the result pages of public search engines.

Its own front door asks engines in a random order and says "No results found" both where a page listed none and where
an engine turned the request away. So each engine is asked here by itself, in a fixed order, and the two are told apart.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from agentx_tools.search import SearchFailed, SearchHit, each_once

ENGINES = ("duckduckgo", "brave", "mojeek", "startpage", "yahoo", "wikipedia")
"""Asked one after the other until one has hits; the setting `engines` replaces the list."""

_NARROW = frozenset({"wikipedia", "grokipedia"})
"""Encyclopaedias: that they have no such page says nothing about the web."""

_PASSING = frozenset({"timed out", "no network", "no connection"})

ENGINE_TIMEOUT_S = 5
TOTAL_S = 20.0


class Engine(Protocol):
    """What is used of an engine of `ddgs`: None if the request was turned away."""

    def search(self, query: str) -> Sequence[Any] | None: ...


class DdgsSearch:
    """The default provider. `settings` may hold `engines`, a list of engine names."""

    def __init__(self, settings: Mapping[str, Any] | None = None, engines: Mapping[str, Engine] | None = None) -> None:
        """Raises SearchFailed: `engines` is no list."""
        names: Any = (settings or {}).get("engines") or ENGINES
        if not isinstance(names, list | tuple):
            raise SearchFailed(f"the setting `engines` of web_search must be a list of names, not {names!r}")
        self._names = tuple(map(str, cast("Sequence[object]", names)))
        self._engines = engines

    async def search(self, query: str, limit: int) -> list[SearchHit]:
        return await asyncio.to_thread(self._search, query, limit)

    def _search(self, query: str, limit: int) -> list[SearchHit]:
        engines = load_engines(self._names) if self._engines is None else self._engines
        deadline, passing = time.monotonic() + TOTAL_S, False
        failures: dict[str, str] = {}
        empty = 0
        for name in self._names:
            if time.monotonic() > deadline:
                failures[name] = "no time left"
                continue
            if name not in engines:
                failures[name] = "no such engine"
                continue
            try:
                results = engines[name].search(query)
            except Exception as error:
                failures[name] = _reason(error)
                passing |= failures[name] in _PASSING
                continue
            if results is None:
                status = getattr(getattr(engines[name], "http_client", None), "status", None)
                failures[name] = "turned the request away" if status is None else f"answered {status}"
                passing |= status is not None and (status == 429 or status >= 500)
            elif hits := _hits(results, limit):
                return hits
            elif name not in _NARROW:
                empty += 1
        # A page that asks whether one is a robot looks empty too; one engine's word is not enough.
        if empty >= 2 or (empty and not failures):
            return []
        summary = _summary(failures) or "the engines that were asked only know an encyclopaedia"
        raise SearchFailed(summary, passing=passing)


def load_engines(names: Sequence[str]) -> dict[str, Engine]:
    """The engines of those names that the installed version of `ddgs` has.

    Raises:
        SearchFailed: `ddgs` is not what this module knows.
    """
    try:
        from ddgs.engines import ENGINES as known
    except ImportError as error:
        raise SearchFailed(f"the package ddgs cannot be used ({error})") from error
    text = cast("Mapping[str, Any]", known.get("text", {}))
    return {name: _listened_to(text[name](timeout=ENGINE_TIMEOUT_S)) for name in names if name in text}


def _listened_to(engine: Any) -> Engine:
    engine.http_client = _Listening(engine.http_client)
    return engine


class _Listening:
    """The HTTP client of an engine, which itself does not tell what status turned it away."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.status: int | None = None

    def request(self, *args: Any, **kwargs: Any) -> Any:
        self.status = None
        response = self._client.request(*args, **kwargs)
        self.status = response.status_code
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def _hits(results: Sequence[Any], limit: int) -> list[SearchHit]:
    hits = [SearchHit(_line(result.title), result.href, _line(result.body)) for result in results]
    return each_once((hit for hit in hits if hit.url.startswith(("http://", "https://"))), limit)


def _line(text: str) -> str:
    return " ".join(text.split())


def _reason(error: Exception) -> str:
    """The name that `ddgs` puts before the text of the error below it, which is long and holds addresses."""
    kind = str(error).split(":", 1)[0].strip()
    words = {"DNSError": "no network", "ConnectError": "no connection", "ConnectionError": "no connection"}
    if "timed out" in str(error).lower() or "Timeout" in type(error).__name__:
        return "timed out"
    return words.get(kind) or (kind if kind.isidentifier() else type(error).__name__)


def _summary(failures: Mapping[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in failures.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{reason} ({', '.join(names)})" for reason, names in by_reason.items())
