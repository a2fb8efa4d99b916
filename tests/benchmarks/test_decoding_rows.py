"""Exact counts of rows: by hand, on our engine, and on llama-cpp-python."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentx.model import Fragment
from benchmarks.decoding.rowcount import CountedPeer, Rows, count_engine
from benchmarks.decoding.rows import Asked, Counting, appended_tokens, peer_count, reread_count
from benchmarks.decoding.sides import Ours, open_peer

USER, ASSISTANT = "user", "assistant"


def test_a_row_is_new_once_behind_its_prefix() -> None:
    rows = Rows()
    rows.begin([1, 2, 3])
    rows.decoded([], [1, 2, 3])
    rows.decoded([1, 2, 3], [7])
    rows.begin([1, 2, 3, 7, 4])
    rows.decoded([1, 2], [3, 7, 4])  # 3 and 7 once more
    count = rows.count()
    assert (count.prompt, count.prompt_new, count.reply, count.again) == (6, 4, 1, 2)
    assert count.ratio == 1.5


def test_the_same_token_behind_another_prefix_is_new() -> None:
    rows = Rows()
    for prompt in ([1, 2], [2, 2]):
        rows.begin(prompt)
        rows.decoded([], prompt)
    assert rows.count().prompt_new == 4


def test_a_probe_is_counted_apart_but_for_what_a_prompt_shares_with_it() -> None:
    rows = Rows()
    rows.begin([1, 2, 8], probe=True)
    rows.decoded([], [1, 2, 8])
    rows.decoded([1, 2, 8], [9])
    rows.begin([1, 2, 3])
    rows.decoded([1, 2], [3])
    count = rows.count()
    assert (count.prompt, count.prompt_new, count.probe, count.again) == (3, 3, 2, 0)


def test_rows_behind_a_prefix_that_was_never_decoded_are_an_error() -> None:
    rows = Rows()
    rows.begin([1, 2])
    with pytest.raises(KeyError):
        rows.decoded([1], [2])


def test_the_engines_rows_are_those_of_its_usage_and_only_a_repeated_prompt_reads_one_again(small_model: Path) -> None:
    async def three(counting: Counting) -> tuple[Any, Any, Any]:
        prompt = counting.model.chat.opening("You are brief.", "Name a colour.")
        usages = []
        for _ in range(2):
            deltas = [delta async for delta in counting.decode(prompt, max_tokens=6)]
            usages.append(deltas[-1].usage)
        question = [*counting.model.chat.opening("You are brief.", "Is blue a colour?"), Fragment("It is")]
        return (*usages, (await counting.score(question, [" a nice blue", " no"])).usage)

    with Ours(small_model, 2) as ours:
        rows = Rows()
        count_engine(ours.model._engine.llama, rows)
        counting = Counting(ours.model, rows)
        first, second, probe = asyncio.run(three(counting))
    count = rows.count()
    assert (count.prompt, count.prompt_new) == (first.prompt_tokens + 1, first.prompt_tokens)
    assert second.prompt_tokens == 1
    assert count.probe == probe.prompt_tokens + probe.probe_tokens
    assert count.reply == 2 * 5  # the last token of a reply is not fed


def test_a_retried_reply_is_decoded_twice_and_only_the_second_is_given(small_model: Path) -> None:
    async def one(counting: Counting) -> str:
        prompt = counting.model.chat.opening("You are brief.", "Name a colour.")
        return "".join([delta.text async for delta in counting.decode(prompt, max_tokens=6)])

    with Ours(small_model, 2) as ours:
        rows = Rows()
        count_engine(ours.model._engine.llama, rows)
        counting = Counting(ours.model, rows, retry=True)
        text = asyncio.run(one(counting))
    ((thrown_away, kept),) = counting.tries
    assert kept == text != thrown_away
    assert rows.count().prompt == rows.count().prompt_new + 1


@pytest.fixture(scope="module")
def peer(small_model: Path) -> Iterator[Any]:
    llama = open_peer(small_model, 2, CountedPeer)
    yield llama
    llama.close()


def conversation() -> list[Asked]:
    first = [{"role": USER, "content": "Name a colour."}]
    second = [*first, {"role": ASSISTANT, "content": "Blue."}, {"role": USER, "content": "Another?"}]
    return [Asked(first, (), "Blue."), Asked(second, (), "Green."), Asked(second, (), "Red.")]


def test_the_peers_replies_are_those_of_the_conversation(peer: Any) -> None:
    count = peer_count(peer, conversation())
    assert count.prompt_new == appended_tokens(peer, conversation())
    assert count.prompt == count.prompt_new + 1  # the retried one


def test_a_loop_without_a_cache_reads_all_of_each_prompt(peer: Any) -> None:
    count = reread_count(peer, conversation())
    assert count.prompt > 2 * count.prompt_new
    assert count.again == count.prompt - count.prompt_new
