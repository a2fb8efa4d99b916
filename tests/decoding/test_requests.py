"""Replies and scores beside each other in the engine, counted on a decoder that computes nothing."""

import queue
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from agentx.decoding.engine import Engine
from agentx.decoding.sampler import Logits, Sampler
from agentx.decoding.scoring import Scoring
from agentx.errors import ContextOverflow, ModelError
from agentx.model import GREEDY
from tests.decoding.counting import PERIOD, VOCABULARY, Asked, CountingDecoder, NoGrammars, parts, together

LIKELY, UNLIKELY = 1 - np.log(np.e + VOCABULARY - 1), -np.log(np.e + VOCABULARY - 1)
"""Log-probabilities of the token that the decoder gives the logit 1, and of any other."""


class Scored:
    """A request for scores as a model makes it; `wait` gives it back once it has ended."""

    def __init__(self, first: int, length: int, continuations: list[list[int]]) -> None:
        self._ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self.stream = Scoring(
            prompt=[(first + i) % PERIOD for i in range(length)],
            max_tokens=max(map(len, continuations), default=0),
            continuations=continuations,
            tell=lambda: self._ended.put(None),
            fail=self._ended.put,
        )

    def wait(self) -> Scoring:
        if error := self._ended.get(timeout=60):
            raise error
        return self.stream


def score(engine: Engine, *asked: Scored) -> list[Scoring]:
    for each in asked:
        engine.submit(each.stream)
    return [each.wait() for each in asked]


def test_each_token_of_a_continuation_counts(engine: Engine) -> None:
    (scored,) = score(engine, Scored(0, 10, [[10, 11, 12], [10, 30, 12], [11], [], [10]]))
    assert scored.logprobs == pytest.approx([3 * LIKELY, LIKELY + 2 * UNLIKELY, UNLIKELY, 0, LIKELY])
    assert scored.rows == 2 + 2


def test_a_score_keeps_the_prompt_and_takes_back_what_it_has_tried(engine: Engine) -> None:
    for reused in (0, 9):
        (scored,) = score(engine, Scored(0, 10, [[10, 11, 12]]))
        assert scored.reused == reused
        (held,) = [sequence.tokens for sequence in engine.ledger.sequences if sequence.tokens]
        assert held == list(range(10))


@pytest.mark.parametrize("beside", [False, True])
def test_a_continuation_may_be_longer_than_a_batch(engine: Engine, decoder: CountingDecoder, beside: bool) -> None:
    continuation = [(10 + i) % PERIOD for i in range(600)]
    other = Asked(decoder, "", 7, 4, max_tokens=700)
    if beside:
        engine.submit(other.stream)
    (scored,) = score(engine, Scored(0, 10, [continuation]))
    assert scored.logprobs == pytest.approx([600 * LIKELY])
    assert scored.rows == 599
    assert max(rows.total() for _, rows in decoder.batches) <= decoder.batch_rows
    if beside:
        other.wait()


def test_replies_go_on_while_a_score_reads_a_long_prompt(engine: Engine, decoder: CountingDecoder) -> None:
    reply, scored = Asked(decoder, "", 3, 4, max_tokens=60), Scored(0, 700, [[20]])
    gate = threading.Event()
    engine.run(lambda: (gate.wait(60), None)[1])
    engine.submit(reply.stream)
    engine.submit(scored.stream)
    gate.set()
    assert scored.wait().logprobs and reply.wait().finish
    shared = [rows for _, rows in decoder.batches if len(rows) == 2]
    assert len(shared) == 700 // 32 + 1
    assert {rows.total() for rows in shared[1:-1]} == {33}


def test_a_cancelled_score_reads_no_further(engine: Engine, decoder: CountingDecoder) -> None:
    scored = Scored(0, 1500, [[20]])
    begun, gate = threading.Event(), threading.Event()
    decoder.meanwhile = lambda: (begun.set(), gate.wait(60))
    engine.submit(scored.stream)
    assert begun.wait(60)
    engine.cancel(scored.stream)
    gate.set()
    together(engine, [Asked(decoder, "", 3, 4, max_tokens=1)])
    assert len(decoder.batches) == 2
    assert not any(sequence.busy for sequence in engine.ledger.sequences)


@pytest.mark.parametrize(("prompt", "reply", "fits"), [(400, 100, True), (400, 300, False), (700, 100, False)])
def test_a_request_waits_until_its_whole_reply_fits_beside_the_others(
    decoder: CountingDecoder, prompt: int, reply: int, fits: bool
) -> None:
    _, _, schedule = parts(decoder)
    schedule.add(Asked(decoder, "", 0, 1000, max_tokens=500).stream)
    schedule.add(Asked(decoder, "", 20, prompt, max_tokens=reply).stream)
    schedule.admit()
    assert len(schedule.running) == (2 if fits else 1)


def test_a_beginning_in_common_takes_its_cells_once(decoder: CountingDecoder) -> None:
    _, cache, schedule = parts(decoder)
    schedule.add(Asked(decoder, "", 0, 1500, max_tokens=50).stream)
    schedule.admit()
    (first,) = schedule.running
    assert first.sequence
    cache.append(first.sequence, first.prompt)
    first.pending = []
    schedule.add(Asked(decoder, "", 0, 1600, max_tokens=50).stream)
    schedule.admit()
    assert len(schedule.running) == 2


def test_a_long_prompt_is_read_however_many_shorter_ones_come(decoder: CountingDecoder) -> None:
    decoder.context_tokens = 2**20
    _, cache, schedule = parts(decoder)
    long = Asked(decoder, "", 0, 3000, max_tokens=1).stream
    schedule.add(long)
    for i in range(10):
        schedule.add(Asked(decoder, "", i + 1, 300, max_tokens=1).stream)
    batches = 0
    while not batches or long.pending:
        schedule.admit()
        batch = schedule.batch()
        for request, fed in batch.fed.items():
            assert request.sequence
            cache.append(request.sequence, fed)
            del request.pending[: len(fed)]
            if not request.pending and request is not long:
                request.done = True
                schedule.add(Asked(decoder, "", batches % PERIOD, 300, max_tokens=1).stream)
        schedule.drop_ended()
        batches += 1
    assert batches == pytest.approx(3000 / 32, abs=2)


def test_a_score_waits_for_room_as_a_reply_does(decoder: CountingDecoder) -> None:
    _, _, schedule = parts(decoder)
    reply, scored = Asked(decoder, "", 0, 1500, max_tokens=500).stream, Scored(20, 1000, [[1]]).stream
    schedule.add(reply)
    schedule.add(scored)
    schedule.admit()
    assert schedule.running == [reply] and not scored.done
    reply.done = True
    schedule.drop_ended()
    schedule.admit()
    assert schedule.running == [scored]


def test_a_prompt_longer_than_the_context_is_refused_alone(engine: Engine, decoder: CountingDecoder) -> None:
    fine, scored = Asked(decoder, "", 3, 4, max_tokens=9), Scored(0, 2100, [[20]])
    engine.submit(scored.stream)
    together(engine, [fine])
    with pytest.raises(ContextOverflow, match="2100 tokens"):
        scored.wait()


class Failing(Sampler):
    def choose(self, logits: Logits, allowed: object = None) -> int:
        raise ValueError("probabilities contain NaN")


def test_what_fails_in_one_request_ends_that_alone(engine: Engine, decoder: CountingDecoder) -> None:
    fine, wrong = Asked(decoder, "", 3, 4, max_tokens=30), Asked(decoder, "", 9, 4, max_tokens=30)
    wrong.stream.sampler = Failing(GREEDY)
    engine.submit(wrong.stream)
    assert together(engine, [fine])[0].usage.sampled_tokens == 30
    with pytest.raises(ModelError, match=r"The decoder failed: probabilities contain NaN\."):
        wrong.wait()


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_an_engine_whose_thread_has_ended(
    engine: Engine, decoder: CountingDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Asked(decoder, "", 3, 4, max_tokens=30), Scored(0, 10, [[20]])]
    gate = threading.Event()
    engine.run(lambda: (gate.wait(60), None)[1])
    for each in asked:
        engine.submit(each.stream)
    monkeypatch.setattr(engine._schedule, "drop_ended", raising(MemoryError("no memory")))
    gate.set()
    for each in asked:
        with pytest.raises(ModelError, match="closed"):
            each.wait()
    engine._thread.join(60)
    with pytest.raises(ModelError, match="The model was closed"):
        engine.submit(Asked(decoder, "", 3, 4, max_tokens=30).stream)


class Shelf:
    """A SnapshotStore that keeps what it is given."""

    cap_bytes = 100

    def __init__(self) -> None:
        self.saved: list[tuple[int, ...]] = []

    def under(self, adapter: str) -> "Shelf":
        return self

    def load(self, tokens: Sequence[int]) -> None:
        return None

    def save(self, tokens: Sequence[int], state: memoryview) -> None:
        self.saved.append(tuple(tokens))

    def discard(self, tokens: Sequence[int]) -> None: ...


def test_what_is_unsaved_at_the_end_is_saved_without_another_thread(
    decoder: CountingDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentx.decoding.engine.QUIET_S", 60)
    shelf = Shelf()
    engine = Engine(decoder, NoGrammars(), shelf)
    asked = Asked(decoder, "", 0, 300, max_tokens=2)
    asked.stream.kept = 200
    together(engine, [asked])
    # Python 3.12.1 starts none once the interpreter has begun to end.
    monkeypatch.setattr(threading.Thread, "start", raising(RuntimeError("can't create new thread")))
    engine.close()
    assert shelf.saved == [tuple(asked.stream.prompt[:200])]
