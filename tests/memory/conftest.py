import os
import zlib

import numpy as np
import pytest
from agentx_memory.embedder import MiniLmEmbedder

from agentx.errors import AgentXError
from agentx.models.acquire import ensure


class WordEmbedder:
    """Adds up a random vector for each word: two texts are as near as they share words. A line is a piece."""

    def __init__(self, name="words"):
        self.name = name

    def load(self, progress=None):
        pass

    def split(self, text):
        return text.splitlines(keepends=True)

    def embed(self, texts):
        rows = np.full((len(texts), 64), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(64, np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class TableEmbedder(WordEmbedder):
    """Looks vectors up: the text `7` is row 7."""

    def __init__(self, rows):
        super().__init__("table")
        self._rows = rows

    def embed(self, texts):
        return self._rows[[int(text) for text in texts]]


@pytest.fixture
def words():
    return WordEmbedder()


@pytest.fixture
def table():
    return TableEmbedder


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="session")
def minilm_files():
    try:
        paths = ensure("minilm").paths
    except AgentXError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return paths["model.onnx"], paths["tokenizer.json"]


@pytest.fixture(scope="session")
def minilm(minilm_files):
    return MiniLmEmbedder(*minilm_files)
