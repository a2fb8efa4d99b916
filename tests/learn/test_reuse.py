"""What is kept between requests changes no reply: prefixes, copies of them, what was parked, cut back or given up."""

import asyncio
import random
import re
from collections.abc import Callable

import pytest
from agentx_learn.decoder.model import TransformersModel
from agentx_learn.decoder.several import replies

from agentx.model import Delta, Fragment, Sampling

WORDS = re.findall(
    r"\w+", "you are brief name a colour that I will like tell me story of the two numbers is one five boats"
)


def words(dice: random.Random, count: int) -> str:
    return " ".join(dice.choice(WORDS) for _ in range(count))


async def reply(model: TransformersModel, prompt: list[Fragment], **options) -> Delta:
    last = Delta("")
    async for last in model.decode(prompt, **({"max_tokens": 16} | options)):
        assert last.text or last.finish
    return last


def tokens_of(delta: Delta) -> list[int]:
    return [token for fragment in delta.fragments for token in fragment.tokens or ()]


@pytest.mark.parametrize("kind", ["llama", "gpt2", "mistral", "qwen2"])
def test_a_reply_is_the_same_whatever_was_asked_before(load: Callable[..., TransformersModel], kind: str) -> None:
    used, dice = load(kind), random.Random(1)
    stems = [words(dice, 60) for _ in range(3)]
    asked = [f"{dice.choice(stems)[: dice.randrange(40, 300)]} {words(dice, 5)}" for _ in range(40)]

    async def warm() -> list[Delta]:
        return [await reply(used, [Fragment(text)]) for text in asked]

    warmed = asyncio.run(warm())
    assert sum(delta.usage.reused_tokens for delta in warmed) > sum(delta.usage.prompt_tokens for delta in warmed)
    for text, delta in list(zip(asked, warmed, strict=True))[::5]:
        fresh = load(kind)
        cold = asyncio.run(reply(fresh, [Fragment(text)]))
        assert cold.usage.reused_tokens == 0
        assert tokens_of(cold) == tokens_of(delta)
        fresh.close()


def test_idle_sequences_are_parked_and_come_back(load: Callable[..., TransformersModel]) -> None:
    model, dice = load(), random.Random(2)
    prompts = [[Fragment(words(dice, 150))] for _ in range(8)]

    async def go() -> tuple[list[Delta], list[Delta]]:
        first = [await reply(model, prompt) for prompt in prompts]
        return first, [await reply(model, prompt) for prompt in prompts]

    first, second = asyncio.run(go())
    assert model._engine.cache._parking.tokens > 0
    assert [tokens_of(delta) for delta in first] == [tokens_of(delta) for delta in second]
    assert sum(delta.usage.prompt_tokens == 1 for delta in second) >= 4


def test_a_request_given_up_while_it_reads_leaves_whole_cells(load: Callable[..., TransformersModel]) -> None:
    model, dice = load(), random.Random(3)
    texts = [words(dice, 230) for _ in range(6)]

    async def given_up(text: str, after_s: float) -> None:
        task = asyncio.ensure_future(reply(model, [Fragment(text)], max_tokens=200))
        await asyncio.sleep(after_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def go() -> list[Delta]:
        for i, text in enumerate(texts):
            await given_up(text, 0.003 * (i + 1))
        return [await reply(model, [Fragment(text)]) for text in texts]

    after = asyncio.run(go())
    fresh = load()
    for text, delta in zip(texts, after, strict=True):
        assert tokens_of(asyncio.run(reply(fresh, [Fragment(text)]))) == tokens_of(delta)


def test_several_replies_read_their_prompt_once_and_differ(load: Callable[..., TransformersModel]) -> None:
    model = load()
    prompt = [Fragment(words(random.Random(4), 80))]

    async def go() -> tuple[list[tuple[str, Delta]], list[tuple[str, Delta]], int]:
        warm = Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=5)
        first = await replies(model, prompt, 4, max_tokens=12, sampling=warm)
        alone = [await reply(load(), prompt, max_tokens=12, sampling=Sampling(1.0, 0, 1.0, seed)) for seed in (5, 8)]
        return first, [("", delta) for delta in alone], await model.count(prompt)

    several, alone, length = asyncio.run(go())
    read = sum(delta.usage.prompt_tokens for _, delta in several)
    assert length <= read <= length + 2 * 32  # the followers may each read a short rest
    assert len({text for text, _ in several}) == 4
    assert tokens_of(several[0][1]) == tokens_of(alone[0][1])
    assert tokens_of(several[3][1]) == tokens_of(alone[1][1])


def test_a_state_goes_through_bytes_unchanged(load: Callable[..., TransformersModel]) -> None:
    model = load()
    prompt = [Fragment(words(random.Random(5), 50))]
    expected = asyncio.run(reply(model, prompt))
    decoder, ledger = model._engine.llama, model._engine.ledger
    sequence, length = ledger.best_match(tokens_of(expected)[:1] and model._tokens(prompt)[0])
    assert length > 50
    state = decoder.state(sequence.id)
    assert decoder.state_size(sequence.id) == state.nbytes
    assert decoder.load_state(31, state)
    assert bytes(decoder.state(31)) == bytes(state)
    assert not decoder.load_state(31, state[: len(state) // 2])
    assert not decoder.load_state(31, memoryview(b"x" * 7))
    assert decoder._caches[31].end == 0
