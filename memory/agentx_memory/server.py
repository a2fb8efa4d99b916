"""The store of several machines or many processes: a collection on a Chroma server.

The server is the truth and knows no transactions: a document is written in calls of up to 500 chunks, new ones before
old ones go, so that a client that dies on the way leaves too much rather than too little, and the next `put` of that
document puts it right. Its words are ranked here, over what the server finds to hold them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from agentx_memory.bm25 import scores, stem
from agentx_memory.chunks import Document
from agentx_memory.query_words import query_words
from agentx_memory.records import About, as_chunk, as_document, records, searched_text
from agentx_memory.server_client import ServerCollection
from agentx_memory.server_filters import all_of, matches, terms
from agentx_memory.server_reindex import reindex, take_out_gone
from agentx_memory.store import (
    ANYWHERE,
    Progress,
    Put,
    Scored,
    StoredChunk,
    StoredDocument,
    Where,
    embedding_text,
    key_of,
    key_of_document,
    no_progress,
)

if TYPE_CHECKING:
    from agentx_memory.store import Embed, Vector, Vectors

MAX_RECORDS = 500
MAX_HOLDERS = 200
"""Chunks that are ranked for one word; of a word that more hold, which says little, these are some."""


class ServerStore:
    """See `agentx_memory.store.Store`.

    Raises:
        ConfigError: the address or the collection's name cannot be one.
    """

    def __init__(self, url: str, model: str, collection: str) -> None:
        self.model = model
        self.collection = collection
        self._server = ServerCollection(url, model, collection)

    @property
    def place(self) -> str:
        return self._server.url

    @property
    def exists(self) -> bool:
        return True

    def missing(self, document: Document) -> dict[str, str]:
        wanted = {key_of(chunk): embedding_text(chunk) for chunk in document.chunks}
        with self._server.reading(own_model=True) as found:
            held = self._held(found, document)
        if _is_whole(held, document):
            return {}
        known = {about["key"] for about in held.values()}
        return {key: text for key, text in wanted.items() if key not in known}

    def holds(self, key: str, digest: str) -> bool:
        with self._server.reading() as found:
            held = _all(found, {"document": key}) if found is not None else {}
        return bool(held) and all(about["digest"] == digest and about["count"] == len(held) for about in held.values())

    def put(self, document: Document, vectors: "Vectors") -> Put:
        new = records(document)
        given = (
            vectors
            if isinstance(vectors, Mapping)
            else {about["key"]: vector for about, vector in zip(new.values(), vectors, strict=True)}
        )
        with self._server.writing() as found:
            held = self._held(found, document)
            if _is_whole(held, document):
                return Put(kept=len(held))
            added = [id for id in new if id not in held]
            # A chunk that stood there before under another number has its vector already.
            lent = {about["key"]: id for id, about in held.items()}
            stored = _vectors(found, [lent[new[id]["key"]] for id in added if new[id]["key"] not in given])
            rows = {id: given[key] if (key := new[id]["key"]) in given else stored[lent[key]] for id in added}
            for part in _parts(added):
                found.upsert(
                    ids=part,
                    embeddings=[rows[id] for id in part],
                    documents=[searched_text(new[id]) for id in part],
                    metadatas=[new[id] for id in part],
                )
            kept = [id for id in new if id in held]
            for part in _parts(kept):
                found.update(ids=part, metadatas=[new[id] for id in part])
            gone = [id for id in held if id not in new]
            for part in _parts(gone):
                found.delete(ids=part)
        return Put(len(added), len(kept), len(gone))

    def remove(self, key: str) -> int:
        with self._server.reading() as found:
            if found is None:
                return 0
            held = _all(found, {"document": key})
            for part in _parts(list(held)):
                found.delete(ids=part)
        return len({about["document"] for about in held.values()})

    def sources(self, where: Where = ANYWHERE) -> list[StoredDocument]:
        with self._server.reading() as found:
            return [as_document(about) for about in self._documents(found, where)]

    def count(self) -> int:
        with self._server.reading() as found:
            return found.count() if found is not None else 0

    def collections(self) -> dict[str, int]:
        return self._server.counts()

    def dense(self, vector: "Vector", limit: int, where: Where = ANYWHERE) -> list[Scored]:
        with self._server.reading(own_model=True) as found:
            if limit < 1 or found is None:
                return []
            result = found.query(
                query_embeddings=[vector],
                n_results=limit,
                where=self._condition(found, where),
                include=["distances"],
            )
        pairs = zip(result["ids"][0], result["distances"][0], strict=True)
        return [(id, min(1.0, 1.0 - distance)) for id, distance in pairs]

    def lexical(self, query: str, limit: int, where: Where = ANYWHERE) -> list[Scored]:
        words = list(dict.fromkeys(map(stem, query_words(query))))
        with self._server.reading() as found:
            if limit < 1 or not words or found is None:
                return []
            condition = self._condition(found, where)
            texts: dict[str, str] = {}
            for word in words:
                part = found.get(
                    where=condition, where_document={"$contains": word}, limit=MAX_HOLDERS, include=["documents"]
                )
                texts.update(zip(part["ids"], part["documents"], strict=True))
            return scores(words, texts, found.count())[:limit]

    def chunks(self, ids: Sequence[str]) -> list[StoredChunk]:
        with self._server.reading() as found:
            if found is None:
                return []
            held = {id: about for part in _parts(list(ids)) for id, about in _got(found.get(ids=part)).items()}
        return [as_chunk(id, held[id]) for id in ids if id in held]

    def neighbours(self, id: str, before: int = 1, after: int = 1) -> list[StoredChunk]:
        for chunk in self.chunks([id]):
            first, last = chunk.position - before, chunk.position + after
            return [
                item
                for item in self._chunks_where(
                    all_of([{"document": chunk.document}, {"position": {"$gte": first}}, {"position": {"$lte": last}}])
                )
                if item.id != id
            ]
        return []

    def document(self, source: str) -> list[StoredChunk]:
        return self._chunks_where({"$or": [{"document": source}, {"source": source}]})

    def vectors(self, ids: Sequence[str]) -> bytes:
        with self._server.reading() as found:
            held = _vectors(found, list(ids)) if found is not None else {}
        return b"".join([held[id].astype("<f4").tobytes() for id in ids])

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def stored_model(self) -> str:
        return self._server.stored_model()

    def reindex(self, embed: "Embed", progress: Progress = no_progress) -> int:
        return reindex(self._server, embed, progress)

    def follow(self, progress: Progress = no_progress) -> None:
        """The server keeps its index itself."""

    def compact(self) -> None:
        """What the files of a server still hold is for whoever runs it; what a reindex has half made is not."""
        with self._server.half_made() as (found, beside):
            if beside is not None:
                take_out_gone(found, beside)

    def close(self) -> None:
        self._server.close()

    def _chunks_where(self, condition: Any) -> list[StoredChunk]:
        with self._server.reading() as found:
            held = _all(found, condition) if found is not None else {}
        chunks = [as_chunk(id, about) for id, about in held.items()]
        return sorted(chunks, key=lambda chunk: (chunk.document, chunk.position))

    def _held(self, found: Any, document: Document) -> dict[str, About]:
        return _all(found, {"document": key_of_document(document)}) if found is not None else {}

    def _documents(self, found: Any, where: Where) -> list[About]:
        if found is None:
            return []
        held = _all(found, all_of([{"position": 0}, *terms(where)])).values()
        wanted = [about for about in held if matches(about, where.sources)]
        return sorted(wanted, key=lambda about: about["created"], reverse=True)

    def _condition(self, found: Any, where: Where) -> Any:
        tests = terms(where)
        if where.sources:
            keys = {about["document"] for about in self._documents(found, where)}
            # An empty list is one that the server does not take.
            tests.append({"document": {"$in": sorted(keys) or [""]}})
        return all_of(tests)


def _got(result: Any) -> dict[str, About]:
    return dict(zip(result["ids"], result["metadatas"], strict=True))


def _all(found: Any, condition: Any) -> dict[str, About]:
    """Every record that meets the condition, a page at a time."""
    held: dict[str, About] = {}
    while part := _got(found.get(where=condition, limit=MAX_RECORDS, offset=len(held), include=["metadatas"])):
        held.update(part)
        if len(part) < MAX_RECORDS:
            break
    return held


def _vectors(found: Any, ids: list[str]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for part in _parts(ids):
        result = found.get(ids=part, include=["embeddings"])
        held.update(zip(result["ids"], result["embeddings"], strict=True))
    return held


def _is_whole(held: Mapping[str, About], document: Document) -> bool:
    """Whether these records are the document as it is, and nothing of an earlier version."""
    return len(held) == len(document.chunks) and all(about["digest"] == document.digest for about in held.values())


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), MAX_RECORDS):
        yield list(ids[start : start + MAX_RECORDS])
