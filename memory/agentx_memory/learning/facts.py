"""Facts against those that are kept: a new one takes the place of what it makes outdated."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agentx.model import Model
from agentx_memory.adding import add_documents
from agentx_memory.chunks import FACT, Chunk, Document
from agentx_memory.learning.extract import facts_in
from agentx_memory.learning.said import Said
from agentx_memory.learning.superseding import DOUBTFUL, SUPERSEDED, superseded
from agentx_memory.store import Progress, Store, StoredChunk, Where, no_progress

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder

NEAR = 0.4
"""Cosine similarity from which on the model is asked whether one fact takes the place of another."""

ASKED_ABOUT = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that was found and is not kept yet.

    Attributes:
        said: the message that it is from.
        replaces: kept facts that it makes outdated.
        doubtful: kept facts that it may make outdated; a person knows.
    """

    text: str
    said: Said
    replaces: tuple[StoredChunk, ...] = ()
    doubtful: tuple[StoredChunk, ...] = ()

    @property
    def key(self) -> str:
        return f"fact {self.digest[:32]}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()


class Learner:
    """Finds facts, and keeps those that a person has agreed to.

    Its methods raise ConfigError, StorageError and ModelError as the store, the embedder and the model do.
    """

    def __init__(self, store: Store, embedder: "Embedder", model: Model) -> None:
        self._store = store
        self._embedder = embedder
        self._model = model

    async def found(self, messages: Sequence[Said], progress: Progress = no_progress) -> list[Fact]:
        """The new facts in messages, which are given in their order; nothing is stored.

        What is kept already is left out, and what a later message, or a kept fact of later date, has made outdated.
        """
        found: list[Fact] = []
        for number, message in enumerate(messages, 1):
            for text in (await facts_in(self._model, message.text))[0]:
                found = [*await self._standing(found, text), Fact(text, message)]
            progress(number, len(messages))
        compared = [await self._compared(fact) for fact in found]
        return [fact for fact in compared if fact is not None]

    def keep(self, facts: Sequence[Fact]) -> None:
        """Stores facts with their sources, then removes what they take the place of."""
        for _ in add_documents(self._store, self._embedder, map(self._document, facts)):
            pass
        keys = {fact.key for fact in facts}
        for old in {chunk.document for fact in facts for chunk in fact.replaces} - keys:
            self._store.remove(old)
        self._store.compact()

    async def _compared(self, fact: Fact) -> Fact | None:
        """The fact with what it replaces; None where it is kept already, or outdated itself."""
        if self._store.holds(fact.key, fact.digest):
            return None
        vector = self._embedder.embed([fact.text])[0]
        near = dict(self._store.dense(vector, ASKED_ABOUT, Where(kinds=(FACT,))))
        kept = [chunk for chunk in self._store.chunks(list(near)) if near[chunk.id] >= NEAR]
        same = list(zip(kept, await self._superseded([chunk.text for chunk in kept], fact.text), strict=True))
        replaces = tuple(chunk for chunk, yes in same if yes >= SUPERSEDED)
        if any(chunk.created > fact.said.at for chunk in replaces):
            return None
        doubtful = tuple(chunk for chunk, yes in same if DOUBTFUL <= yes < SUPERSEDED and chunk.created <= fact.said.at)
        return replace(fact, replaces=replaces, doubtful=doubtful)

    async def _standing(self, facts: Sequence[Fact], new: str) -> list[Fact]:
        """Those among facts that a later one leaves standing; one of the same words takes the place of the earlier."""
        others = [fact for fact in facts if fact.text != new]
        if not others:
            return []
        vector, *vectors = self._embedder.embed([new, *(fact.text for fact in others)])
        near = [fact for fact, other in zip(others, vectors, strict=True) if vector @ other >= NEAR]
        asked = zip(near, await self._superseded([fact.text for fact in near], new), strict=True)
        outdated = {fact.text for fact, yes in asked if yes >= SUPERSEDED}
        return [fact for fact in others if fact.text not in outdated]

    async def _superseded(self, olds: Sequence[str], new: str) -> list[float]:
        return (await superseded(self._model, olds, new))[0]

    def _document(self, fact: Fact) -> Document:
        chunks = tuple(Chunk(piece) for piece in self._embedder.split(fact.text))
        said = fact.said
        return Document(said.source, FACT, fact.digest, chunks, key=fact.key, session=said.session, created=said.at)
