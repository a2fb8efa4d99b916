"""The engine on a real, small model."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentx.errors import ContextOverflow, ModelFileError, SchemaError
from agentx.model import Constraint, Delta, Fragment, Sampling
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

CONTEXT = 1024


@pytest.fixture(scope="module")
def model(small_model: Path) -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(small_model, "smollm2-135m", options=LlamaOptions(context_tokens=CONTEXT))
    yield loaded
    loaded.close()


async def last(model: LlamaCppModel, prompt: list[Fragment], **options) -> tuple[str, Delta]:
    text, delta = "", Delta("")
    async for delta in model.decode(prompt, **options):
        text += delta.text
    return text, delta


def ask(model: LlamaCppModel, question: str) -> list[Fragment]:
    return model.chat.opening("You are brief.", question)


def test_a_reply_is_streamed_and_comes_back_as_fragments(model: LlamaCppModel) -> None:
    text, delta = asyncio.run(last(model, ask(model, "Name a colour."), max_tokens=12))
    assert text
    assert "".join(fragment.text for fragment in delta.fragments) == text
    assert delta.finish in ("stop", "length")


def test_a_growing_conversation_reads_only_what_is_new(model: LlamaCppModel) -> None:
    async def two_turns() -> tuple[Delta, Delta, int]:
        prompt = ask(model, "Name a colour that I will like.")
        _, first = await last(model, prompt, max_tokens=12)
        longer = [*prompt, *first.fragments, *model.chat.next_turn("Another one?")]
        _, second = await last(model, longer, max_tokens=12)
        return first, second, await model.count(longer) - await model.count(prompt)

    first, second, added = asyncio.run(two_turns())
    assert second.usage.reused_tokens >= first.usage.prompt_tokens
    assert second.usage.prompt_tokens <= added


def test_the_same_request_again_reads_one_token(model: LlamaCppModel) -> None:
    async def twice() -> tuple[str, str, Delta]:
        prompt = ask(model, "What is the capital of Norway?")
        a, _ = await last(model, prompt, max_tokens=10)
        b, delta = await last(model, prompt, max_tokens=10)
        return a, b, delta

    a, b, delta = asyncio.run(twice())
    assert a == b
    assert delta.usage.prompt_tokens == 1


def test_concurrent_requests_give_what_each_gives_alone(model: LlamaCppModel) -> None:
    questions = ["Name a fruit.", "Name a river in Europe.", "Count to five.", "What is 2 + 2?"]

    async def alone() -> list[str]:
        return [(await last(model, ask(model, question), max_tokens=8))[0] for question in questions]

    async def together() -> list[str]:
        replies = await asyncio.gather(*(last(model, ask(model, question), max_tokens=8) for question in questions))
        return [text for text, _ in replies]

    one_by_one, at_once = asyncio.run(alone()), asyncio.run(together())
    # Other batch shapes choose other kernels, so a tie may flip late; the beginnings agree.
    assert [text[:8] for text in one_by_one] == [text[:8] for text in at_once]


def test_more_requests_than_sequences_are_all_answered(model: LlamaCppModel) -> None:
    async def many() -> list[tuple[str, Delta]]:
        return await asyncio.gather(*(last(model, ask(model, f"Say {i}."), max_tokens=2) for i in range(40)))

    assert all(delta.finish for _, delta in asyncio.run(many()))


def test_a_cancelled_request_ends_soon_and_leaves_the_engine_usable(model: LlamaCppModel) -> None:
    async def cancel_while_reading() -> float:
        stream = model.decode([Fragment("word " * (CONTEXT - 40))], max_tokens=5)
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await last(model, ask(model, "Hi"), max_tokens=1)
        return time.perf_counter() - started

    asyncio.run(cancel_while_reading())
    text, _ = asyncio.run(last(model, ask(model, "Name a colour."), max_tokens=12))
    assert text


def test_a_prompt_longer_than_the_context_is_refused_with_a_sentence(model: LlamaCppModel) -> None:
    with pytest.raises(ContextOverflow, match="choose a larger context"):
        asyncio.run(last(model, [Fragment("word " * 3000)], max_tokens=5))
    assert asyncio.run(last(model, ask(model, "Hi"), max_tokens=2))[0] is not None


def test_a_reply_that_fills_the_context_is_told(model: LlamaCppModel) -> None:
    with pytest.raises(ContextOverflow):
        asyncio.run(
            last(
                model,
                [Fragment("a b c " * 330)],
                constraint=Constraint("start: /[a-z ]{4000,5000}/"),
                max_tokens=4000,
                sampling=Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=1),
            )
        )


def test_a_grammar_is_obeyed_and_what_it_forces_is_not_sampled(model: LlamaCppModel) -> None:
    grammar = Constraint('start: "The sum of the two numbers is " /[0-9]{1,4}/ "."')
    text, delta = asyncio.run(last(model, ask(model, "Add 3 and 4."), constraint=grammar, max_tokens=40))
    assert text.startswith("The sum of the two numbers is ")
    assert text.endswith(".")
    assert delta.finish in ("grammar", "stop")
    assert delta.usage.forced_tokens >= 5


def test_without_fast_forward_the_same_grammar_is_obeyed(model: LlamaCppModel) -> None:
    grammar = Constraint('start: "The sum is " /[0-9]{1,4}/ "."', fast_forward=False)
    text, delta = asyncio.run(last(model, ask(model, "Add 3 and 4."), constraint=grammar, max_tokens=40))
    assert text.startswith("The sum is ")
    assert delta.usage.forced_tokens == 0


def test_a_wrong_grammar_is_refused_before_anything_is_decoded(model: LlamaCppModel) -> None:
    with pytest.raises(SchemaError, match="cannot be made a grammar"):
        asyncio.run(last(model, ask(model, "Hi"), constraint=Constraint("start: nowhere"), max_tokens=4))
    with pytest.raises(SchemaError):
        model.check(Constraint('start: %json {"type": "string", "pattern": "("}'))


def test_a_stop_string_ends_the_reply_and_is_not_part_of_it(model: LlamaCppModel) -> None:
    grammar = Constraint('start: "one two three four"')
    text, delta = asyncio.run(last(model, ask(model, "Count."), constraint=grammar, stop=("three",), max_tokens=40))
    assert text == "one two "
    assert delta.finish == "stop"


def test_special_tokens_in_what_a_person_wrote_are_plain_text(model: LlamaCppModel) -> None:
    marked = asyncio.run(model.count([Fragment("<|im_end|>", markup=True)]))
    plain = asyncio.run(model.count([Fragment("<|im_end|>")]))
    assert plain > marked


def test_scores_are_log_probabilities_and_cost_no_second_reading(model: LlamaCppModel) -> None:
    async def score() -> tuple:
        prompt = [Fragment("The capital of France is")]
        first = await model.score(prompt, [" Paris", " Berlin", " a dog in the"])
        second = await model.score(prompt, [" Paris", " Berlin", " a dog in the"])
        return first, second

    first, second = asyncio.run(score())
    assert all(value < 0 for value in first.logprobs)
    assert first.logprobs[0] > max(first.logprobs[1:])
    assert second.logprobs == pytest.approx(first.logprobs, abs=0.05)
    assert second.usage.prompt_tokens == 1


def test_a_seed_gives_the_same_reply_again(model: LlamaCppModel) -> None:
    async def twice() -> list[str]:
        warm = Sampling(temperature=0.9, seed=7)
        await last(model, ask(model, "Tell me a story."), max_tokens=1)
        return [(await last(model, ask(model, "Tell me a story."), max_tokens=16, sampling=warm))[0] for _ in range(2)]

    a, b = asyncio.run(twice())
    assert a == b


def test_a_file_that_is_no_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelFileError, match="cannot be loaded as a model"):
        LlamaCppModel(path, "x")


def test_a_truncated_model_is_refused_with_a_sentence(tmp_path: Path, small_model: Path) -> None:
    path = tmp_path / "half.gguf"
    with small_model.open("rb") as source:
        path.write_bytes(source.read(40_000_000))
    with pytest.raises(ModelFileError, match="cannot be loaded as a model"):
        LlamaCppModel(path, "half")
