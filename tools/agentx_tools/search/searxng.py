"""Search through a SearXNG instance of the user's, which asks many engines and tells what each of them said."""

import json
from collections.abc import Mapping
from typing import Any, cast

from agentx.errors import ToolError
from agentx_tools.addresses import NoAddress
from agentx_tools.download import Document, DownloadFailed, Limits, download, parse, place
from agentx_tools.search import SearchFailed, SearchHit, each_once

LIMITS = Limits(max_bytes=2 * 2**20, total_s=10.0, redirects=2)


class SearxngSearch:
    """`settings` holds `url`, the instance's address, which may be private; and may hold `engines`, a list of names."""

    def __init__(self, settings: Mapping[str, Any], limits: Limits = LIMITS) -> None:
        """Raises SearchFailed: there is no `url`, or it is no address of the web."""
        url = settings.get("url")
        if not isinstance(url, str) or not url.strip():
            raise SearchFailed(
                "the setting `url` of web_search is empty; set it to the address of your SearXNG instance, such as "
                "http://localhost:8080"
            )
        try:
            self._base = parse(url.rstrip("/"))
        except ToolError as error:
            raise SearchFailed(f"the setting `url` of web_search is wrong: {error}") from None
        engines: Any = settings.get("engines") or []
        if not isinstance(engines, list):
            raise SearchFailed(f"the setting `engines` of web_search must be a list of names, not {engines!r}")
        self._engines = ",".join(map(str, cast("list[object]", engines)))
        self._limits = limits

    async def search(self, query: str, limit: int) -> list[SearchHit]:
        asked = {"q": query, "format": "json", **({"engines": self._engines} if self._engines else {})}
        base = self._base
        port = base.port or (443 if base.scheme == "https" else 80)
        host = f"[{base.host}]" if ":" in base.host else base.raw_host.decode("ascii")
        url = base.copy_with(path=f"{base.path.rstrip('/')}/search", params=asked)
        try:
            document = await download(str(url), [place(f"{host}:{port}")], self._limits)
        except DownloadFailed as error:
            raise self._failed(error) from None
        except NoAddress as error:
            raise SearchFailed(f"{base} leads nowhere: {str(error).rstrip('.')}") from None
        return each_once(_hits(self._answer(document)), limit)

    def _failed(self, error: DownloadFailed) -> SearchFailed:
        if error.status == 403:
            return SearchFailed(
                f"{self._base} refuses answers in JSON (403); add `json` to `search.formats` in its settings.yml"
            )
        if error.status == 429:
            return SearchFailed(f"{self._base} says that it is asked too often (429)", passing=True)
        if error.status is None:
            # The address that was asked holds the query, and says nothing more.
            said = str(error).partition(" ")[2].rstrip(".")
            return SearchFailed(f"{self._base} {said}", passing=True)
        return SearchFailed(
            f"{self._base} answered {error.status}; is it a SearXNG instance?", passing=error.status >= 500
        )

    def _answer(self, document: Document) -> dict[str, Any]:
        try:
            answer = json.loads(document.content)
        except (ValueError, RecursionError):
            kind = document.media_type or "something else"
            raise SearchFailed(f"{self._base} sent {kind} and no JSON; is it a SearXNG instance?") from None
        if not isinstance(answer, dict) or not isinstance(cast("dict[str, Any]", answer).get("results"), list):
            raise SearchFailed(f"{self._base} sent JSON without a list of results; is it a SearXNG instance?")
        return cast("dict[str, Any]", answer)


def _hits(answer: dict[str, Any]) -> list[SearchHit]:
    """Raises SearchFailed where there are none because engines did not answer, or none can be read."""
    results = cast("list[Any]", answer["results"])
    hits = [hit for item in results if (hit := _hit(item))]
    if results and not hits:
        raise SearchFailed("no result of the SearXNG instance has an address")
    silent = answer.get("unresponsive_engines")
    if not hits and isinstance(silent, list) and silent:
        raise SearchFailed(
            f"engines of the SearXNG instance did not answer: {_engines(cast('list[Any]', silent))}", passing=True
        )
    return hits


def _hit(item: Any) -> SearchHit | None:
    if not isinstance(item, dict):
        return None
    fields = cast("dict[str, Any]", item)
    title, url, snippet = (_line(fields.get(name)) for name in ("title", "url", "content"))
    return SearchHit(title, url, snippet) if url.startswith(("http://", "https://")) else None


def _line(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _engines(silent: list[Any]) -> str:
    names = (": ".join(map(str, cast("list[Any]", each))) if isinstance(each, list) else str(each) for each in silent)
    return ", ".join(names)[:300]
