"""The vectors of a server's collection made anew with another embedding model, beside the old ones."""

from typing import TYPE_CHECKING, Any, TypeAlias

from agentx_memory.records import About, as_chunk
from agentx_memory.server_client import ServerCollection
from agentx_memory.store import Progress, embedding_text

if TYPE_CHECKING:
    from agentx_memory.store import Embed

BATCH = 256

Record: TypeAlias = tuple[str, str, About]
"""A chunk's id, what is searched for its words, and its metadata."""


def reindex(server: ServerCollection, embed: "Embed", progress: Progress) -> int:
    """See `Store.reindex`; what other clients write to the collection meanwhile may be lost, so they should not.

    What an earlier one, which was interrupted, has made need not be made again.
    """
    made = 0
    with server.replacing() as (old, new):
        if new is None:
            return 0
        total: int = old.count()
        for start in range(0, total, BATCH):
            page = old.get(limit=BATCH, offset=start, include=["documents", "metadatas"])
            done = set(new.get(ids=page["ids"], include=[])["ids"])
            rows: list[Record] = list(zip(page["ids"], page["documents"], page["metadatas"], strict=True))
            made += _make(new, [row for row in rows if row[0] not in done], embed)
            _correct(new, [row for row in rows if row[0] in done])
            progress(min(start + BATCH, total), total)
        take_out_gone(old, new)
        server.put_in_place(new)
    return made


def take_out_gone(old: Any, new: Any) -> None:
    """Takes out of the new collection what the old one holds no more: what was forgotten stays so."""
    gone: list[str] = []
    for start in range(0, new.count(), BATCH):
        if ids := new.get(limit=BATCH, offset=start, include=[])["ids"]:
            held = set(old.get(ids=ids, include=[])["ids"])
            gone += [id for id in ids if id not in held]
    for start in range(0, len(gone), BATCH):
        new.delete(ids=gone[start : start + BATCH])


def _make(new: Any, rows: list[Record], embed: "Embed") -> int:
    if rows:
        new.upsert(
            ids=[id for id, _, _ in rows],
            documents=[text for _, text, _ in rows],
            metadatas=[about for _, _, about in rows],
            embeddings=embed([embedding_text(as_chunk(id, about)) for id, _, about in rows]),
        )
    return len(rows)


def _correct(new: Any, rows: list[Record]) -> None:
    """A chunk keeps its id, and so its vector, where its document was changed around it."""
    if rows:
        new.update(ids=[id for id, _, _ in rows], metadatas=[about for _, _, about in rows])
