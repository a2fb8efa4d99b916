import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from agentx.decoding.constraint import Grammars
from agentx.decoding.llama import Llama
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.stream import Stream
from agentx.decoding.tokenizer import GrammarTokenizer
from agentx.dialects.base import Dialect
from agentx.dialects.hermes import HermesJson
from agentx.dialects.python_calls import PythonCalls
from agentx.errors import SchemaError
from agentx.model import GREEDY, Delta
from agentx.tool import Tool
from tests.soak.conftest import rounds
from tests.soak.schemas import DEFS, tools

MAX_TOKENS = 1500
PUSHED_FROM = 24
"""Tokens after which whatever closes something becomes likelier, more and more."""

both = pytest.mark.parametrize("dialect", [PythonCalls(), HermesJson()], ids=lambda dialect: dialect.name)


class Dice:
    """A decoder without a mind: every legal token is as likely as any other, until the reply gets long."""

    def __init__(self, path: Path) -> None:
        self.llama = Llama(path, context_tokens=64, sequences=1, threads=1)
        tokenizer = GrammarTokenizer()
        tokenizer.connect(self.llama)
        self.grammars = Grammars(tokenizer, self.llama.vocab_size)
        pieces = [self.llama.piece(token) for token in range(self.llama.vocab_size)]
        closing = [bool(piece) and not piece.strip(b'"]})') for piece in pieces]
        self._closing = np.array(closing)
        self._closing[list(self.llama.end_tokens)] = True

    def reply(self, grammar: str, seed: int, fast_forward: bool) -> tuple[str, str]:
        """A reply of random tokens that the grammar allows, and how it ended."""
        random = np.random.default_rng(seed)
        ended: list[Delta] = []
        stream = Stream(
            prompt=[0],
            reply=Reply(self.llama.piece),
            sampler=Sampler(GREEDY),
            matcher=self.grammars.start(grammar),
            fast_forward=fast_forward,
            max_tokens=MAX_TOKENS,
            end_tokens=self.llama.end_tokens,
            emit=ended.append,
            fail=_raise,
        )
        while not stream.done:
            logits = random.standard_normal(self.llama.vocab_size, np.float32)
            push = max(len(stream.reply.tokens) - PUSHED_FROM, 0) / 8
            stream.advance(logits + self._closing * np.float32(push))
        return "".join(delta.text for delta in ended), str(ended[-1].finish)


def _raise(error: BaseException) -> None:
    raise error


@pytest.fixture(scope="session")
def dice(small_model: Path) -> Iterator[Dice]:
    made = Dice(small_model)
    yield made
    made.llama.close()


@pytest.fixture(scope="module")
def ends() -> Iterator["Counter[str]"]:
    """How the replies ended; nearly all must end by themselves, else nothing was tested."""
    counted: Counter[str] = Counter()
    yield counted
    print(f"replies by their end: {dict(counted)}")
    refused = counted.pop("refused", 0)
    assert counted["stop"] + counted["grammar"] >= 0.95 * counted.total()
    assert refused <= 0.2 * counted.total()


@pytest.mark.model
@both
@settings(
    max_examples=rounds(400, 5500),
    deadline=None,
    derandomize=rounds(1, 0) == 1,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
)
@given(offered=st.lists(tools(), min_size=1, max_size=3, unique_by=lambda tool: tool.name), seed=st.integers(0, 2**31))
def test_every_reply_that_a_grammar_allows_is_read_and_is_valid(
    dice: Dice, ends: "Counter[str]", dialect: Dialect, offered: list[Tool], seed: int
) -> None:
    note("\n".join(f"{tool.name!r}: {json.dumps(tool.parameters)}" for tool in offered).replace(json.dumps(DEFS), "…"))
    try:
        text, finish = dice.reply(f"start: calls\n{dialect.grammar(offered)}", seed, fast_forward=seed % 2 == 0)
    except SchemaError as error:
        # Refused with a sentence, before a run: that is what should happen where a grammar cannot hold a schema.
        assert "cannot be made a grammar" in str(error)
        ends["refused"] += 1
        return
    note(f"{finish}: {text!r}")
    ends[finish] += 1
    if finish in ("length", "repetition"):
        return
    calls = dialect.parse(text, offered)
    assert calls
    by_name = {tool.name: tool for tool in offered}
    for name, arguments in calls:
        validate(by_name[name], arguments)


def validate(tool: Tool, arguments: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**tool.parameters, "additionalProperties": False}).validate(arguments)
    tool.validate(arguments)
    # The journal and other models get them as JSON.
    assert json.loads(json.dumps(arguments)) == arguments
