"""An engine over a decoder that computes nothing."""

from collections.abc import Iterator

import pytest

from agentx.decoding.engine import Engine
from tests.decoding.counting import ADAPTERS, CountingDecoder, NoGrammars


@pytest.fixture
def decoder() -> CountingDecoder:
    return CountingDecoder()


@pytest.fixture
def engine(decoder: CountingDecoder) -> Iterator[Engine]:
    made = Engine(decoder, NoGrammars())
    made.adapters.update(ADAPTERS)
    yield made
    made.close()
