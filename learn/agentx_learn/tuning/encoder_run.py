"""Domain-adaptive pre-training of an encoder (Gururangan et al. 2020): trained, written, and described by its card."""

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import DataCollatorForTokenClassification, Trainer, TrainerCallback, TrainingArguments

from agentx.cli.tables import table
from agentx.models.progress import megabytes, narrator
from agentx_learn.loading import no_advice, quiet
from agentx_learn.tuning import base as bases
from agentx_learn.tuning.bar import TrainingBar
from agentx_learn.tuning.card import Card, markdown_table, sha256_of, write_card
from agentx_learn.tuning.encoder_data import Corpus
from agentx_learn.tuning.encoder_network import (
    MASKED,
    TO_MASK,
    TO_RANDOM,
    Encoder,
    EncoderTrainer,
    MaskedRows,
    NewMasks,
    begin_with_frequencies,
    figures,
    load_encoder,
    unigram,
    unigram_loss,
)
from agentx_learn.tuning.encoder_sources import write_kept
from agentx_learn.tuning.estimate import EVALUATION_SHARE, shown_s, step_s
from agentx_learn.tuning.out_folder import OutFolder, kept_in
from agentx_learn.tuning.rows import DataError
from agentx_learn.tuning.shortage import memory_told
from agentx_learn.tuning.training import Trained, by_epochs, decided, history, hushed, seeded, train

WARM_UP = 0.06
WEIGHT_DECAY = 0.01
_SHOWN = {"masked_loss": "masked-LM loss", "masked_accuracy": "masked tokens right"}
_SHOWN_OF_PAIRS = {"pair_accuracy": "next sentences right"}


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides the result beside the data; see the options of `agentx tune encoder`."""

    model: str
    epochs: int
    batch: int
    learning_rate: float
    max_tokens: int
    next_sentence: bool
    seed: int

    @property
    def shown(self) -> dict[str, str]:
        """Figures of an evaluation, as a person reads them."""
        return _SHOWN | (_SHOWN_OF_PAIRS if self.next_sentence else {})


@dataclass(frozen=True, slots=True)
class Lesson:
    """An encoder, the rows that it learns and is judged by, and how well these are told by frequencies alone.

    Attributes:
        judged: masked tokens that judge, the same ones at each evaluation.
        unigram: loss of a masked token by the frequencies of the training text.
    """

    base: bases.Base
    encoder: Encoder
    training: Sequence[dict[str, Any]]
    evaluation: Sequence[dict[str, Any]]
    judged: int
    unigram: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """Attributes:
    before: figures of the evaluation before the first step.
    epochs: of each evaluation behind that the epoch and the figures.
    """

    lesson: Lesson
    trainer: Trainer
    trained: Trained
    before: dict[str, float]
    epochs: list[dict[str, float]]

    @property
    def after(self) -> dict[str, float]:
        """The figures of the best epoch, whose weights were kept."""
        return min(self.epochs, key=lambda row: row["masked_loss"])


def run(corpus: Corpus, settings: Settings, folder: Path, *, resume: bool = False) -> int:
    """Trains into a folder, which `from_pretrained` then loads; prints the figures on stdout.

    Raises:
        AgentXError: see `OutFolder.held`, `encoder_network.load_encoder` and `training.train`.
        KeyboardInterrupt: as `training.train`.
    """
    out = OutFolder(folder, "encoder", request_of(corpus, settings), resume=resume)
    with out.held():
        if corpus.growing and not (kept := kept_in(out.path, "encoder")).exists():
            write_kept(corpus.growing, kept)
        fitted = fit(corpus, settings, out)
        network: Any = fitted.trainer.model
        with quiet():
            network.to("cpu").save_pretrained(out.path)
            fitted.lesson.encoder.tokenizer.save_pretrained(out.path)
        write_card(_card(corpus, settings, fitted, out.path), out.path)
        out.finish()
    before, after = fitted.before, fitted.after
    sys.stdout.write(
        f"masked-LM loss on unseen documents: {before['masked_loss']:.4f} before, {after['masked_loss']:.4f} after; "
        f"{fitted.lesson.unigram:.4f} by the frequencies of the words alone\n"
    )
    if corpus.known:
        sys.stderr.write(f"{_of_known(corpus)}\n")
    if settings.next_sentence:
        sys.stdout.write(
            f"next sentences told right: {before['pair_accuracy']:.4f} before, {after['pair_accuracy']:.4f} after\n"
        )
    sys.stderr.write(f"written: {out.path}; `agentx tune classifier DATA --model {folder}` begins from it.\n")
    return 0


def fit(corpus: Corpus, settings: Settings, out: OutFolder, callbacks: Sequence[TrainerCallback] = ()) -> Fitted:
    """Trains alone, from the newest checkpoint in the folder, which is held; callbacks are told of each step."""
    with seeded(settings.seed):
        lesson = _lesson(corpus, settings)
        trainer = _trainer(lesson, settings, _arguments(out.checkpoints, lesson, settings))
        for callback in callbacks:
            trainer.add_callback(callback)
        found = trainer.evaluate()
        before = {name: found[f"eval_{name}"] for name in settings.shown}
        # Of a checkpoint the Trainer misses the head's words, which are tied, and says so.
        with no_advice():
            trained = train(trainer, out, TrainingBar(settings.shown))
        epochs = [row for row in history(trainer, list(settings.shown)) if row["epoch"] > 0]
    return Fitted(lesson, trainer, trained, before, epochs)


def request_of(corpus: Corpus, settings: Settings) -> dict[str, Any]:
    """What decides the result, for `OutFolder`."""
    return {**asdict(settings), "data": {name: dict(one) for name, one in corpus.described.items()}}


def dry(corpus: Corpus, settings: Settings) -> int:
    """Prints sizes and how long training would take on this machine; writes nothing."""
    with memory_told(), seeded(settings.seed):
        lesson = _lesson(corpus, settings)
        planned = _arguments(Path("none"), lesson, settings)
        a_step = step_s(lambda few: _trainer(lesson, settings, few), planned)
    steps, judging = _steps(lesson, settings), math.ceil(len(lesson.evaluation) / settings.batch)
    in_all = a_step * (steps * settings.epochs + judging * (settings.epochs + 1) * EVALUATION_SHARE)
    lengths = [len(row["input_ids"]) for row in lesson.training]
    learnt = lesson.encoder.parameters
    told = corpus.described
    shown = [
        ["base", f"{lesson.base.name} ({lesson.base.licence or 'licence unknown'})"],
        ["parameters", f"{learnt:,} ({megabytes(4 * learnt)} of float32, at least {megabytes(16 * learnt)} to learn)"],
        ["head", _of_head(lesson.encoder)],
        *([f"{name} text", _size(one)] for name, one in told.items()),
        *([["left out", f"{corpus.repeated:,} texts that stand there before"]] if corpus.repeated else []),
        *([["do not judge", _of_known(corpus)]] if corpus.known else []),
        ["rows", f"{len(lesson.training):,} to learn from, {len(lesson.evaluation):,} that judge"],
        ["tokens of a row", f"{sum(lengths) / len(lengths):.0f} in the mean, {max(lengths)} at most"],
        ["masked", f"{MASKED:.0%} of the tokens; {lesson.judged:,} judge"],
        ["steps", f"{steps:,} an epoch, {steps * settings.epochs:,} in all"],
        ["time", f"about {shown_s(in_all)} ({a_step:.2f} s a step)"],
    ]
    sys.stdout.write(f"{table(shown)}\n")
    return 0


def _size(told: Any) -> str:
    return f"{told['documents']:,} documents, {told['rows']:,} texts, {told['characters']:,} characters"


def _of_known(corpus: Corpus) -> str:
    return f"{corpus.known:,} texts are left out of those that judge: what stands in them is learnt from too"


def _of_head(encoder: Encoder) -> str:
    return "new, tied to the word embeddings" if encoder.is_new else "the base's own"


def _lesson(corpus: Corpus, settings: Settings) -> Lesson:
    with narrator() as progress, bases.encoder(settings.model, progress) as base:
        encoder = load_encoder(base, settings.max_tokens, settings.next_sentence)
    if settings.next_sentence:
        training = encoder.cutter.pairs(corpus.training, settings.seed)
        judging = encoder.cutter.pairs(corpus.evaluation, settings.seed)
    else:
        training, judging = encoder.cutter.texts(corpus.training), encoder.cutter.texts(corpus.evaluation)
    vocabulary = encoder.network.get_input_embeddings().weight.shape[0]
    logarithms = unigram(training, vocabulary)
    loss, count = unigram_loss(_judging(encoder, judging, settings), logarithms)
    if not training or not count:
        raise DataError(
            f"There is too little text {'to judge by' if training else 'to learn from'}: not one token of it is "
            "masked; give more, or choose another --evaluate."
        )
    if encoder.is_new:
        begin_with_frequencies(encoder.network, logarithms)
    return Lesson(base, encoder, training, judging, count, loss)


def _judging(encoder: Encoder, rows: Sequence[dict[str, Any]], settings: Settings) -> MaskedRows:
    """With the same masks whenever it is read, so that epochs can be compared."""
    return MaskedRows(rows, encoder.tokenizer, f"judging {settings.seed}")


def _steps(lesson: Lesson, settings: Settings) -> int:
    return math.ceil(len(lesson.training) / settings.batch)


def _arguments(folder: Path, lesson: Lesson, settings: Settings) -> TrainingArguments:
    return by_epochs(
        folder,
        settings,
        "masked_loss",
        greater_is_better=False,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=int(WARM_UP * _steps(lesson, settings) * settings.epochs),
        remove_unused_columns=False,
        label_names=["labels"],
    )


def _trainer(lesson: Lesson, settings: Settings, options: TrainingArguments) -> Trainer:
    encoder = lesson.encoder
    learnt = MaskedRows(lesson.training, encoder.tokenizer, f"learning {settings.seed}")
    return hushed(
        EncoderTrainer(
            encoder,
            args=options,
            callbacks=[NewMasks(learnt)],
            train_dataset=learnt,
            eval_dataset=_judging(encoder, lesson.evaluation, settings),
            data_collator=DataCollatorForTokenClassification(encoder.tokenizer),
            compute_metrics=figures,
        )
    )


def _card(corpus: Corpus, settings: Settings, fitted: Fitted, folder: Path) -> Card:
    lesson = fitted.lesson
    shown = settings.shown
    sections = {
        "Epochs": markdown_table(
            ["epoch", *shown.values()],
            [
                [f"{row[name]:.4g}" for name in ("epoch", *shown)]
                for row in [{"epoch": 0, **fitted.before}, *fitted.epochs]
            ],
        ),
        "Head": _HEADS[lesson.encoder.is_new],
        "Good to know": _GOOD_TO_KNOW + (_READ_MEMORY if corpus.reads_memory else ""),
    }
    return Card(
        kind="pre-trained encoder",
        base=lesson.base.name,
        base_licence=lesson.base.licence,
        data=corpus.described,
        parameters={
            **asdict(settings),
            **decided(fitted.trainer),
            "warm_up_share": WARM_UP,
            "masked_share": MASKED,
            "masked_by_mask_token": TO_MASK,
            "masked_by_random_token": TO_RANDOM,
            "head": _of_head(lesson.encoder),
            "training_rows": len(lesson.training),
            "evaluation_rows": len(lesson.evaluation),
            "evaluation_masked_tokens": lesson.judged,
            "texts_left_out": corpus.repeated,
            "judging_texts_left_out": corpus.known,
            "parameters": lesson.encoder.parameters,
        },
        metrics={
            **{f"{name}_before": value for name, value in fitted.before.items()},
            **{name: fitted.after[name] for name in shown},
            "masked_loss_by_frequencies": lesson.unigram,
            **{f"training_{name}" if name == "loss" else name: value for name, value in asdict(fitted.trained).items()},
            "best_step": fitted.trainer.state.best_global_step,
            "by_epoch": fitted.epochs,
        },
        files={path.name: sha256_of(path) for path in sorted(folder.glob("*.safetensors"))},
        sections=sections,
    )


_HEADS = {
    True: (
        "The base has no head that tells masked tokens. One was made: a layer with random weights, then the word "
        "embeddings themselves (they are tied), with the frequencies of the training text as its bias. It learnt "
        "together with the encoder. So the loss before the first epoch is not far above that of the frequencies alone; "
        "how far it falls below them is what context tells."
    ),
    False: "The base had a head that tells masked tokens; it went on learning.",
}
_GOOD_TO_KNOW = (
    "It is an encoder to train further (`agentx tune classifier DATA --model` with this folder), and no model to "
    "search with: if the base was one of sentence embeddings, as MiniLM is, its vectors have lost much of what brings "
    "together texts that mean the like."
)
_READ_MEMORY = (
    " It has read your memory: what stands there can in part be drawn out of it by masks, so pass it on only to whom "
    "you would show the memory."
)
