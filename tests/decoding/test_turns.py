"""Who has his turn in the engine and what that costs, counted on a decoder that computes nothing."""

import threading
from itertools import groupby, pairwise

import pytest

from agentx.decoding.engine import SEQUENCES, Engine
from agentx.errors import AgentXError
from tests.decoding.counting import ADAPTERS, PERIOD, Asked, CountingDecoder, parts, together


def test_adapters_take_turns_of_some_batches_and_none_waits_longer(engine: Engine, decoder: CountingDecoder) -> None:
    requests = [Asked(decoder, adapter, i, 4, max_tokens=60) for i, adapter in enumerate(ADAPTERS * 2)]
    replies = together(engine, requests)
    assert {reply.usage.sampled_tokens for reply in replies} == {60}
    turns = [(adapter, len(list(batches))) for adapter, batches in groupby(decoder.batches, lambda batch: batch[0])]
    assert len(decoder.batches) == 3 * 60
    assert {length for _, length in turns} == {8, 4}
    assert [adapter for adapter, _ in turns] == [*ADAPTERS] * 8
    assert all(len(rows) == 2 for _, rows in decoder.batches)


def test_one_adapter_s_prompt_is_read_in_whole_batches_and_lets_the_others_decode_between_them(
    engine: Engine, decoder: CountingDecoder
) -> None:
    requests = [Asked(decoder, "", 3, 4, max_tokens=60), Asked(decoder, "a", 7, 700, max_tokens=2)]
    together(engine, requests)
    read = [i for i, (adapter, _) in enumerate(decoder.batches) if adapter == "a"]
    assert [decoder.batches[i][1].total() for i in read[:3]] == [256, 256, 188]
    gaps = [later - earlier - 1 for earlier, later in pairwise(read[:3])]
    assert gaps == [8, 8]


def test_a_prompt_beside_requests_of_its_own_adapter_is_read_in_parts(engine: Engine, decoder: CountingDecoder) -> None:
    requests = [Asked(decoder, "a", 3, 4, max_tokens=60), Asked(decoder, "a", 7, 700, max_tokens=2)]
    together(engine, requests)
    assert max(rows.total() for _, rows in decoder.batches) == 4 + 32


def test_a_reply_is_drafted_beside_those_of_other_adapters(engine: Engine, decoder: CountingDecoder) -> None:
    two = [Asked(decoder, adapter, 0, 4, max_tokens=90, drafts=True) for adapter in ("a", "b")]
    for reply in together(engine, two):
        assert reply.usage.sampled_tokens == 90
        assert reply.usage.accepted_tokens > 20
    one = [Asked(decoder, "a", i, 4, max_tokens=90, drafts=True) for i in (10, 20)]
    assert [reply.usage.drafted_tokens for reply in together(engine, one)] == [0, 0]


@pytest.mark.parametrize(("length", "rows"), [(100, 16), (2040, 9)])
def test_a_draft_is_not_what_fills_the_cache(decoder: CountingDecoder, length: int, rows: int) -> None:
    _, cache, schedule = parts(decoder)
    drafting = Asked(decoder, "a", 0, length, max_tokens=60, drafts=True).stream
    drafting.reply.tokens = [token % PERIOD for token in range(length, length + 10)]
    assert drafting.drafter
    for _ in range(20):
        drafting.drafter.draft(drafting.reply.tokens, 1, 15)
        drafting.drafter.record(15, 15)
    schedule.add(drafting)
    schedule.admit()
    assert drafting.sequence
    cache.append(drafting.sequence, drafting.prompt[:-1])
    drafting.pending = drafting.prompt[-1:]
    assert len(schedule.batch().rows) == rows


def test_a_request_under_an_adapter_that_is_not_loaded_ends_alone(engine: Engine, decoder: CountingDecoder) -> None:
    fine, wrong = Asked(decoder, "a", 3, 4, max_tokens=60), Asked(decoder, "gone", 3, 4, max_tokens=60)
    gate = threading.Event()
    engine.run(lambda: (gate.wait(60), None)[1])
    engine.submit(fine.stream)
    engine.submit(wrong.stream)
    gate.set()
    with pytest.raises(AgentXError, match="The adapter was unloaded; load it again"):
        wrong.wait()
    assert fine.wait().usage.sampled_tokens == 60


@pytest.mark.parametrize("shared", [0, 1])
def test_what_was_used_longest_ago_is_parked_when_all_sequences_hold_something(
    decoder: CountingDecoder, shared: int
) -> None:
    ledger, cache, _ = parts(decoder)

    def read(prompt: list[int]) -> int:
        """Reads a prompt as a request does; how many tokens of it were cached."""
        sequence, reused = cache.place(prompt)
        assert sequence and sequence.tokens == prompt[:reused]
        cache.append(sequence, prompt[reused:])
        ledger.touch(sequence)
        return reused

    prompts = [[0] * shared + [100 * (i + 1) + k for k in range(10)] for i in range(SEQUENCES)]
    prompts[0] += list(range(5000, 5030))
    for prompt in prompts:
        read(prompt)
    assert all(sequence.tokens for sequence in ledger.sequences)
    assert ledger.idle() is ledger.best_match([9999])[0]
    read([0] * shared + [9999] * 5)
    assert read(prompts[0]) == len(prompts[0]) - 1
