"""A classifier from labelled rows: trained, exported, judged by what was exported, and described by its card."""

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments

from agentx.cli.tables import table
from agentx.models.progress import megabytes, narrator
from agentx_learn.encoders.export import export
from agentx_learn.encoders.onnx_classifier import MODEL, OnnxClassifier
from agentx_learn.encoders.text_classifier import TextClassifier
from agentx_learn.loading import no_bars
from agentx_learn.tuning import base as bases
from agentx_learn.tuning.bar import TrainingBar
from agentx_learn.tuning.card import Card, markdown_table, sha256_of, write_card
from agentx_learn.tuning.classifier_data import Labelled, Sets
from agentx_learn.tuning.classifier_network import Fresh, features, load_fresh
from agentx_learn.tuning.confusion import MAX_PICTURED, Judged, judged, picture, rows_of
from agentx_learn.tuning.estimate import EVALUATION_SHARE, shown_s, step_s
from agentx_learn.tuning.out_folder import OutFolder
from agentx_learn.tuning.shortage import memory_told
from agentx_learn.tuning.training import Trained, by_epochs, decided, history, hushed, seeded, train

TORCH, PICTURE = "torch", "confusion.png"
SHOWN = {"loss": "loss", "accuracy": "accuracy", "macro_f1": "macro-F1"}
WARM_UP = 0.1
WEIGHT_DECAY = 0.01


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides the result beside the data; see the options of `agentx tune classifier`."""

    model: str
    epochs: int
    patience: int
    batch: int
    learning_rate: float
    max_tokens: int
    seed: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network that has learnt, and how it came to be; `trainer.model` is the best one of all epochs."""

    base: bases.Base
    fresh: Fresh
    trainer: Trainer
    trained: Trained


def run(
    sets: Sets, settings: Settings, folder: Path, *, resume: bool = False, told: Mapping[str, Any] | None = None
) -> Path:
    """Trains into a folder, which `agentx classify` then opens, and returns it; prints the figures on stdout.

    Args:
        told: what else the card tells among its parameters.

    Raises:
        AgentXError: see `OutFolder.held`, `base.encoder` and `training.train`.
        KeyboardInterrupt: as `training.train`.
    """
    out = OutFolder(folder, "classifier", request_of(sets, settings), resume=resume)
    _note_overlaps(sets)
    with out.held():
        fitted = fit(sets, settings, out)
        exported = OnnxClassifier(export(_saved(fitted, out.path), out.path))
        found = {name: _judged(exported, rows, sets.classes) for name, rows in _judges(sets).items()}
        picture(found[_last(found)], out.path / PICTURE, f"{_last(found)} rows")
        made = _card(fitted, sets, settings, found, out.path)
        write_card(replace(made, parameters={**made.parameters, **(told or {})}), out.path)
        out.finish()
    for name, one in found.items():
        sys.stdout.write(f"{name}: accuracy {one.accuracy:.4f}, macro-F1 {one.macro_f1:.4f}\n")
    if len(sets.classes) <= MAX_PICTURED:
        sys.stdout.write(f"\n{table(rows_of(found[_last(found)]))}\n")
    return out.path


def fit(sets: Sets, settings: Settings, out: OutFolder, callbacks: Sequence[TrainerCallback] = ()) -> Fitted:
    """Trains alone, from the newest checkpoint in the folder, which is held; callbacks are told of each step."""
    with seeded(settings.seed):
        with narrator() as progress, bases.encoder(settings.model, progress) as base:
            fresh = load_fresh(base, sets.classes, settings.max_tokens)
        trainer = _trainer(fresh, sets, settings, _arguments(out.checkpoints, sets, settings))
        for callback in callbacks:
            trainer.add_callback(callback)
        return Fitted(base, fresh, trainer, train(trainer, out, TrainingBar(SHOWN)))


def dry(sets: Sets, settings: Settings) -> int:
    """Prints sizes and how long training would take on this machine; writes nothing."""
    with memory_told(), seeded(settings.seed):
        with narrator() as progress, bases.encoder(settings.model, progress) as base:
            fresh = load_fresh(base, sets.classes, settings.max_tokens)
        planned = _arguments(Path("none"), sets, settings)
        a_step = step_s(lambda few: _trainer(fresh, sets, settings, few), planned)
    steps, judging = _steps(sets, settings), math.ceil(len(sets.evaluation.texts) / settings.batch)
    in_all = a_step * (steps * settings.epochs + judging * settings.epochs * EVALUATION_SHARE)
    lengths = [len(row["input_ids"]) for row in features(fresh, sets.training)]
    rows = [["base", f"{base.name} ({base.licence or 'licence unknown'})"]]
    rows += [["parameters", f"{fresh.parameters:,} ({megabytes(4 * fresh.parameters)} of float32)"]]
    for name, one in sets.all.items():
        classes = ", ".join(f"{label} {count:,}" for label, count in one.described["classes"].items())
        rows += [[f"{name} rows", f"{len(one.texts):,} ({classes})"]]
    most = fresh.tokenizer.model_max_length
    cut = sum(length >= most for length in lengths)
    rows += [["tokens of a row", f"{sum(lengths) / len(lengths):.0f} in the mean, {max(lengths)} at most"]]
    rows += [["rows cut short", f"{cut:,} at {most} tokens"]]
    rows += [["steps", f"{steps:,} an epoch, {steps * settings.epochs:,} at most"]]
    rows += [["time", f"about {shown_s(in_all)} at most ({a_step:.2f} s a step)"]]
    sys.stdout.write(f"{table(rows)}\n")
    return 0


def request_of(sets: Sets, settings: Settings) -> dict[str, Any]:
    """What decides the result, for `OutFolder`."""
    return {**asdict(settings), "data": {name: dict(one.described) for name, one in sets.all.items()}}


def _steps(sets: Sets, settings: Settings) -> int:
    return math.ceil(len(sets.training.texts) / settings.batch)


def _arguments(folder: Path, sets: Sets, settings: Settings) -> TrainingArguments:
    return by_epochs(
        folder,
        settings,
        "macro_f1",
        greater_is_better=True,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=int(WARM_UP * _steps(sets, settings) * settings.epochs),
    )


def _trainer(fresh: Fresh, sets: Sets, settings: Settings, options: TrainingArguments) -> Trainer:
    from transformers import DataCollatorWithPadding

    def figures(predictions: Any) -> dict[str, float]:
        told = [sets.classes[i] for i in predictions.predictions.argmax(axis=-1)]
        true = [sets.classes[i] for i in predictions.label_ids]
        return judged(true, told, sets.classes).figures

    trainer: Any = Trainer
    return hushed(
        trainer(
            model=fresh.network,
            args=options,
            train_dataset=features(fresh, sets.training),
            eval_dataset=features(fresh, sets.evaluation),
            data_collator=DataCollatorWithPadding(fresh.tokenizer),
            compute_metrics=figures,
            callbacks=[EarlyStoppingCallback(settings.patience)] if options.load_best_model_at_end else [],
        )
    )


def _saved(fitted: Fitted, folder: Path) -> TextClassifier:
    """The best network in a folder of its own, opened as anybody would."""
    torch = folder / TORCH
    shutil.rmtree(torch, ignore_errors=True)
    network: Any = fitted.trainer.model
    with no_bars():
        network.to("cpu").save_pretrained(torch)
        fitted.fresh.tokenizer.save_pretrained(torch)
    classifier = TextClassifier(str(torch))
    classifier.name = folder.name
    return classifier


def _judges(sets: Sets) -> dict[str, Labelled]:
    return {name: rows for name, rows in sets.all.items() if name != "training"}


def _last(found: dict[str, Judged]) -> str:
    """What is told in full: the test where there was one, else the evaluation."""
    return list(found)[-1]


def _judged(classifier: OnnxClassifier, rows: Labelled, classes: tuple[str, ...]) -> Judged:
    told = [verdict.label for verdict in classifier.classify(rows.texts)]
    return judged(rows.labels, told, classes)


def _note_overlaps(sets: Sets) -> None:
    learnt = set(map(str, sets.training.texts))
    for name, rows in _judges(sets).items():
        if both := sum(str(text) in learnt for text in rows.texts):
            sys.stderr.write(f"{both} of the {name} rows are learnt from too, so that its figures flatter.\n")


def _card(fitted: Fitted, sets: Sets, settings: Settings, found: dict[str, Judged], folder: Path) -> Card:
    told = found[_last(found)]
    figures = {f"{name} {key}": value for name, one in found.items() for key, value in one.figures.items()}
    epochs = history(fitted.trainer, list(SHOWN))
    metrics: dict[str, Any] = {
        **figures,
        **asdict(fitted.trained),
        "best_step": fitted.trainer.state.best_global_step,
        "by_epoch": epochs,
        "confusion": {name: one.matrix for name, one in found.items()},
    }
    shown = [[f"{row[name]:.4g}" for name in ("epoch", *SHOWN)] for row in epochs]
    sections = {
        "Epochs": markdown_table(["epoch", *SHOWN.values()], shown),
        f"Confusion on the {_last(found)} rows": f"![confusion]({PICTURE})",
    }
    if len(sets.classes) <= MAX_PICTURED:
        heads, *rows = rows_of(told)
        sections[f"Confusion on the {_last(found)} rows"] += "\n\n" + markdown_table(heads, rows)
    return Card(
        kind="classifier",
        base=fitted.base.name,
        base_licence=fitted.base.licence,
        data={name: one.described for name, one in sets.all.items()},
        parameters={
            **asdict(settings),
            **decided(fitted.trainer),
            "warm_up_share": WARM_UP,
            "parameters": fitted.fresh.parameters,
            "classes": list(sets.classes),
        },
        metrics=metrics,
        files={str(path.relative_to(folder)): sha256_of(path) for path in _made(folder)},
        sections=sections,
    )


def _made(folder: Path) -> list[Path]:
    return [folder / MODEL, *sorted((folder / TORCH).glob("*.safetensors"))]
