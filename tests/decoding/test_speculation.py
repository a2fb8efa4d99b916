"""Drafts in the engine, on a real, small model."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentx.model import Constraint, Delta, Fragment
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

PLACES = {"lamp": "by the old door", "boat": "behind the green house", "tent": "under two trees", "drum": "in a box"}
LINES = "".join(f"{i}. The {thing} stands {place}.\n" for i, (thing, place) in enumerate(PLACES.items(), 1))
COPY = [Fragment(f"The list:\n{LINES}\nThe list:\n{LINES}\nThe list:\n1. The lamp stands")]
COUNT = [Fragment("".join(f"{i}. The lamp of size {i} costs {i * 3} coins.\n" for i in range(1, 7)))]
STORY = [Fragment("Once upon a time, in a small village by the sea,")]


@pytest.fixture(scope="module")
def drafting(small_model: Path) -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(small_model, "a", options=LlamaOptions(context_tokens=1024, drafts=True))
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def plain(small_model: Path) -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(small_model, "b", options=LlamaOptions(context_tokens=1024, drafts=False))
    yield loaded
    loaded.close()


async def reply(model: LlamaCppModel, prompt: list[Fragment], **options) -> tuple[str, Delta]:
    text, last = "", Delta("")
    async for delta in model.decode(prompt, **{"max_tokens": 30, **options}):
        text, last = text + delta.text, delta
    return text, last


def test_a_reply_that_repeats_its_prompt_is_the_same_with_fewer_batches(
    drafting: LlamaCppModel, plain: LlamaCppModel
) -> None:
    text, last = asyncio.run(reply(drafting, COPY))
    expected, without = asyncio.run(reply(plain, COPY))
    assert text == expected
    assert text.strip() in LINES
    assert last.usage.accepted_tokens >= 8
    assert last.usage.sampled_tokens == without.usage.sampled_tokens
    assert without.usage.drafted_tokens == 0


def test_the_cache_holds_the_reply_and_nothing_of_refused_drafts(drafting: LlamaCppModel) -> None:
    async def go() -> tuple[Delta, str, Delta, str]:
        _, last = await reply(drafting, COUNT)
        longer = [*COUNT, *last.fragments, Fragment("\nThe end. The first thing in the list was the")]
        text, second = await reply(drafting, longer, max_tokens=8)
        fresh = [Fragment("".join(fragment.text for fragment in longer))]
        return last, text, second, (await reply(drafting, fresh, max_tokens=8))[0]

    last, text, second, fresh = asyncio.run(go())
    assert last.usage.drafted_tokens > last.usage.accepted_tokens
    assert second.usage.prompt_tokens <= 15
    assert text == fresh


def test_a_draft_is_cut_at_the_token_limit(drafting: LlamaCppModel, plain: LlamaCppModel) -> None:
    for limit in (7, 11, 16):
        text, last = asyncio.run(reply(drafting, COPY, max_tokens=limit))
        assert (last.usage.sampled_tokens, last.finish) == (limit, "length")
        assert text == asyncio.run(reply(plain, COPY, max_tokens=limit))[0]


def test_a_stop_string_within_a_draft_ends_the_reply(drafting: LlamaCppModel) -> None:
    text, last = asyncio.run(reply(drafting, COPY, stop=("house.\n3",)))
    assert last.finish == "stop"
    assert text.endswith("behind the green ")


def test_requests_that_share_a_batch_draft_nothing(drafting: LlamaCppModel) -> None:
    async def both() -> list[tuple[str, Delta]]:
        # The first has read its prompt long before the other, which decodes longer, is through.
        return await asyncio.gather(reply(drafting, COPY, max_tokens=24), reply(drafting, STORY, max_tokens=120))

    (_, copied), _ = asyncio.run(both())
    assert copied.usage.drafted_tokens == 0


def test_under_a_grammar_drafts_and_forced_tokens_go_together(drafting: LlamaCppModel, plain: LlamaCppModel) -> None:
    thing = '("lamp" | "boat" | "tent" | "drum")'
    lines = "".join(f' "{i}. The " {thing} " stands " /[a-z ]+/ ".\\n"' for i in range(1, 5))
    grammar = Constraint(f"start:{lines}")
    prompt = [Fragment(f"The list:\n{LINES}\nThe list:\n{LINES}\nThe list:\n")]
    text, last = asyncio.run(reply(drafting, prompt, constraint=grammar, max_tokens=80))
    expected, without = asyncio.run(reply(plain, prompt, constraint=grammar, max_tokens=80))
    assert (text, last.finish) == (expected, without.finish)
    assert text == LINES
    assert last.usage.accepted_tokens > 0
    assert last.usage.forced_tokens == without.usage.forced_tokens > 0
