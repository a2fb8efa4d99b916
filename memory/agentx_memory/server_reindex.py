"""The vectors of a server's collection made anew with another embedding model, beside the old ones."""

from typing import TYPE_CHECKING, Any

from agentx_memory.records import as_chunk
from agentx_memory.server_client import ServerCollection
from agentx_memory.store import Progress, embedding_text

if TYPE_CHECKING:
    from agentx_memory.store import Embed

BATCH = 256


def reindex(server: ServerCollection, embed: "Embed", progress: Progress) -> int:
    """See `Store.reindex`; what other clients write to the collection meanwhile may be lost, so they should not."""
    if server.stored_model() == server.model:
        return 0
    made = 0
    with server.replacing() as (old, new):
        # Without an old one there may be a new one all the same, whose client died before it was put in place.
        total: int = old.count() if old is not None else 0
        held: Any = old
        for start in range(0, total, BATCH):
            page = held.get(limit=BATCH, offset=start, include=["documents", "metadatas"])
            done = set(new.get(ids=page["ids"], include=[])["ids"])
            rows = zip(page["ids"], page["documents"], page["metadatas"], strict=True)
            wanted = [row for row in rows if row[0] not in done]
            if wanted:
                new.upsert(
                    ids=[id for id, _, _ in wanted],
                    documents=[text for _, text, _ in wanted],
                    metadatas=[about for _, _, about in wanted],
                    embeddings=embed([embedding_text(as_chunk(id, about)) for id, _, about in wanted]),
                )
            made += len(wanted)
            progress(min(start + BATCH, total), total)
        if old is not None or new.count():
            server.put_in_place(old, new)
    return made
