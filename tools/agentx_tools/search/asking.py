"""Asks a provider as one should: not twice for the same, not too often, and once more where nobody answered."""

import asyncio
import json
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from agentx_tools.remembered import Remembered
from agentx_tools.search import SearchFailed, SearchHit, SearchProvider

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 4.0


@dataclass(frozen=True, slots=True)
class Manners:
    """How a provider is asked; each can be set in the tool's table.

    Attributes:
        cache_s: seconds for which hits are kept in this process, and given again for the same question.
        min_interval_s: seconds from one request to the same provider to the next.
        retries: how often a request is made again that nobody answered.
    """

    cache_s: float = 3600.0
    min_interval_s: float = 1.0
    retries: int = 2

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Manners":
        """The defaults with what the settings say instead.

        Raises:
            SearchFailed: one of them is not a number from 0 up.
        """
        given = {item.name: settings[item.name] for item in fields(cls) if item.name in settings}
        for name, value in given.items():
            kinds, what = (int, "a whole number") if name == "retries" else ((int, float), "a number")
            if isinstance(value, bool) or not isinstance(value, kinds) or value < 0:
                raise SearchFailed(f"the setting `{name}` of web_search must be {what} from 0 up, not {value!r}")
        return cls(**given)


class Asking:
    """What has been asked in this process, and when."""

    def __init__(self) -> None:
        self._known: Remembered[list[SearchHit]] = Remembered(256)
        self._next: dict[Hashable, float] = {}

    async def ask(
        self,
        provider: SearchProvider,
        key: Hashable,
        query: str,
        limit: int,
        manners: Manners,
        failed: Callable[[Exception], None] = lambda error: None,
    ) -> list[SearchHit]:
        """The hits; an empty list is believed once, and not kept.

        Args:
            key: what tells this provider with its settings from others.
            failed: called with the error of each attempt.

        Raises:
            SearchFailed: or what else the provider raises, the last time that it was asked.
        """
        import stamina

        question = (key, query, limit)
        if known := self._known.get(question):
            return known
        hits: list[SearchHit] = []
        async for attempt in stamina.retry_context(
            on=_is_passing,
            attempts=manners.retries + 1,
            timeout=None,
            wait_initial=_FIRST_WAIT_S,
            wait_max=_LONGEST_WAIT_S,
            wait_jitter=_FIRST_WAIT_S,
        ):
            with attempt:
                await self._turn(key, manners.min_interval_s)
                try:
                    hits = await provider.search(query, limit)
                except Exception as error:
                    failed(error)
                    raise
        if hits:
            self._known.keep(question, hits, manners.cache_s)
        return hits

    async def _turn(self, key: Hashable, interval_s: float) -> None:
        now = time.monotonic()
        at = max(now, self._next.get(key, now))
        self._next[key] = at + interval_s
        await asyncio.sleep(at - now)


def key_of(name: str, settings: Mapping[str, Any]) -> Hashable:
    """What tells a provider with these settings from others."""
    return name, json.dumps(dict(settings), sort_keys=True, default=str)


def _is_passing(error: Exception) -> bool:
    # TimeoutError and ConnectionError are kinds of it.
    return error.passing if isinstance(error, SearchFailed) else isinstance(error, OSError)
