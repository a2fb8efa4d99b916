"""Replies under random schemas: whatever a grammar allows, its dialect reads, and it is valid."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
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
from agentx.model import GREEDY, Constraint, Delta, Sampling
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions
from agentx.tool import Tool
from tests.conftest import weights
from tests.soak.conftest import FULL, rounds
from tests.soak.schemas import DEFS, tools

MAX_TOKENS = 1500
PUSHED_FROM = 24
"""Tokens after which whatever closes something becomes likelier, more and more."""
TOKENIZERS = ("smollm2-135m", "qwen2.5-coder-1.5b")
"""One model of each vocabulary that can be had; the 0.5B has that of the 1.5B."""
REAL = {"smollm2-135m": rounds(50, 1000)} | ({"qwen2.5-coder-0.5b": 100, "qwen2.5-coder-1.5b": 100} if FULL else {})
MAX_REAL_TOKENS = 256
MAX_SHOWN = 1000
"""Characters of the tools that a model is shown: some schemas are longer than its context, and what is right under the
grammar does not hang on what the prompt tells. The grammar is that of all of them."""

DIALECTS = (PythonCalls(), HermesJson())
both = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
some_tools = st.lists(tools(), min_size=1, max_size=3, unique_by=lambda tool: tool.name)
seeds = st.integers(0, 2**31)


def tries(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=not FULL,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        database=None,
    )


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
        # Drawing a number for each of 150,000 tokens takes longer than all the rest: the rows are cut out of one strip.
        self._strip = np.random.default_rng(0).standard_normal(4 * self.llama.vocab_size, np.float32)

    def reply(self, grammar: str, seed: int, fast_forward: bool) -> tuple[str, str]:
        """A reply of random tokens that the grammar allows, and how it ended."""
        random = np.random.default_rng(seed)
        ended: list[Delta] = []
        size = self.llama.vocab_size
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
            start = random.integers(len(self._strip) - size)
            logits = self._strip[start : start + size]
            push = max(len(stream.reply.tokens) - PUSHED_FROM, 0) / 8
            stream.advance(logits + self._closing * np.float32(push) if push else logits)
        return "".join(delta.text for delta in ended), str(ended[-1].finish)


def _raise(error: BaseException) -> None:
    raise error


@pytest.fixture(scope="module", params=TOKENIZERS)
def dice(request: pytest.FixtureRequest) -> Iterator[Dice]:
    made = Dice(weights(request.param))
    yield made
    made.llama.close()


@pytest.fixture(scope="module", params=REAL)
def model(request: pytest.FixtureRequest) -> Iterator[LlamaCppModel]:
    options = LlamaOptions(context_tokens=4096)
    loaded = LlamaCppModel(weights(request.param), request.param, options=options)
    yield loaded
    loaded.close()


@pytest.fixture
def ends(request: pytest.FixtureRequest) -> Iterator["Counter[str]"]:
    """How the replies ended."""
    counted: Counter[str] = Counter()
    yield counted
    print(f"{request.node.name}: replies by their end: {dict(counted)}")


@pytest.mark.model
@both
def test_every_reply_that_a_grammar_allows_is_read_and_is_valid(
    dice: Dice, ends: "Counter[str]", dialect: Dialect
) -> None:
    @tries(rounds(250, 6500))
    @given(offered=some_tools, seed=seeds)
    def random_replies(offered: list[Tool], seed: int) -> None:
        def reply(grammar: str) -> tuple[str, str]:
            return dice.reply(grammar, seed, fast_forward=seed % 2 == 0)

        check(dialect, offered, reply, ends)

    random_replies()
    whole = ends["stop"] + ends["grammar"]
    # Else nothing was tested.
    assert whole >= 0.95 * (ends.total() - ends["refused"])
    assert ends["refused"] <= 0.2 * ends.total()


@pytest.mark.model
def test_every_reply_of_a_model_is_read_and_is_valid(model: LlamaCppModel, ends: "Counter[str]") -> None:
    async def decoded(offered: list[Tool], dialect: Dialect, constraint: Constraint, seed: int) -> tuple[str, str]:
        prompt = model.chat.opening(dialect.show_tools(offered)[:MAX_SHOWN], "Call one or more of the functions.")
        sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=seed)
        text, delta = "", Delta("")
        async for delta in model.decode(prompt, constraint=constraint, max_tokens=MAX_REAL_TOKENS, sampling=sampling):
            text += delta.text
        return text, str(delta.finish)

    @tries(REAL[model.name])
    @given(offered=some_tools, seed=seeds)
    def replies(offered: list[Tool], seed: int) -> None:
        dialect = DIALECTS[seed % 2]

        def reply(grammar: str) -> tuple[str, str]:
            return asyncio.run(decoded(offered, dialect, Constraint(grammar, seed % 4 < 2), seed))

        check(dialect, offered, reply, ends)

    replies()
    # At this temperature a small model writes on and on; what it writes must still come to an end often enough.
    assert ends["stop"] + ends["grammar"] >= 0.5 * (ends.total() - ends["refused"])


def check(dialect: Dialect, offered: list[Tool], reply: Callable[[str], tuple[str, str]], ends: "Counter[str]") -> None:
    note("\n".join(f"{tool.name!r}: {json.dumps(tool.parameters)}" for tool in offered).replace(json.dumps(DEFS), "…"))
    try:
        text, finish = reply(f"start: calls\n{dialect.grammar(offered)}")
    except SchemaError as error:
        # Refused with a sentence, before a run: that is what should happen where a grammar cannot hold a schema.
        assert "cannot be made a grammar" in str(error)
        ends["refused"] += 1
        return
    note(f"{dialect.name}, {finish}: {text!r}")
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
