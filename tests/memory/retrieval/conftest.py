import hashlib

import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
from agentx_memory.retrieval.search import Retriever


@pytest.fixture
def memory(words):
    """Stores documents, each given as its source and its chunks (texts, or Chunks), and gives a Retriever over them."""

    def make(**documents):
        store = LocalStore(None, words.name, "papers")
        made = [
            Document(
                source=source,
                kind="text",
                digest=hashlib.sha256(repr(chunks).encode()).hexdigest(),
                chunks=tuple(
                    chunk if isinstance(chunk, Chunk) else Chunk(chunk, first_line=line, last_line=line)
                    for line, chunk in enumerate(chunks, 1)
                ),
            )
            for source, chunks in documents.items()
        ]
        list(add_documents(store, words, made))
        return Retriever(store, words)

    return make
