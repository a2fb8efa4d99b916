"""KV states on disk, on a real, small model."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agentx.decoding import sealed, snapshots
from agentx.decoding.prefixes import MIN_TOKENS
from agentx.decoding.snapshots import SNAPSHOT, VOCABULARY, Snapshots, SnapshotStore
from agentx.errors import ConfigError, ModelError
from agentx.model import Constraint, Delta, Fragment
from agentx.models.chat_format import PlainFormat
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

RULES = "You are a clerk of the town library, polite and brief. " * 12
QUESTION = "Which books about birds do you have?"


@pytest.fixture
def place(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "kv", "weights", "small")


@dataclass
class Opened:
    """A model in a fresh engine, as a new process would have it."""

    model: LlamaCppModel

    def opening(self, question: str = QUESTION, rules: str = RULES) -> list[Fragment]:
        return self.model.chat.opening(rules, question)

    def ask(self, prompt: list[Fragment] | None = None, **options) -> tuple[str, Delta]:
        return asyncio.run(reply(self.model, self.opening() if prompt is None else prompt, **options))

    def prefix_length(self) -> int:
        opening = self.opening()
        end = next(i for i, fragment in enumerate(opening) if fragment.snapshot)
        return asyncio.run(self.model.count(opening[: end + 1]))


async def reply(model: LlamaCppModel, prompt: list[Fragment], **options) -> tuple[str, Delta]:
    text, delta = "", Delta("")
    async for delta in model.decode(prompt, **{"max_tokens": 12, **options}):
        text += delta.text
    return text, delta


@pytest.fixture
def opened(small_model: Path, place: Snapshots) -> Callable:
    @contextmanager
    def run(context_tokens: int = 1024, **changes) -> Iterator[Opened]:
        options = LlamaOptions(context_tokens=context_tokens, threads=1)
        model = LlamaCppModel(small_model, "small", options=options, snapshots=replace(place, **changes))
        try:
            yield Opened(model)
        finally:
            model.close()

    return run


def files(place: Snapshots, suffix: str = SNAPSHOT) -> list[Path]:
    return sorted(path for path in place.folder.iterdir() if path.suffix == suffix) if place.folder.exists() else []


def test_another_engine_reads_only_what_is_new_and_says_the_same(opened: Callable, place: Snapshots) -> None:
    with opened() as first:
        cold, cold_delta = first.ask()
        length = first.prefix_length()
    with opened() as second:
        warm, warm_delta = second.ask()
        whole = asyncio.run(second.model.count(second.opening()))
    assert length >= MIN_TOKENS
    assert cold_delta.usage.reused_tokens == 0
    assert (warm_delta.usage.reused_tokens, warm_delta.usage.prompt_tokens) == (length, whole - length)
    assert warm == cold


def test_another_question_shares_the_prefix(opened: Callable) -> None:
    with opened() as first:
        first.ask()
    with opened() as second:
        _, delta = second.ask(second.opening("And about bees?"))
        assert delta.usage.reused_tokens == second.prefix_length()


def test_a_grammar_allows_the_same_after_a_snapshot_and_a_stored_vocabulary(opened: Callable) -> None:
    grammar = Constraint('start: "The shelf is " /[a-z]{3,8}/ "."')
    with opened() as first:
        cold, _ = first.ask(constraint=grammar)
    with opened() as second:
        warm, delta = second.ask(constraint=grammar)
        assert delta.usage.reused_tokens == second.prefix_length()
    assert warm == cold
    assert warm.startswith("The shelf is ")


def test_scores_use_a_snapshot_and_agree_with_those_of_a_cold_run(opened: Callable) -> None:
    continuations = ["Yes", "No", "Perhaps not"]
    with opened() as first:
        cold = asyncio.run(first.model.score(first.opening(), continuations))
    with opened() as second:
        warm = asyncio.run(second.model.score(second.opening(), continuations))
        assert warm.usage.reused_tokens == second.prefix_length()
    assert warm.logprobs == pytest.approx(cold.logprobs, abs=0.2)
    assert max(range(3), key=warm.logprobs.__getitem__) == max(range(3), key=cold.logprobs.__getitem__)


def test_a_snapshot_is_written_in_a_quiet_moment_without_closing(opened: Callable, place: Snapshots) -> None:
    with opened() as first:
        first.ask()
        deadline = time.monotonic() + 20
        while not files(place) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(files(place)) == 1
        assert first.ask()[1].usage.prompt_tokens == 1


def test_what_was_evicted_from_the_cache_is_loaded_again(opened: Callable) -> None:
    with opened(context_tokens=512) as first:
        first.ask()
        time.sleep(0.5)
        first.ask([Fragment("a long note of something else " * 70)], max_tokens=2)
        time.sleep(0.5)
        _, delta = first.ask()
        assert delta.usage.reused_tokens == first.prefix_length()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a payload bit": lambda data: data[:-500] + bytes([data[-500] ^ 1]) + data[-499:],
    "a header bit": lambda data: data[:40] + bytes([data[40] ^ 32]) + data[41:],
    "a checksum bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "truncated": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"more",
    "empty": lambda data: b"",
    "other magic": lambda data: b"GGUF" + data[4:],
    "absurd sizes": lambda data: data[:8] + b"\xff" * 12 + data[20:],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_deleted_without_a_word(kind: str, place: Snapshots) -> None:
    store, tokens = SnapshotStore(place, {}), [1, 2, 3]
    assert store.save(tokens, memoryview(os.urandom(5000)))
    store.path(tokens).write_bytes(DAMAGE[kind](store.path(tokens).read_bytes()))
    assert store.load(tokens) is None
    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["a payload bit", "truncated"])
def test_after_damage_the_reply_is_the_same_and_the_file_is_written_anew(
    kind: str, opened: Callable, place: Snapshots
) -> None:
    with opened() as first:
        cold, _ = first.ask()
    (path,) = files(place)
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    with opened() as second:
        again, delta = second.ask()
    assert (again, delta.usage.reused_tokens) == (cold, 0)
    with opened() as third:
        warm, delta = third.ask()
    assert warm == cold
    assert delta.usage.reused_tokens >= MIN_TOKENS


def test_a_whole_file_of_another_key_under_the_right_name_is_not_used(opened: Callable, place: Snapshots) -> None:
    with opened() as first:
        cold, _ = first.ask()
    (mine,) = files(place)
    with opened() as other:
        other.ask(other.opening(rules="Another set of rules, about ships and the sea and its weather. " * 12))
    (foreign,) = {*files(place)} - {mine}
    mine.write_bytes(foreign.read_bytes())
    with opened() as second:
        again, delta = second.ask()
    assert (again, delta.usage.reused_tokens) == (cold, 0)


@pytest.mark.parametrize("change", [{"identity": "other weights"}, {"context_tokens": 768}], ids=["weights", "context"])
def test_snapshots_of_other_weights_or_another_context_are_left_alone(
    change: dict, opened: Callable, place: Snapshots
) -> None:
    with opened() as first:
        first.ask()
    before = {path: path.read_bytes() for path in files(place)}
    with opened(**change) as second:
        assert second.ask()[1].usage.reused_tokens == 0
    after = {path: path.read_bytes() for path in files(place)}
    assert len(after) == 2
    assert before.items() <= after.items()


def test_every_part_of_the_origin_and_each_token_is_in_the_key(place: Snapshots) -> None:
    origin = {"build": "1", "context_tokens": 8, "kv": "f16", "adapter": "none"}
    stores = [SnapshotStore(place, origin), SnapshotStore(replace(place, identity="x"), origin)]
    stores += [SnapshotStore(place, {**origin, key: "x"}) for key in origin]
    paths = {store.path(tokens) for store in stores for tokens in ([1, 2, 3], [1, 2, 4], [1, 2], [1, 2, 3, 0])}
    assert len(paths) == 4 * len(stores)


def test_a_short_prefix_and_a_prompt_without_one_leave_no_file(opened: Callable, place: Snapshots) -> None:
    with opened() as first:
        first.ask(first.opening(rules="Be brief."))
        first.ask(PlainFormat().opening(RULES, QUESTION))
    assert files(place) == []


def test_a_prefix_that_was_not_read_to_its_end_is_not_saved(opened: Callable, place: Snapshots) -> None:
    async def cancelled(model: LlamaCppModel, prompt: list[Fragment]) -> None:
        task = asyncio.ensure_future(reply(model, prompt))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with opened() as first:
        asyncio.run(cancelled(first.model, first.opening(rules=RULES * 4)))
    assert files(place) == []


def test_a_snapshot_is_loaded_while_another_sequence_is_busy(opened: Callable) -> None:
    async def both(model: LlamaCppModel, prompt: list[Fragment]) -> tuple[Delta, Delta]:
        other = asyncio.ensure_future(reply(model, model.chat.opening("Be long.", "Tell a story."), max_tokens=40))
        await asyncio.sleep(0.15)
        assert not other.done()
        _, mine = await reply(model, prompt)
        return (await other)[1], mine

    with opened() as first:
        cold, _ = first.ask()
    with opened() as second:
        other, mine = asyncio.run(both(second.model, second.opening()))
        assert mine.usage.reused_tokens == second.prefix_length()
        assert other.usage.sampled_tokens > 1
        assert second.ask()[0][:8] == cold[:8]


def test_requests_at_once_after_a_start_share_one_load(opened: Callable) -> None:
    questions = ["Name a bird.", "Name a tree.", "Name a river.", "Name a town."]

    async def together(model: LlamaCppModel) -> list[Delta]:
        prompts = [model.chat.opening(RULES, question) for question in questions]
        return [delta for _, delta in await asyncio.gather(*(reply(model, prompt) for prompt in prompts))]

    with opened() as first:
        first.ask()
    with opened() as second:
        length = second.prefix_length()
        assert all(delta.usage.reused_tokens >= length for delta in asyncio.run(together(second.model)))


def test_a_disk_that_refuses_costs_the_snapshot_and_nothing_else(
    opened: Callable, place: Snapshots, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with opened(folder=tmp_path / "file" / "kv") as first:
        refused, _ = first.ask()
    with opened() as second:
        assert second.ask()[0] == refused


WRITER = """
import os, resource, sys
from pathlib import Path
from agentx.decoding.snapshots import Snapshots, SnapshotStore
store = SnapshotStore(Snapshots(Path(sys.argv[1]), "weights", "small"), {})
if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    print(store.save([1, 2, 3], memoryview(bytes(1_000_000))))
else:
    print("ready", flush=True)
    while True:
        store.save([1, 2, 3], memoryview(bytes([int(sys.argv[2])]) * 30_000_000))
"""


def start_writer(folder: Path, what: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), what], stdout=subprocess.PIPE, text=True)


def test_a_disk_that_fills_up_while_writing_leaves_nothing_behind(place: Snapshots) -> None:
    with start_writer(place.folder, "full") as writer:
        assert writer.stdout.read() == "False\n"
    assert list(place.folder.iterdir()) == []


def test_writers_that_are_killed_leave_no_broken_file_that_counts(place: Snapshots) -> None:
    store = SnapshotStore(place, {})
    for attempt in range(6):
        with start_writer(place.folder, "7") as one, start_writer(place.folder, "9") as two:
            assert one.stdout.readline() == two.stdout.readline() == "ready\n"
            time.sleep(random.Random(attempt).uniform(0.02, 0.2))
            one.send_signal(signal.SIGKILL)
            two.send_signal(signal.SIGKILL)
        if files(place):
            state = store.load([1, 2, 3])
            assert state is not None
            assert bytes(state) in (bytes([7]) * 30_000_000, bytes([9]) * 30_000_000)
    for path in place.folder.iterdir():
        if path.name.startswith(sealed.TEMPORARY):
            os.utime(path, (1, 1))
    assert store.save([4], memoryview(b"state"))
    assert not [path for path in place.folder.iterdir() if path.name.startswith(sealed.TEMPORARY)]


PROCESS = """
import asyncio, sys
from pathlib import Path
from agentx.decoding.snapshots import Snapshots
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions
place = Snapshots(Path(sys.argv[2]), "weights", "small")
model = LlamaCppModel(Path(sys.argv[1]), "small", options=LlamaOptions(1024, 1), snapshots=place)
async def main():
    async for delta in model.decode(model.chat.opening(sys.argv[3], sys.argv[4]), max_tokens=12):
        print(delta.text, end="")
    print("\\n", delta.usage.reused_tokens)
asyncio.run(main())
model.close()
"""


def test_two_processes_at_once_get_the_same_reply_and_leave_one_whole_file(
    small_model: Path, place: Snapshots, opened: Callable
) -> None:
    command = [sys.executable, "-c", PROCESS, str(small_model), str(place.folder), RULES, QUESTION]
    for reused in (False, True):
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [run.communicate(timeout=120)[0] for run in runs]
        assert [run.returncode for run in runs] == [0, 0]
        assert said[0].splitlines()[0] == said[1].splitlines()[0]
        if reused:
            assert all(int(text.split()[-1]) >= MIN_TOKENS for text in said)
        assert len(files(place)) == 1
    assert not [path for path in place.folder.iterdir() if path.name.startswith(sealed.TEMPORARY)]


def test_files_are_for_their_owner_alone(opened: Callable, place: Snapshots) -> None:
    with opened() as first:
        first.ask()
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.folder.iterdir()} == {0o600}


def test_the_least_recently_used_snapshots_go_when_the_cap_is_reached(place: Snapshots) -> None:
    store = SnapshotStore(replace(place, cap_bytes=3500), {})
    for i in range(3):
        store.save([i], memoryview(bytes(1000)))
        os.utime(store.path([i]), (1000 + i, 1000 + i))
    assert store.load([0]) is not None
    store.save([3], memoryview(bytes(1000)))
    assert [store.load([i]) is not None for i in range(4)] == [True, False, True, True]


def test_a_state_larger_than_the_cap_drives_nothing_out(place: Snapshots) -> None:
    store = SnapshotStore(replace(place, cap_bytes=3500), {})
    assert store.save([1], memoryview(bytes(1000)))
    assert not store.save([2], memoryview(bytes(4000)))
    assert store.load([1]) is not None


def test_the_cap_holds_for_a_model_too(opened: Callable, place: Snapshots) -> None:
    with opened(cap_bytes=100_000) as first:
        assert first.ask()[0]
    assert files(place) == []


@pytest.mark.parametrize(("text", "cap"), [("", 2 << 30), ("0", 0), (" 5000 ", 5000)])
def test_the_cap_is_read_from_the_environment(text: str, cap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_KV_CACHE_BYTES", text)
    assert snapshots.cap_from_environment() == cap


@pytest.mark.parametrize("text", ["2G", "-1", "1.5"])
def test_a_cap_that_is_no_number_is_refused_with_a_sentence(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_KV_CACHE_BYTES", text)
    with pytest.raises(ConfigError, match="AGENTX_KV_CACHE_BYTES is `.*`; it must be a number of bytes"):
        snapshots.cap_from_environment()


def test_a_file_without_a_pinned_hash_is_told_from_its_changed_self(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"a" * 3_000_000)
    identities = {snapshots.file_identity(path)}
    stamp = path.stat().st_mtime_ns
    changes = [(b"b" + b"a" * 2_999_999, stamp), (b"a" * 2_999_999, stamp), (b"a" * 3_000_000, stamp + 1)]
    for content, time_ns in changes:
        path.write_bytes(content)
        os.utime(path, ns=(time_ns, time_ns))
        identities.add(snapshots.file_identity(path))
    assert len(identities) == 4


def test_a_stored_vocabulary_is_the_models_own(opened: Callable, place: Snapshots) -> None:
    grammar = Constraint('start: "{" /[a-z]{1,5}/ "}"')
    with opened() as first:
        expected, _ = first.ask(constraint=grammar)
    (path,) = files(place, VOCABULARY)
    written = path.stat().st_mtime_ns
    with opened() as second:
        assert second.ask(constraint=grammar)[0] == expected
    assert path.stat().st_mtime_ns == written


def test_a_damaged_or_foreign_vocabulary_is_not_used(opened: Callable, place: Snapshots) -> None:
    grammar = Constraint('start: "{" /[a-z]{1,5}/ "}"')
    with opened() as first:
        expected, _ = first.ask(constraint=grammar)
    (path,) = files(place, VOCABULARY)
    whole = path.read_bytes()
    header = sealed.read_header(path)
    payload = bytearray(sealed.read(path, header))
    # Whole and of the right name, but each letter stands for the next one.
    payload[-200_000:] = bytes(byte + 1 if 97 <= byte < 122 else byte for byte in payload[-200_000:])
    sealed.write(path, header, memoryview(payload))
    for foreign in (path.read_bytes(), whole[:1000], whole[:-9] + b"x" + whole[-8:]):
        path.write_bytes(foreign)
        with opened() as second:
            assert second.ask(constraint=grammar)[0] == expected
        assert path.read_bytes() == whole


def test_a_closed_model_ends_what_it_decodes_and_refuses_more(opened: Callable) -> None:
    async def close_meanwhile(model: LlamaCppModel, prompt: list[Fragment]) -> None:
        task = asyncio.ensure_future(reply(model, prompt, max_tokens=400))
        await asyncio.sleep(0.2)
        model.close()
        with pytest.raises(ModelError, match="was closed while it decoded"):
            await task
        with pytest.raises(ModelError, match="was closed; load it again"):
            await reply(model, prompt)

    with opened() as first:
        asyncio.run(close_meanwhile(first.model, first.opening("Count to a thousand.")))


UNCLOSED = """
import asyncio, sys
from agentx.models.llama_cpp import load
model = load(sys.argv[1], {"threads": 1, "context_tokens": 1024})
async def main():
    async for delta in model.decode(model.chat.opening(sys.argv[2], sys.argv[3]), max_tokens=int(sys.argv[4])):
        print(delta.text, flush=True)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


def start_unclosed(small_model: Path, cache: Path, max_tokens: int, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", UNCLOSED, str(small_model), RULES, "Count to a thousand.", str(max_tokens)],
        stdout=subprocess.PIPE,
        env={**os.environ, "AGENTX_CACHE_DIR": str(cache), "AGENTX_KV_CACHE_BYTES": "", **environment},
    )


def test_a_process_that_ends_without_closing_leaves_its_snapshot(small_model: Path, tmp_path: Path) -> None:
    with start_unclosed(small_model, tmp_path, 1) as run:
        assert run.wait(timeout=120) == 0
    (entry,) = [entry for entry in snapshots.listing(tmp_path / "kv") if entry.kind == SNAPSHOT]
    assert entry.model == small_model.stem
    assert entry.tokens >= MIN_TOKENS


def test_a_process_that_is_interrupted_while_it_decodes_ends_at_once(small_model: Path, tmp_path: Path) -> None:
    with start_unclosed(small_model, tmp_path, 700) as run:
        run.stdout.readline()
        interrupted = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 130
        assert time.monotonic() - interrupted < 5
    assert [entry.kind for entry in snapshots.listing(tmp_path / "kv")].count(SNAPSHOT) == 1


def test_a_cap_of_zero_keeps_nothing(small_model: Path, tmp_path: Path) -> None:
    with start_unclosed(small_model, tmp_path, 1, AGENTX_KV_CACHE_BYTES="0") as run:
        assert run.wait(timeout=120) == 0
    assert not (tmp_path / "kv").exists()
