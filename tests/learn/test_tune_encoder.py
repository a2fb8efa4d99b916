"""A tiny BERT with random weights reads texts for real and learns to tell their words, through the command line."""

import json
import os
import signal
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from agentx_learn.tuning import encoder_run
from agentx_learn.tuning.base import encoder
from agentx_learn.tuning.card import sha256_of
from agentx_learn.tuning.encoder_data import read_corpus
from agentx_learn.tuning.encoder_network import (
    LEFT_OUT,
    EncoderTrainer,
    MaskedRows,
    load_encoder,
    unigram,
)
from agentx_learn.tuning.encoder_network import figures as figures_of
from agentx_learn.tuning.encoder_sources import Columns, Document, read_memory
from agentx_learn.tuning.training import arguments
from agentx_memory.adding import add_documents
from agentx_memory.chroma import ChromaMemory
from agentx_memory.chunks import Chunk
from agentx_memory.chunks import Document as StoredText

from agentx.models.progress import SilentProgress
from agentx.shelf import Held, Passage
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.conftest import WIDTH
from tests.learn.toy import lines, save_encoder, write_csv
from tests.memory.conftest import WordEmbedder

TOPICS = [f"w{i}" for i in range(12)]
FAST = ("--epochs", "8", "--learning-rate", "0.01", "--batch", "8", "--max-tokens", "32", "--evaluate", "0.2")


def sentence(topic: int, random: Random) -> str:
    """Three words that go together, whichever of them is asked for is told by the others."""
    return " ".join(random.choices(TOPICS[3 * topic : 3 * topic + 3], k=6)) + "."


def documents(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Rows, four of each document, which has one topic of four."""
    random = Random(seed)
    return [
        {"text": " ".join(sentence(number % 4, random) for _ in range(2)), "page": f"page {number}"}
        for number in range(count)
        for _ in range(4)
    ]


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("encoder"), ["[MASK]", ".", *TOPICS])


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("pages") / "pages.jsonl", documents(48))


@pytest.fixture
def tune(cli: Callable[..., Ran], base: Path, data: Path) -> Callable[..., Ran]:
    def run(*more: str, data: str = str(data), model: str = str(base)) -> Ran:
        return cli("tune", "encoder", data, "--model", model, *FAST, *more)

    return run


def card(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def judged(folder: Path, data: Path, scratch: Path) -> float:
    """The loss of the masked tokens that judge, by what was written."""
    corpus = read_corpus(str(data), Columns(group="page"), "0.2", 0)
    with encoder(str(folder), SilentProgress()) as found:
        loaded = load_encoder(found, 32, next_sentence=False)
    assert not loaded.is_new
    rows = MaskedRows(loaded.cutter.texts(corpus.evaluation), loaded.tokenizer, "judging 0")
    collator = transformers.DataCollatorForTokenClassification(loaded.tokenizer)
    options = arguments(scratch / "none", seed=0, remove_unused_columns=False, label_names=["labels"])
    trainer = EncoderTrainer(loaded, args=options, data_collator=collator, compute_metrics=figures_of)
    return trainer.evaluate(rows)["eval_masked_loss"]


def test_it_learns_what_words_go_together_and_the_result_loads_again(
    tune: Callable[..., Ran], base: Path, data: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    ran = tune("--group", "page", "--out", str(out := tmp_path / "out"))
    assert ran.code == 0, ran.err
    told = card(out)
    figures = told["metrics"]
    by_frequencies = figures["masked_loss_by_frequencies"]
    assert figures["masked_loss"] <= 0.8 * figures["masked_loss_before"]
    assert figures["masked_loss"] <= 0.8 * by_frequencies, "and falls below what the frequencies tell without context"
    assert abs(figures["masked_loss_before"] - by_frequencies) < 0.5, "a new head begins with the frequencies"
    assert f"{figures['masked_loss']:.4f} after; {by_frequencies:.4f} by the frequencies" in ran.out
    assert "epoch 1 of 8: masked-LM loss" in ran.err
    assert told["data"]["training"]["sha256"] == sha256_of(data)
    assert told["data"]["training"]["documents"] + told["data"]["evaluation"]["documents"] == 48
    assert told["base_licence"] == "cc0-1.0"
    assert told["parameters"]["head"] == "new, tied to the word embeddings"
    assert told["parameters"]["masked_share"] == 0.15
    assert told["files"] == {"model.safetensors": sha256_of(out / "model.safetensors")}
    assert not (out / "checkpoints").exists()
    assert "no head that tells masked tokens" in (out / "card.md").read_text(encoding="utf-8")

    kind: Any = transformers.AutoModelForMaskedLM
    network, found = kind.from_pretrained(out, output_loading_info=True)
    assert not found["missing_keys"]
    assert network.get_output_embeddings().weight is network.get_input_embeddings().weight, "they are tied"
    assert judged(out, data, tmp_path) == pytest.approx(figures["masked_loss"], rel=1e-5), "the best epoch was kept"

    whole: Any = transformers.AutoModel.from_pretrained(out)
    first: Any = transformers.AutoModel.from_pretrained(base)
    assert torch.equal(whole.pooler.dense.weight, first.pooler.dense.weight), "the base's pooler goes along"
    assert not torch.equal(whole.embeddings.word_embeddings.weight, first.embeddings.word_embeddings.weight)

    rows = write_csv(tmp_path / "rows.csv", lines(40))
    made = tmp_path / "judge"
    command = ["tune", "classifier", str(rows), "--model", str(out), "--epochs", "1", "--max-tokens", "16"]
    ran = cli(*command, "--out", str(made))
    assert ran.code == 0, ran.err
    assert card(made)["base"] == "out" and card(made)["base_licence"] == "cc0-1.0"


def test_it_learns_which_sentences_follow_each_other(tune: Callable[..., Ran], tmp_path: Path) -> None:
    random = Random(0)
    # A second sentence is of other words than a first one; three in four segments behind one can be told by that.
    rows = [{"text": sentence(topic, random), "page": f"page {i}"} for i in range(160) for topic in (0, 1)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    more = ("--group", "page", "--next-sentence", "--epochs", "8", "--evaluate", "0.3")
    ran = tune(*more, "--out", str(out := tmp_path / "out"), data=str(path))
    assert ran.code == 0, ran.err
    figures = card(out)["metrics"]
    assert figures["pair_accuracy_before"] < 0.6 and figures["pair_accuracy"] >= 0.7
    assert figures["masked_loss"] <= 0.8 * figures["masked_loss_by_frequencies"]
    assert "next sentences told right: " in ran.out
    kind: Any = transformers.AutoModelForPreTraining
    network, found = kind.from_pretrained(out, output_loading_info=True)
    assert type(network).__name__ == "BertForPreTraining" and not found["missing_keys"]


def test_a_dry_run_tells_sizes_and_writes_nothing(tune: Callable[..., Ran], workspace: Path) -> None:
    ran = tune("--group", "page", "--dry-run", "--out", "made")
    assert ran.code == 0, ran.err
    told = {line.split("  ")[0].strip(): line for line in ran.out.splitlines()}
    assert "new, tied to the word embeddings" in told["head"]
    assert "documents" in told["training text"] and "documents" in told["evaluation text"]
    assert "30 at most" in told["tokens of a row"]
    assert "s a step" in told["time"]
    assert list(workspace.iterdir()) == []


class Breaking(transformers.TrainerCallback):
    """Presses Ctrl-C within the second epoch."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.epoch > 1.3 and state.epoch < 1.5:
            os.kill(os.getpid(), signal.SIGINT)


def breaking(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any) -> Any:
        trainer = make(*args)
        trainer.add_callback(Breaking())
        return trainer

    return made


def test_after_ctrl_c_it_goes_on_as_if_nothing_had_been(
    tune: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ("--epochs", "3", "--group", "page", "--out")
    whole, broken, other = (tmp_path / name for name in ("whole", "broken", "other"))
    assert tune(*more, str(whole)).code == 0
    with monkeypatch.context() as patched:
        patched.setattr(encoder_run, "_trainer", breaking(encoder_run._trainer))
        assert tune(*more, str(broken)).code == 130
    assert "began with other values (seed was 0, is 1" in tune(*more, str(broken), "--resume", "--seed", "1").err
    ran = tune(*more, str(broken), "--resume")
    assert ran.code == 0 and "going on from step" in ran.err
    assert card(broken)["files"] == card(whole)["files"], "the masks of an epoch do not hang on what was drawn before"
    assert card(broken)["metrics"]["masked_loss_before"] == card(whole)["metrics"]["masked_loss_before"]
    assert tune(*more, str(other), "--seed", "1").code == 0
    assert card(other)["files"] != card(whole)["files"]


def remember(name: str, *texts: str, collection: str = "notes") -> None:
    """Stores a document of so many chunks in the memory, where the tools look or aside."""
    memory = ChromaMemory(embedder=WordEmbedder(), collection=collection)
    digest = sha256(" ".join(texts).encode()).hexdigest()
    document = StoredText(name, "text", digest, tuple(map(Chunk, texts)), untrusted=name == "page 0")
    assert list(add_documents(memory.store, memory.embedder, [document]))
    memory.store.close()


def test_it_reads_the_memory_and_goes_on_though_that_has_grown(
    tune: Callable[..., Ran], tmp_path: Path, own_folders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "The memory holds no text" in tune("--dry-run", data="memory").err
    pages = documents(16)
    for number in range(16):
        remember(f"page {number}", *(row["text"] for row in pages[4 * number : 4 * number + 4]))
    more = ("--epochs", "2", "--evaluate", "0.3", "--out", str(out := tmp_path / "out"))
    with monkeypatch.context() as patched:
        patched.setattr(encoder_run, "_trainer", breaking(encoder_run._trainer))
        assert tune(*more, data="memory").code == 130
    kept = out / "checkpoints" / "kept-encoder.jsonl"
    assert kept.stat().st_mode & 0o077 == 0, "the memory's texts are for their owner alone"
    remember("another page", "w1 w2 w3 w4.")
    assert "began with other values (data was" in tune(*more[:3], "0.2", *more[4:], "--resume", data="memory").err
    ran = tune(*more, "--resume", data="memory")
    assert ran.code == 0, ran.err
    told = card(out)["data"]
    assert told["training"]["name"] == "the memory"
    assert told["training"]["documents"] + told["evaluation"]["documents"] == 16
    assert told["training"]["rows"] + told["evaluation"]["rows"] == 64
    assert told["training"]["untrusted_documents"] + told["evaluation"]["untrusted_documents"] == 1
    assert not kept.exists()
    assert "pass it on only to whom you would show the memory" in (out / "card.md").read_text(encoding="utf-8")


def test_what_was_put_aside_in_another_collection_is_not_learnt(tune: Callable[..., Ran], own_folders: None) -> None:
    for number in range(4):
        remember(f"page {number}", f"w1 w2 w3 w{number}.", collection="patients")
    ran = tune("--dry-run", data="memory")
    assert ran.code == 2 and ran.out == ""
    assert "no text, but in collections that the agent does not use (patients); add some by `agentx memory" in ran.err


def test_a_memory_that_names_no_collection_of_its_own_has_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    letter = Held("a letter", "a letter", "text", "", "2026-01-01T00:00:00+00:00", 1)
    shelf = SimpleNamespace(
        collections=lambda: {"main": 1, "patients": 9},
        documents=lambda collection, _: {"main": [letter]}[collection],
        passages=lambda *_: [Passage("1", "Dear Ada.", "a letter", "", "text")],
    )
    monkeypatch.setattr("agentx.shelf.open_shelf", lambda _: shelf)
    assert read_memory().documents == [Document("a letter", ("Dear Ada.",))]


def test_it_is_judged_by_the_memory_and_goes_on_though_that_has_grown(
    tune: Callable[..., Ran], data: Path, tmp_path: Path, own_folders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = documents(8, seed=7)
    for number in range(8):
        remember(f"page {number}", *(row["text"] for row in pages[4 * number : 4 * number + 4]))
    more = ("--epochs", "2", "--evaluate", "memory", "--out", str(out := tmp_path / "out"))
    with monkeypatch.context() as patched:
        patched.setattr(encoder_run, "_trainer", breaking(encoder_run._trainer))
        assert tune(*more).code == 130
    assert (kept := out / "checkpoints" / "kept-encoder.jsonl").stat().st_mode & 0o077 == 0
    remember("another page", "w1 w2 w3 w4.")
    ran = tune(*more, "--resume")
    assert ran.code == 0, ran.err
    told = card(out)["data"]
    assert told["evaluation"]["name"] == "the memory" and told["evaluation"]["documents"] == 8
    assert told["training"]["sha256"] == sha256_of(data)
    assert not kept.exists()
    assert "read your memory" not in (out / "card.md").read_text(encoding="utf-8"), "it has learnt nothing of it"


def save_kind(folder: Path, base: Path, config: Any, kind: Any) -> Path:
    """A tiny model of another architecture, with the tokenizer of the toy."""
    torch.manual_seed(2)
    kind.from_config(config).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def config_of(name: str, base: Path) -> Any:
    size = len(transformers.AutoTokenizer.from_pretrained(base))
    shared = {"vocab_size": size, "pad_token_id": 0}
    match name:
        case "bert":
            return transformers.BertConfig(max_position_embeddings=40, **WIDTH, **shared)
        case "roberta":
            return transformers.RobertaConfig(max_position_embeddings=40, **WIDTH, **shared)
        case "distilbert":
            return transformers.DistilBertConfig(
                dim=48, hidden_dim=96, n_layers=2, n_heads=4, max_position_embeddings=40, **shared
            )
        case "albert":
            return transformers.AlbertConfig(embedding_size=16, max_position_embeddings=40, **WIDTH, **shared)
        case _:
            raise AssertionError(name)


@pytest.mark.parametrize("name", ["bert", "roberta", "distilbert", "albert"])
def test_the_loss_is_that_of_the_library_for_each_architecture(name: str, base: Path, tmp_path: Path) -> None:
    masked: Any = transformers.AutoModelForMaskedLM
    folder = save_kind(tmp_path / name, base, config_of(name, base), masked)
    with encoder(str(folder), SilentProgress()) as found:
        loaded = load_encoder(found, 24, next_sentence=False)
    assert not loaded.is_new, "it has a head of its own"
    assert (
        loaded.head
        == {"bert": "cls.predictions", "roberta": "lm_head", "distilbert": "", "albert": "predictions"}[name]
    )
    rows = loaded.cutter.texts([Document("a", ("w0 w1 w2 w0 w1 w2 w0 w1 w2 w1",)), Document("b", ("w5 w6",) * 3)])
    read = MaskedRows(rows, loaded.tokenizer, "1")
    batch = transformers.DataCollatorForTokenClassification(loaded.tokenizer)([read[i] for i in range(len(rows))])
    assert (batch["labels"] != LEFT_OUT).any()
    trainer = EncoderTrainer(loaded, args=arguments(tmp_path / "out", seed=0))
    with torch.inference_mode():
        ours = trainer.compute_loss(loaded.network.eval(), dict(batch))
        theirs = loaded.network(**batch).loss
    assert float(ours) == pytest.approx(float(theirs), rel=1e-4)


def test_a_batch_without_a_masked_token_costs_nothing(base: Path, tmp_path: Path) -> None:
    with encoder(str(base), SilentProgress()) as found:
        loaded = load_encoder(found, 24, next_sentence=False)
    assert loaded.is_new
    ids = torch.tensor([[2, 9, 3]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.full_like(ids, LEFT_OUT)}
    loss = EncoderTrainer(loaded, args=arguments(tmp_path / "out", seed=0)).compute_loss(loaded.network, batch)
    loss.backward()
    assert loss.item() == 0
    assert all(each.grad is None or bool(each.grad.isfinite().all()) for each in loaded.network.parameters())


def test_masks_are_of_each_epoch_and_hang_on_nothing_else(base: Path) -> None:
    with encoder(str(base), SilentProgress()) as found:
        loaded = load_encoder(found, 32, next_sentence=False)
    rows = loaded.cutter.texts([Document(str(i), (" ".join(TOPICS),)) for i in range(400)])
    read = MaskedRows(rows, loaded.tokenizer, "1")
    first = [read[i] for i in range(400)]
    torch.rand(3)
    assert [read[i] for i in range(400)] == first
    told = [(now, label) for row in first for now, label in zip(row["input_ids"], row["labels"], strict=True)]
    asked = [(now, label) for now, label in told if label != LEFT_OUT]
    mask = loaded.tokenizer.mask_token_id
    assert len(asked) / (400 * len(TOPICS)) == pytest.approx(0.15, abs=0.02)
    assert sum(now == mask for now, _ in asked) / len(asked) == pytest.approx(0.8, abs=0.04)
    assert sum(now == label for now, label in asked) / len(asked) == pytest.approx(0.1, abs=0.03)
    assert all(row["labels"][0] == row["labels"][-1] == LEFT_OUT for row in first), "marks are not asked for"
    read.begin(1)
    again = [read[i]["labels"] for i in range(400)]
    assert sum(labels != row["labels"] for labels, row in zip(again, first, strict=True)) > 360


def test_frequencies_are_those_of_a_count_by_hand() -> None:
    rows = [{"input_ids": [2, 5, 5, 6, 3], "special_tokens_mask": [1, 0, 0, 0, 1]}]
    likely = unigram(rows, 8).exp()
    assert likely.sum().item() == pytest.approx(1)
    assert likely[5].item() == pytest.approx(2 / 5) and likely[6].item() == pytest.approx(1 / 5)
    assert likely[2].item() == likely[0].item() == pytest.approx(2 / 5 / 6)


def test_what_is_no_encoder_is_a_sentence(
    tune: Callable[..., Ran], base: Path, tmp_path: Path, workspace: Path
) -> None:
    causal, masked = transformers.AutoModelForCausalLM, transformers.AutoModelForMaskedLM
    size = len(transformers.AutoTokenizer.from_pretrained(base))
    gpt2 = transformers.GPT2Config(n_embd=48, n_layer=1, n_head=4, n_positions=64, vocab_size=size)
    for folder, more, sentence in (
        (
            save_kind(tmp_path / "gpt2", base, gpt2, causal),
            (),
            "cannot be loaded as an encoder that tells masked tokens",
        ),
        (
            save_kind(tmp_path / "distilbert", base, config_of("distilbert", base), masked),
            ("--next-sentence",),
            "distilbert is a model of type distilbert, which has no head for next sentences; leave out --next-sentence",
        ),
        (save_encoder(tmp_path / "maskless"), (), "maskless knows no masked tokens; choose an encoder such as BERT"),
    ):
        ran = tune("--out", "made", *more, model=str(folder))
        assert ran.code != 0 and sentence in ran.err and ran.out == ""
        assert ran.err.count("\n") == 1, "one sentence"
    assert not any(path.suffix == ".safetensors" for path in workspace.rglob("*"))
    assert tune("--out", "made", "--epochs", "1").code == 0, "what was refused does not block the folder"


def test_no_memory_for_the_first_evaluation_is_a_sentence(
    tune: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr(EncoderTrainer, "evaluate", full)
    ran = tune("--out", str(tmp_path / "out"))
    assert ran.code == 4 and ran.err.count("\n") == 1
    assert "There is no memory for a step of training; choose a smaller --batch" in ran.err


def test_too_little_text_is_a_sentence(tune: Callable[..., Ran], workspace: Path) -> None:
    for texts, side in ((("w1", "w2 w3"), "to judge by"), (("\u200b", "\u200b\u200b"), "to learn from")):
        path = write_rows(workspace / "rows.jsonl", [{"text": text} for text in texts])
        ran = tune("--dry-run", "--evaluate", "0.5", data=str(path))
        assert ran.code == 2 and ran.out == ""
        assert f"There is too little text {side}: not one token of it is masked" in ran.err
