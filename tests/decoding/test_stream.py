"""Streams without weights: what comes next is a rule of the last two tokens, so that replies soon repeat themselves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agentx.decoding.constraint import Grammars
from agentx.decoding.drafts import Drafter
from agentx.decoding.ledger import CachedSequence
from agentx.decoding.llama import Llama
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.stream import Stream
from agentx.decoding.tokenizer import GrammarTokenizer
from agentx.errors import SchemaError
from agentx.messages import Usage
from agentx.model import GREEDY, Delta, Sampling

PIECES = [f" {i}".encode() for i in range(24)]
END = 23
Rule = Callable[[list[int]], NDArray[np.float32]]


def rule(seed: int, size: int = len(PIECES)) -> Rule:
    def after(tokens: list[int]) -> NDArray[np.float32]:
        return np.random.default_rng([seed, *tokens[-2:]]).standard_normal(size, np.float32) * 4

    return after


def raising(error: BaseException) -> None:
    raise error


class Always(Drafter):
    """Guesses whatever there is a match for, whether it pays or not."""

    def record(self, drafted: int, accepted: int) -> None:
        pass


def run(stream: Stream, after: Rule, drafts: list[list[int]] | None = None) -> tuple[list[int], Delta]:
    """Feeds the stream as the engine does; its output tokens, and the last delta. Lists each draft, if asked to."""
    deltas: list[Delta] = []
    stream.emit = deltas.append
    stream.begin(CachedSequence(0), 0)
    fed: list[int] = []
    while not stream.done:
        assert fed + stream.pending == stream.prompt + stream.reply.tokens
        fed += stream.pending
        rows = [after(fed)]
        draft = stream.guess(room=16)
        for token in draft:
            fed.append(token)
            rows.append(after(fed))
        if drafts is not None:
            drafts.append(draft)
        refused = stream.advance(*rows)
        del fed[len(fed) - refused :]
        assert fed == (stream.prompt + stream.reply.tokens)[: len(fed)]
    assert "".join(delta.text for delta in deltas) == stream.reply.text
    assert deltas[-1].finish
    return stream.reply.tokens, deltas[-1]


def plain(drafter: Drafter | None, sampling: Sampling = GREEDY, **options) -> Stream:
    settings = {"prompt": list(range(8)) * 2, "max_tokens": 60, "stop": (), "ends": frozenset([END]), **options}
    return Stream(
        prompt=settings["prompt"],
        reply=Reply(PIECES.__getitem__, settings["stop"]),
        sampler=Sampler(sampling),
        matcher=None,
        fast_forward=False,
        max_tokens=settings["max_tokens"],
        end_tokens=settings["ends"],
        emit=lambda delta: None,
        fail=raising,
        drafter=drafter,
    )


def counted(usage: Usage) -> Usage:
    """Without times and drafts: what must not depend on drafting."""
    return replace(usage, drafted_tokens=0, accepted_tokens=0, prompt_s=0, decode_s=0)


@given(
    seed=st.integers(0, 10_000),
    temperature=st.sampled_from([0.0, 0.3, 1.0]),
    stop=st.lists(st.sampled_from([" 3 1", "7", " 11"]), max_size=2),
    max_tokens=st.integers(1, 120),
    prompt=st.lists(st.integers(0, END), min_size=1, max_size=40),
)
def test_drafting_changes_no_reply(
    seed: int, temperature: float, stop: list[str], max_tokens: int, prompt: list[int]
) -> None:
    sampling = Sampling(temperature=temperature, seed=seed)
    options = {"stop": stop, "max_tokens": max_tokens, "prompt": prompt}
    tokens, last = run(plain(None, sampling, **options), rule(seed))
    drafted, drafted_last = run(plain(Always(prompt), sampling, **options), rule(seed))
    assert drafted == tokens
    assert drafted_last.finish == last.finish
    assert drafted_last.fragments == last.fragments
    assert counted(drafted_last.usage) == counted(last.usage)


def looping(tokens: list[int]) -> NDArray[np.float32]:
    """Counts to 7 and begins anew."""
    logits = np.zeros(len(PIECES), np.float32)
    logits[(tokens[-1] + 1) % 8] = 1
    return logits


def test_most_tokens_of_a_reply_that_repeats_its_prompt_come_from_drafts() -> None:
    _, last = run(plain(Drafter(list(range(8)) * 2), max_tokens=90), looping)
    assert last.usage.accepted_tokens == last.usage.drafted_tokens > 45
    assert last.usage.sampled_tokens == 90


def test_the_token_limit_ends_a_reply_within_a_draft() -> None:
    for limit in range(1, 30):
        tokens, last = run(plain(Drafter(list(range(8)) * 2), max_tokens=limit), looping)
        assert (len(tokens), last.finish) == (limit, "length")


def test_a_stop_string_within_a_draft_ends_the_reply() -> None:
    for stop in range(8):
        stream = plain(Drafter(list(range(8)) * 2), stop=(f" 5 6 7 0 1 2 3 4 5 6 7 {stop}",), max_tokens=60)
        tokens, last = run(stream, looping)
        assert last.finish == ("stop" if stop == 0 else "length")
        assert stop or tokens[-1] == 0


def test_an_end_token_is_never_guessed() -> None:
    prompt = [1, 2, 3, END, 5, 1, 2, 3, END, 5, 1, 2]

    def ending(tokens: list[int]) -> NDArray[np.float32]:
        logits = np.zeros(len(PIECES), np.float32)
        logits[{2: 3, 3: END if len(tokens) > 20 else 1, 1: 2}[tokens[-1]]] = 1
        return logits

    drafts: list[list[int]] = []
    _, last = run(plain(Always(prompt), prompt=prompt), ending, drafts)
    assert last.finish == "stop"
    assert any(drafts)
    assert not any(END in draft for draft in drafts)


def test_a_reply_that_runs_away_is_noticed_within_drafts() -> None:
    _, last = run(plain(Drafter(list(range(8)) * 2), max_tokens=600), looping)
    assert last.finish == "repetition"
    assert last.usage.accepted_tokens > 50


def test_a_refused_draft_leaves_the_generator_of_random_numbers_alone() -> None:
    drafted = accepted = 0
    for seed in range(30):
        sampling = Sampling(temperature=1.0, seed=seed, top_k=0, top_p=1.0)
        options = {"prompt": [0], "ends": frozenset[int](), "max_tokens": 90}
        expected, _ = run(plain(None, sampling, **options), rule(seed))
        tokens, last = run(plain(Always([0]), sampling, **options), rule(seed))
        assert tokens == expected
        drafted += last.usage.drafted_tokens
        accepted += last.usage.accepted_tokens
    assert drafted > accepted > 0


@pytest.fixture(scope="module")
def vocabulary(small_model: Path) -> Iterator[tuple[Llama, Grammars]]:
    llama = Llama(small_model, context_tokens=64, sequences=1, threads=1)
    tokenizer = GrammarTokenizer()
    tokenizer.connect(llama)
    grammars = Grammars(tokenizer, llama.vocab_size)
    yield llama, grammars
    tokenizer.join()
    llama.close()


def constrained(
    vocabulary: tuple[Llama, Grammars], lark: str, prompt: str, drafter: type[Drafter] | None, **options
) -> Stream:
    llama, grammars = vocabulary
    tokens = llama.tokenize(prompt, markup=False)
    return Stream(
        prompt=tokens,
        reply=Reply(llama.piece),
        sampler=Sampler(GREEDY),
        matcher=grammars.start(lark),
        fast_forward=options.get("fast_forward", True),
        max_tokens=options.get("max_tokens", 60),
        end_tokens=llama.end_tokens,
        emit=lambda delta: None,
        fail=raising,
        drafter=drafter(tokens) if drafter else None,
    )


LIST = """start: "names = [" item (", " item)* "]"
item: "{" "name: " WORD ", age: " /[0-9]{1,2}/ "}"
WORD: "Anna" | "Bert" | "Carla"
"""
PEOPLE = "names = [{name: Anna, age: 31}, {name: Bert, age: 31}, {name: Carla, age: 44}, {name: Anna, age: 31}]"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), fast_forward=st.booleans())
def test_drafting_under_a_grammar_changes_no_reply(
    vocabulary: tuple[Llama, Grammars], seed: int, fast_forward: bool
) -> None:
    after = rule(seed, vocabulary[0].vocab_size)
    tokens, last = run(constrained(vocabulary, LIST, PEOPLE, None, fast_forward=fast_forward), after)
    drafted, drafted_last = run(constrained(vocabulary, LIST, PEOPLE, Always, fast_forward=fast_forward), after)
    assert drafted == tokens
    assert drafted_last.finish == last.finish
    assert counted(drafted_last.usage) == counted(last.usage)


def test_a_draft_goes_no_further_than_the_grammar(vocabulary: tuple[Llama, Grammars]) -> None:
    lark = 'start: "one two three four five six" /[a-z]/ "."'
    stream = constrained(vocabulary, lark, "one two three four five six seven eight nine", Always, fast_forward=False)
    drafts: list[list[int]] = []
    run(stream, rule(1, vocabulary[0].vocab_size), drafts)
    pieces = [b"".join(map(vocabulary[0].piece, draft)).decode() for draft in drafts]
    assert any(pieces)
    assert not any("seven" in text for text in pieces)


def test_what_the_grammar_forces_at_its_beginning_is_fed_with_the_prompt(vocabulary: tuple[Llama, Grammars]) -> None:
    stream = constrained(vocabulary, 'start: "The sum of both is " /[0-9]/', "Add.", None)
    stream.begin(CachedSequence(0), 0)
    assert stream.reply.text.startswith("The sum of both")
    assert stream.pending == stream.prompt + stream.reply.tokens


def test_a_grammar_that_allows_one_reply_needs_no_prompt_read(vocabulary: tuple[Llama, Grammars]) -> None:
    _, last = run(constrained(vocabulary, 'start: "yes"', "Well?", None), rule(1, vocabulary[0].vocab_size))
    assert (last.finish, last.usage.prompt_tokens, last.usage.forced_tokens) == ("grammar", 0, 1)


class Stuck:
    """A matcher that forces a token and then does not take it."""

    stopped = False

    def forced(self) -> list[int]:
        return [1]

    def consume(self, token: int) -> None:
        raise SchemaError("The grammar can go no further here.")


def test_a_grammar_that_goes_wrong_before_there_are_logits_ends_its_stream_alone() -> None:
    for held in (False, True):
        failed: list[BaseException] = []
        stream = plain(None)
        stream.fast_forward, stream.fail, stream.held = True, failed.append, held
        if not held:
            stream.matcher = Stuck()  # type: ignore[assignment]
        stream.begin(CachedSequence(0), 0)
        if held:
            stream.unhold(Stuck())  # type: ignore[arg-type]
        assert stream.done
        assert [str(error) for error in failed] == ["The grammar can go no further here."]
