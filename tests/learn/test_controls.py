"""Controls against repetition, and that they never outweigh a grammar."""

import asyncio
from collections.abc import Callable

from agentx_learn.decoder.controls import ControlledSampling
from agentx_learn.decoder.model import TransformersModel

from agentx.model import Constraint, Delta, Fragment, Sampling

PROMPT = [Fragment("one two three one two three one two")]


def reply(model: TransformersModel, sampling: Sampling, **options) -> Delta:
    async def go() -> Delta:
        last = Delta("")
        async for last in model.decode(PROMPT, sampling=sampling, **({"max_tokens": 90} | options)):
            assert last.text or last.finish
        return last

    return asyncio.run(go())


def tokens_of(delta: Delta) -> list[int]:
    return [token for fragment in delta.fragments for token in fragment.tokens or ()]


def ngrams(tokens: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]


def test_no_run_of_tokens_comes_twice(load: Callable[..., TransformersModel]) -> None:
    model = load()
    prompt = model._tokens(PROMPT)[0]
    free = ngrams(prompt + tokens_of(reply(model, Sampling())), 2)
    controlled = reply(model, ControlledSampling(no_repeat_ngram_size=2))
    said = ngrams(prompt + tokens_of(controlled), 2)
    fresh = said[len(prompt) - 1 :]
    assert len(free) > len(set(free))
    assert len(fresh) > 20
    assert len(set(fresh)) == len(fresh)
    assert not set(fresh) & set(said[: len(prompt) - 1])


def test_a_penalty_makes_repetition_rarer(load: Callable[..., TransformersModel]) -> None:
    model = load()
    free = tokens_of(reply(model, Sampling(1.0, seed=3)))
    penalised = tokens_of(reply(model, ControlledSampling(1.0, seed=3, repetition_penalty=5.0)))
    assert len(set(penalised)) / len(penalised) > len(set(free)) / len(free)


def test_controls_may_come_with_the_model(load: Callable[..., TransformersModel]) -> None:
    asked = reply(load(), ControlledSampling(no_repeat_ngram_size=2))
    loaded = reply(load(no_repeat_ngram_size=2), Sampling())
    assert tokens_of(asked) == tokens_of(loaded)


def test_a_grammar_that_wants_repetition_gets_it(load: Callable[..., TransformersModel]) -> None:
    model = load()
    sampling = ControlledSampling(no_repeat_ngram_size=1, repetition_penalty=9.0)
    for fast_forward in (True, False):
        grammar = Constraint('start: ("a" | "b"){40} "!"', fast_forward=fast_forward)
        last = reply(model, sampling, constraint=grammar)
        text = "".join(fragment.text for fragment in last.fragments)
        assert len(text) == 41
        assert set(text) <= set("ab!")
