"""Idle sequences leave the KV cache and come back, on a real, small model, counted in rows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentx.decoding import parking
from agentx.decoding.parking import RECENT
from agentx.model import Delta, Fragment
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

CELLS = 1024
IDLE_CELLS = 64
COLOURS = ["red", "green", "blue", "yellow", "violet", "black", "grey", "white"]


@pytest.fixture
def model(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlamaCppModel]:
    monkeypatch.setattr(parking, "IDLE_CELLS", IDLE_CELLS)
    loaded = LlamaCppModel(small_model, "smollm2-135m", options=LlamaOptions(context_tokens=CELLS))
    yield loaded
    loaded.close()


def ask(model: LlamaCppModel, prompt: list[Fragment]) -> Delta:
    async def whole() -> Delta:
        last = Delta("")
        async for delta in model.decode(prompt, max_tokens=4):
            last = delta
        return last

    return asyncio.run(whole())


def rules(colour: str, count: int = 8) -> Fragment:
    return Fragment("".join(f"{colour}: the house with number {i} is painted so.\n" for i in range(count)))


def length(model: LlamaCppModel, prompt: list[Fragment]) -> int:
    return asyncio.run(model.count(prompt))


def test_idle_sequences_leave_the_cache_and_none_is_read_again(model: LlamaCppModel) -> None:
    prompts = [[rules(colour), Fragment("Which?")] for colour in COLOURS]
    first = [ask(model, prompt) for prompt in prompts]
    read = sum(length(model, prompt) for prompt in prompts)
    kept = sum(length(model, prompt) + 4 for prompt in prompts[-1 - RECENT :])
    assert model._engine.ledger.used_cells <= kept + IDLE_CELLS < read
    again = [
        ask(model, [*prompt, *reply.fragments, Fragment(" And?")]) for prompt, reply in zip(prompts, first, strict=True)
    ]
    # All but what a reply ended with, which was not decoded, and what is new.
    assert max(reply.usage.prompt_tokens for reply in again) <= 1 + length(model, [Fragment(" And?")])


def test_a_sequence_that_came_back_goes_on_as_if_it_had_stayed(model: LlamaCppModel, small_model: Path) -> None:
    prompts = [[rules(colour), Fragment("Which houses are there?")] for colour in COLOURS]
    first = [ask(model, prompt) for prompt in prompts]
    asked = [[*prompt, *reply.fragments, Fragment("\nThe house")] for prompt, reply in zip(prompts, first, strict=True)]
    fresh = LlamaCppModel(small_model, "smollm2-135m", options=LlamaOptions(context_tokens=CELLS))
    for prompt in asked[:3]:
        assert ask(model, prompt).text == ask(fresh, prompt).text
    fresh.close()


def test_a_beginning_that_several_share_comes_back_with_the_first_that_needs_it(model: LlamaCppModel) -> None:
    family = [[rules("shared"), Fragment(f"{colour}: {colour * 20}")] for colour in COLOURS]
    replies = [ask(model, prompt) for prompt in family]
    for colour in COLOURS[:6]:
        ask(model, [rules(f"other {colour}")])
    for prompt, reply in zip(family, replies, strict=True):
        assert ask(model, [*prompt, *reply.fragments, Fragment(" And?")]).usage.prompt_tokens < 16


def test_what_is_parked_is_bounded(model: LlamaCppModel) -> None:
    for i in range(20):
        ask(model, [rules(f"number {i}")])
        assert model._engine.cache._parking.tokens <= CELLS
    # The oldest was given up, the newer ones were not.
    assert ask(model, [rules("number 0")]).usage.reused_tokens < 16
    assert ask(model, [rules("number 15")]).usage.prompt_tokens == 1


def test_requests_that_fill_the_cache_park_the_rest(model: LlamaCppModel) -> None:
    small = [rules("small", 3), Fragment("Which?")]
    ask(model, small)
    big = Fragment("word " * 950)
    assert ask(model, [big]).usage.prompt_tokens > 900
    assert ask(model, small).usage.prompt_tokens == 1
