"""What the engine's tests ask of llama.cpp's backend, asked of the one on transformers."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agentx_learn.decoder.model import TransformersModel
from agentx_learn.decoder.request import Request

from agentx.model import Fragment
from tests.decoding.test_engine import (
    CONTEXT,
    last,
    test_a_cancelled_request_ends_soon_and_leaves_the_engine_usable,
    test_a_grammar_is_obeyed_and_what_it_forces_is_not_sampled,
    test_a_growing_conversation_reads_only_what_is_new,
    test_a_prompt_longer_than_the_context_is_refused_with_a_sentence,
    test_a_reply_is_streamed_and_comes_back_as_fragments,
    test_a_reply_that_fills_the_context_is_told,
    test_a_seed_gives_the_same_reply_again,
    test_a_stop_string_ends_the_reply_and_is_not_part_of_it,
    test_a_wrong_grammar_is_refused_before_anything_is_decoded,
    test_concurrent_requests_give_what_each_gives_alone,
    test_more_requests_than_sequences_are_all_answered,
    test_special_tokens_in_what_a_person_wrote_are_plain_text,
    test_the_same_request_again_reads_one_token,
    test_without_fast_forward_the_same_grammar_is_obeyed,
)

__all__ = [
    "test_a_cancelled_request_ends_soon_and_leaves_the_engine_usable",
    "test_a_grammar_is_obeyed_and_what_it_forces_is_not_sampled",
    "test_a_growing_conversation_reads_only_what_is_new",
    "test_a_prompt_longer_than_the_context_is_refused_with_a_sentence",
    "test_a_reply_is_streamed_and_comes_back_as_fragments",
    "test_a_reply_that_fills_the_context_is_told",
    "test_a_seed_gives_the_same_reply_again",
    "test_a_stop_string_ends_the_reply_and_is_not_part_of_it",
    "test_a_wrong_grammar_is_refused_before_anything_is_decoded",
    "test_concurrent_requests_give_what_each_gives_alone",
    "test_more_requests_than_sequences_are_all_answered",
    "test_special_tokens_in_what_a_person_wrote_are_plain_text",
    "test_the_same_request_again_reads_one_token",
    "test_without_fast_forward_the_same_grammar_is_obeyed",
]


@pytest.fixture(scope="module", params=["llama", "gpt2", "mistral"])
def model(request: pytest.FixtureRequest, tiny: Callable[[str], Path]) -> Iterator[TransformersModel]:
    loaded = TransformersModel(Request(str(tiny(request.param))), CONTEXT, threads=1)
    yield loaded
    loaded.close()


def test_scores_are_log_probabilities_and_cost_no_second_reading(model: TransformersModel) -> None:
    prompt = [Fragment("The capital of Norway is one of the two numbers that I will like.")]
    endings = [" five", " a story in the", "x"]

    async def score() -> tuple:
        return await model.score(prompt, endings), await model.score(prompt, endings), await model.count(prompt)

    first, second, length = asyncio.run(score())
    assert all(value < 0 for value in first.logprobs)
    assert len(set(first.logprobs)) == 3
    assert second.logprobs == pytest.approx(first.logprobs, abs=1e-3)
    assert first.usage.prompt_tokens == length
    assert second.usage.prompt_tokens == 1


def test_scores_are_those_of_the_network_itself(model: TransformersModel) -> None:
    import torch

    prompt, ending = "Tell me a story of the two", " numbers word"
    encode, network = model._engine.llama.tokenize, model._engine.llama._network
    before, after = encode(prompt, False), encode(ending, False)
    with torch.inference_mode():
        logprobs = network(torch.tensor([before + after])).logits[0].log_softmax(-1)
    expected = sum(float(logprobs[len(before) + i - 1, token]) for i, token in enumerate(after))
    scores = asyncio.run(model.score([Fragment(prompt)], [ending]))
    assert scores.logprobs[0] == pytest.approx(expected, abs=1e-3)


def test_a_greedy_reply_is_that_of_generate(model: TransformersModel) -> None:
    import torch

    prompt = "Count to five. one two three"
    network = model._engine.llama._network
    ids = torch.tensor([model._engine.llama.tokenize(prompt, False)])
    with torch.inference_mode():
        out = network.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False, pad_token_id=2
        )
    expected = [token for token in out[0, ids.shape[1] :].tolist() if token != 2]
    _, delta = asyncio.run(last(model, [Fragment(prompt)], max_tokens=40))
    assert delta.finish in ("length", "stop")
    assert [token for fragment in delta.fragments for token in fragment.tokens or ()] == expected
