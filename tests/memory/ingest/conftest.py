import re

import pytest
from agentx_memory.ingest import Skipped, documents


class PlainSplitter:
    """Cuts between words, after so many of them."""

    def __init__(self, words=12):
        self._pattern = re.compile(rf"(?:\s*\S+){{1,{words}}}\s*|\s+")

    def split(self, text):
        return self._pattern.findall(text)


@pytest.fixture
def splitter():
    return PlainSplitter


@pytest.fixture
def ingest():
    """Reads paths; returns the documents and the sentences of what was skipped, by the last parts of their paths."""

    def read(*paths, embedder=None, **options):
        found = list(documents(paths, embedder=embedder or PlainSplitter(), **options))
        skipped = {one.path.name: one.reason for one in found if isinstance(one, Skipped)}
        return {one.source.rsplit("/", 1)[1]: one for one in found if not isinstance(one, Skipped)}, skipped

    return read
