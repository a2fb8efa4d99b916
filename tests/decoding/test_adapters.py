"""LoRA adapters at run time, on a real, small model: which tokens they give, and that nothing of theirs is shared."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentx.decoding.snapshots import SNAPSHOT, Snapshots
from agentx.errors import ModelError, ModelFileError, UsageError
from agentx.model import Constraint, Delta, Fragment
from agentx.models import catalog
from agentx.models.adapters import AdaptedModel, under
from agentx.models.engine_model import EngineModel
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions
from agentx.planner.calibration import stored
from tests.decoding.lora_files import write_adapter

PROMPT = [Fragment("The capital of France is a city which")]
LONG = [Fragment("".join(f"Rule {i}: the house with number {i} is painted grey.\n" for i in range(12)))]
# What is said of it is further from a tie than batches of other shapes can move it, whatever the processor: over 10
# tokens by 0.77 nats without an adapter (over 40 by 0.64), by 0.66 under the first one and by 1.08 under the second.
SURE = [Fragment("".join(f"Rule {i}: the house with number {i} is painted grey.\n" for i in range(6)))]
OPTIONS = LlamaOptions(context_tokens=640, threads=1, drafts=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return write_adapter(folder / "first.gguf", 6), write_adapter(folder / "second.gguf", 5, scale=0.2)


@pytest.fixture(scope="module")
def model(small_model: Path) -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(small_model, "small", options=OPTIONS)
    yield loaded
    loaded.close()


@pytest.fixture
def fresh(small_model: Path) -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(small_model, "small", options=OPTIONS)
    yield loaded
    loaded.close()


async def ask(model: EngineModel, prompt: list[Fragment] = PROMPT, **options) -> Delta:
    deltas = [delta async for delta in model.decode(prompt, **{"max_tokens": 12, **options})]
    return deltas[-1]


def said(reply: Delta) -> list[int]:
    return [token for fragment in reply.fragments for token in fragment.tokens or ()]


async def alone(*sides: EngineModel, **options) -> list[list[int]]:
    return [said(await ask(side, SURE, **options)) for side in sides]


def sides(model: LlamaCppModel, files: tuple[Path, Path]) -> list[EngineModel]:
    return [model, *(model.adapted(path) for path in files)]


def test_sessions_with_and_without_adapters_at_once_say_what_each_says_alone(
    model: LlamaCppModel, files: tuple[Path, Path]
) -> None:
    three = sides(model, files)

    async def go() -> tuple[list[list[int]], list[Delta]]:
        expected = await alone(*three, max_tokens=10)
        return expected, list(await asyncio.gather(*(ask(side, SURE, max_tokens=10) for side in three)))

    expected, at_once = asyncio.run(go())
    assert [said(reply) for reply in at_once] == expected
    assert len({tuple(tokens) for tokens in expected}) == 3


def test_no_adapter_reuses_what_was_read_under_another(model: LlamaCppModel, files: tuple[Path, Path]) -> None:
    prompt = [Fragment("What the sea gives, the sea takes back, and nobody asks")]
    length = asyncio.run(model.count(prompt))
    read = [asyncio.run(ask(side, prompt)).usage for side in sides(model, files)]
    again = [asyncio.run(ask(side, prompt)).usage for side in sides(model, files)]
    assert [usage.reused_tokens for usage in read] == [0, 0, 0]
    assert [usage.reused_tokens for usage in again] == [length - 1] * 3


def test_the_same_cold_prompt_at_once_is_read_once_under_each(model: LlamaCppModel, files: tuple[Path, Path]) -> None:
    cold = [Fragment("Nobody has read this yet.\n"), *LONG]

    async def together() -> tuple[list[Delta], int]:
        replies = await asyncio.gather(*(ask(side, cold, max_tokens=2) for side in sides(model, files) * 3))
        return list(replies), await model.count(cold)

    replies, length = asyncio.run(together())
    assert sum(reply.usage.prompt_tokens for reply in replies) == 3 * length + 6


def test_scores_are_those_of_the_adapter(model: LlamaCppModel, files: tuple[Path, Path]) -> None:
    scores = [asyncio.run(side.score(PROMPT, [" is", " Paris", " has been"])).logprobs for side in sides(model, files)]
    again = [asyncio.run(side.score(PROMPT, [" is", " Paris", " has been"])).logprobs for side in sides(model, files)]
    for i in range(3):
        # Not to the bit: the second time the prompt is reused, so other rows are rounded together; 0.21 was seen.
        assert scores[i] == pytest.approx(again[i], abs=0.5)
        assert max(abs(a - b) for a, b in zip(scores[i], scores[i - 1], strict=True)) > 1


def test_what_was_parked_under_an_adapter_comes_back_under_it_alone(
    fresh: LlamaCppModel, files: tuple[Path, Path]
) -> None:
    plain, first, second = sides(fresh, files)
    asyncio.run(ask(first, LONG, max_tokens=1))
    before = said(asyncio.run(ask(first, LONG)))
    for i in range(4):  # more than fit beside it
        asyncio.run(ask(second, [Fragment(f"Tale {i}. "), *LONG], max_tokens=1))
    held = [sequence for sequence in fresh._engine.ledger.sequences if sequence.adapter == first.adapter]
    assert not any(sequence.tokens for sequence in held)
    assert asyncio.run(ask(plain, LONG, max_tokens=1)).usage.reused_tokens == 0
    reply = asyncio.run(ask(first, LONG))
    assert reply.usage.prompt_tokens == 1
    assert said(reply) == before


@pytest.fixture
def opened(small_model: Path, tmp_path: Path) -> Iterator[Callable[[], LlamaCppModel]]:
    made: list[LlamaCppModel] = []

    def make() -> LlamaCppModel:
        place = Snapshots(tmp_path / "kv", "weights", "small")
        made.append(LlamaCppModel(small_model, "small", options=OPTIONS, snapshots=place))
        return made[-1]

    yield make
    for loaded in made:
        loaded.close()


def test_snapshots_are_kept_for_each_adapter_and_used_by_it_alone(
    opened: Callable[[], LlamaCppModel], files: tuple[Path, Path], tmp_path: Path
) -> None:
    prompt = [Fragment(LONG[0].text, snapshot=True), *PROMPT]
    one = opened()
    told = [said(asyncio.run(ask(side, prompt))) for side in sides(one, files)[:2]]
    one.close()
    assert len(list((tmp_path / "kv").glob(f"*{SNAPSHOT}"))) == 2
    replies = [asyncio.run(ask(side, prompt)) for side in sides(opened(), files)]
    kept = asyncio.run(opened().count(prompt[:1]))
    assert [reply.usage.reused_tokens for reply in replies] == [kept, kept, 0]
    assert [said(reply) for reply in replies[:2]] == told


def test_unloading_breaks_off_what_is_under_way_and_leaves_the_others_alone(
    fresh: LlamaCppModel, files: tuple[Path, Path]
) -> None:
    plain, first, second = sides(fresh, files)
    expected = asyncio.run(alone(plain, second, max_tokens=24))

    async def go() -> list[Delta | BaseException]:
        running = [asyncio.ensure_future(ask(side, SURE, max_tokens=24)) for side in (plain, first, second)]
        stream = first.decode(LONG, max_tokens=200)
        await anext(stream)
        await asyncio.to_thread(first.close)
        with pytest.raises(ModelError, match="unloaded"):
            async for _ in stream:
                pass
        return await asyncio.gather(*running, return_exceptions=True)

    replies = asyncio.run(go())
    told = [said(reply)[:10] for reply in (replies[0], replies[2]) if isinstance(reply, Delta)]
    assert told == [tokens[:10] for tokens in expected]
    held = [sequence for sequence in fresh._engine.ledger.sequences if sequence.adapter == first.adapter]
    assert not any(sequence.tokens or sequence.busy for sequence in held)
    with pytest.raises(ModelError, match="The adapter was unloaded; load it again"):
        asyncio.run(ask(first))
    assert said(asyncio.run(ask(fresh.adapted(files[0]), SURE)))[:10] != expected[0][:10]


class Meanwhile(list[str]):
    """Strings of a request; while they are looked at another thread does something."""

    def __init__(self, strings: list[str], work: Callable[[], None]) -> None:
        super().__init__(strings)
        self._work = work

    def __iter__(self) -> Iterator[str]:
        thread = threading.Thread(target=self._work)
        thread.start()
        thread.join()
        return super().__iter__()


def test_a_request_that_an_unloading_overtakes_ends_alone(fresh: LlamaCppModel, files: tuple[Path, Path]) -> None:
    (expected,) = asyncio.run(alone(fresh, max_tokens=120))

    async def go() -> list[Delta | BaseException]:
        running = asyncio.ensure_future(ask(fresh, SURE, max_tokens=120))
        await asyncio.sleep(0.05)
        adapted = fresh.adapted(files[0])
        late = ask(adapted, LONG, stop=Meanwhile(["never"], adapted.close))
        other = fresh.adapted(files[1])
        scores = other.score(LONG, Meanwhile([" a", " b"], other.close))
        return await asyncio.gather(late, scores, running, return_exceptions=True)

    late, scores, running = asyncio.run(go())
    for error in (late, scores):
        assert isinstance(error, ModelError) and str(error) == "The adapter was unloaded; load it again."
    assert isinstance(running, Delta) and running.finish
    assert said(running)[:10] == expected[:10]  # further on near-ties fall either way


@contextmanager
def held(model: LlamaCppModel) -> Iterator[None]:
    """Keeps the engine's thread busy."""
    began, gate = threading.Event(), threading.Event()
    model._engine.run(lambda: (began.set(), gate.wait(60))[0])
    assert began.wait(60)
    try:
        yield
    finally:
        gate.set()


def until_a_job_waits(model: LlamaCppModel) -> None:
    end = time.monotonic() + 60
    while model._engine._inbox.empty() and time.monotonic() < end:
        time.sleep(0.01)


def test_a_file_that_is_replaced_while_it_is_loaded_is_refused(
    fresh: LlamaCppModel, files: tuple[Path, Path], tmp_path: Path
) -> None:
    (path := tmp_path / "it.gguf").write_bytes(files[0].read_bytes())
    found: list[BaseException] = []

    def load() -> None:
        try:
            fresh.adapted(path)
        except ModelFileError as error:
            found.append(error)

    thread = threading.Thread(target=load)
    with held(fresh):
        thread.start()
        until_a_job_waits(fresh)
        path.write_bytes(files[1].read_bytes())
    thread.join()
    assert "was changed while it was loaded; load it again" in str(found[0])
    first, second = fresh.adapted(files[0]), fresh.adapted(path)
    assert first.adapter != second.adapter
    assert said(asyncio.run(ask(first))) != said(asyncio.run(ask(second)))


def test_who_is_interrupted_while_an_adapter_is_loaded_finds_it_loaded(
    fresh: LlamaCppModel, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    loras = fresh._adapters._llama.loras
    load = loras.load
    monkeypatch.setattr(loras, "load", lambda path, name: (load(path, name), loaded.append(name)))

    def interrupt() -> None:
        until_a_job_waits(fresh)
        os.kill(os.getpid(), signal.SIGINT)

    with held(fresh):
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            fresh.adapted(files[0])
    adapted = fresh.adapted(files[0])
    assert loaded == [adapted.adapter]
    adapted.close()
    assert fresh.adapted(files[0]) is not adapted
    assert len(loaded) == 2


def test_a_model_takes_one_adapter_at_a_time(model: LlamaCppModel, files: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="small . first is under an adapter already"):
        under(model.adapted(files[0]), files[1])


def test_what_is_kept_about_a_model_is_not_believed_under_an_adapter(
    small_model: Path, files: tuple[Path, Path]
) -> None:
    entry = catalog.load().default
    known = LlamaCppModel(small_model, "small", options=OPTIONS, identity=entry.files[0].sha256)
    try:
        first, second = (known.adapted(path) for path in files)
        assert first.identity == f"{known.identity}-{first.adapter}"
        assert len({known.identity, first.identity, second.identity}) == 3
        assert stored.known(known.identity).origin == "shipped"
        assert stored.known(first.identity) == stored.Thresholds({}, "default")
    finally:
        known.close()


def test_an_adapter_of_a_model_that_nothing_is_kept_about_has_no_identity(
    model: LlamaCppModel, files: tuple[Path, Path]
) -> None:
    assert model.adapted(files[0]).identity == model.identity == ""


def test_an_adapter_is_loaded_while_another_session_decodes(fresh: LlamaCppModel, files: tuple[Path, Path]) -> None:
    (expected,) = asyncio.run(alone(fresh, max_tokens=40))

    async def go() -> tuple[Delta, AdaptedModel]:
        running = asyncio.ensure_future(ask(fresh, SURE, max_tokens=40))
        await asyncio.sleep(0.05)
        adapted = await asyncio.to_thread(fresh.adapted, files[0])
        return await running, adapted

    reply, adapted = asyncio.run(go())
    assert said(reply) == expected
    assert said(asyncio.run(ask(adapted, SURE))) != expected[:12]


def test_a_stream_that_waits_for_its_grammar_does_not_hold_up_another_adapter(
    model: LlamaCppModel, files: tuple[Path, Path]
) -> None:
    _, first, second = sides(model, files)
    choices = " | ".join(f'"house {i} of {colour}"' for i in range(300) for colour in ("red", "green", "blue"))

    async def go() -> list[Delta]:
        held = ask(first, LONG, constraint=Constraint(f"start: {choices}"), max_tokens=20)
        return list(await asyncio.gather(held, *(ask(side) for side in (first, second, model))))

    assert all(reply.finish for reply in asyncio.run(go()))


def test_a_file_is_loaded_once_by_its_bytes(model: LlamaCppModel, files: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(files[0].read_bytes())
    found: list[AdaptedModel] = []
    threads = [
        threading.Thread(target=lambda path=path: found.append(model.adapted(path))) for path in (copy, files[0])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]
    assert found[0].build["adapter"] == found[0].adapter != model.build["adapter"] == "none"


def test_many_adapters_can_come_and_go(model: LlamaCppModel, tmp_path: Path) -> None:
    started, told = time.monotonic(), set[tuple[int, ...]]()
    for seed in range(5):
        adapted = model.adapted(write_adapter(tmp_path / f"{seed}.gguf", seed + 10))
        told.add(tuple(said(asyncio.run(ask(adapted, max_tokens=4)))))
        adapted.close()
        adapted.close()
    assert len(told) >= 3
    assert time.monotonic() - started < 60


WRONG = {
    "another architecture": ({"architecture": "qwen2"}, "is an adapter for qwen2, and the model is llama"),
    "another width": ({"width": 640}, "cannot be loaded as an adapter of this model .*incorrect shape"),
    "another kind": ({"kind": "control"}, "is an adapter of the type 'control', and only `lora` is supported"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_adapter_of_something_else_is_refused_in_a_sentence(case: str, model: LlamaCppModel, tmp_path: Path) -> None:
    change, sentence = WRONG[case]
    with pytest.raises(ModelFileError, match=sentence):
        model.adapted(write_adapter(tmp_path / "wrong.gguf", **change))
    assert asyncio.run(ask(model, max_tokens=1)).finish


def test_a_file_that_is_no_adapter_is_refused_in_a_sentence(
    model: LlamaCppModel, small_model: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    (note := tmp_path / "note.gguf").write_text("Buy milk.")
    (half := tmp_path / "half.gguf").write_bytes(files[0].read_bytes()[:100_000])
    for path, sentence in {
        small_model: "is no adapter but a llama model",
        note: "is not a GGUF",
        half: "is truncated",
        tmp_path / "none.gguf": "cannot be read: No such file",
    }.items():
        with pytest.raises(ModelFileError, match=sentence):
            model.adapted(path)
