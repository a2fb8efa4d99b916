"""Instruction tuning on traces: trained, written as a folder of `peft` and as GGUF, and described by its card."""

import math
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainingArguments

from agentx.cli.tables import table
from agentx.models.progress import megabytes, narrator
from agentx_learn.adapters.gguf_file import PERMUTED, PLAIN, write_gguf
from agentx_learn.adapters.peft_folder import read_folder
from agentx_learn.decoder.request import parse
from agentx_learn.loading import quiet
from agentx_learn.tuning.bar import TrainingBar
from agentx_learn.tuning.card import Card, markdown_table, sha256_of, write_card
from agentx_learn.tuning.estimate import EVALUATION_SHARE, shown_s, step_s
from agentx_learn.tuning.kept_traces import HELD_OUT, digest_of, write_kept
from agentx_learn.tuning.out_folder import OutFolder, kept_in
from agentx_learn.tuning.sft_data import Traces
from agentx_learn.tuning.sft_network import (
    ALPHA_OVER_RANK,
    Padded,
    RepliesTrainer,
    Student,
    examples,
    load_student,
    rows,
)
from agentx_learn.tuning.sft_rendering import Example
from agentx_learn.tuning.shortage import memory_told
from agentx_learn.tuning.training import Trained, by_epochs, decided, history, hushed, seeded, train

PEFT, GGUF, WHOLE = "adapter", "adapter.gguf", "model"
SHOWN = {"loss": "loss"}
WARM_UP = 0.05


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides the result beside the data; see the options of `agentx tune sft`. `rank` is 0 for `--full`.

    The model may have options behind it, which `llama_cpp` does not know: see `name`.
    """

    model: str
    epochs: int
    batch: int
    learning_rate: float
    rank: int
    max_tokens: int
    seed: int

    @property
    def name(self) -> str:
        """Of the model, as every backend takes it."""
        return parse(self.model).name


@dataclass(frozen=True, slots=True)
class _Lesson:
    """A student and what it learns and is judged by."""

    student: Student
    training: list[Example]
    evaluation: list[Example]


def run(traces: Traces, settings: Settings, folder: Path, *, resume: bool = False) -> int:
    """Trains into a folder; prints the figures on stdout.

    Raises:
        AgentXError: see `OutFolder.held`, `sft_network.load_student` and `training.train`.
        KeyboardInterrupt: as `training.train`.
    """
    out = OutFolder(folder, "sft", {**asdict(settings), "data": dict(traces.described)}, resume=resume)
    with out.held(), seeded(settings.seed):
        if traces.grows and not (kept := kept_in(out.path, "sft")).exists():
            write_kept(traces.all, kept)
        lesson = _lesson(traces, settings)
        trainer = _trainer(lesson, settings, _arguments(out.checkpoints, lesson, settings))
        before = trainer.evaluate()["eval_loss"]
        trained = train(trainer, out, TrainingBar(SHOWN))
        # Of the evaluations that were made after some learning; the last word is that of the best of them.
        epochs = {row["epoch"]: row["loss"] for row in history(trainer, list(SHOWN)) if row["epoch"] > 0}
        after = min(epochs.values())
        made = _saved(lesson.student, trainer, out.path, settings)
        write_kept(traces.evaluation, out.path / HELD_OUT)
        write_card(_card(traces, lesson, settings, trainer, trained, before, epochs, made), out.path)
        out.finish()
    sys.stdout.write(f"loss on unseen traces: {before:.4f} before, {after:.4f} after\n")
    sys.stderr.write(f"written: {out.path}; {_use(out.path, settings)}\n")
    return 0


def dry(traces: Traces, settings: Settings) -> int:
    """Prints sizes and how long training would take on this machine; writes nothing."""
    with memory_told(), seeded(settings.seed):
        lesson = _lesson(traces, settings)
        planned = _arguments(Path("none"), lesson, settings)
        a_step = step_s(lambda few: _trainer(lesson, settings, few), planned)
    student, steps = lesson.student, _steps(lesson, settings)
    judging = math.ceil(len(lesson.evaluation) / settings.batch)
    in_all = a_step * (steps * settings.epochs + judging * (settings.epochs + 2) * EVALUATION_SHARE)
    lengths = [len(example.ids) for example in lesson.training]
    replies = [sum(example.learnt) for example in lesson.training]
    long = len(traces.training) + len(traces.evaluation) - len(lesson.training) - len(lesson.evaluation)
    shown = [
        ["base", f"{student.name} ({student.licence or 'licence unknown'})"],
        ["parameters", f"{student.learnt[0]:,} of {student.learnt[1]:,} learn"],
        ["memory", f"at least {megabytes(4 * student.learnt[1] + 12 * student.learnt[0])}"],
        ["traces", f"{len(lesson.training):,} to learn from, {len(lesson.evaluation):,} that judge"],
        ["with calls", f"{traces.described['with_calls']:,} of {traces.described['rows']:,}"],
        *(["left out", f"{count:,} runs that {why}"] for why, count in traces.left_out.items()),
        *([["left out", f"{long:,} traces of more than {settings.max_tokens} tokens"]] if long else []),
        ["tokens of a trace", f"{sum(lengths) / len(lengths):.0f} in the mean, {max(lengths)} at most"],
        ["of these learnt", f"{sum(replies) / len(replies):.0f} in the mean"],
        ["steps", f"{steps:,} an epoch, {steps * settings.epochs:,} in all"],
        ["time", f"about {shown_s(in_all)} ({a_step:.2f} s a step)"],
    ]
    sys.stdout.write(f"{table(shown)}\n")
    return 0


def _lesson(traces: Traces, settings: Settings) -> _Lesson:
    with narrator() as progress:
        student = load_student(settings.model, settings.rank, progress)
    training = examples(student, traces.training, settings.max_tokens, "that are learnt from")
    judging = examples(student, traces.evaluation, settings.max_tokens, "that judge")
    return _Lesson(student, training, judging)


def _steps(lesson: _Lesson, settings: Settings) -> int:
    return math.ceil(len(lesson.training) / settings.batch)


def _arguments(folder: Path, lesson: _Lesson, settings: Settings) -> TrainingArguments:
    return by_epochs(
        folder,
        settings,
        "loss",
        greater_is_better=False,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, int(WARM_UP * _steps(lesson, settings) * settings.epochs)),
        use_cpu=parse(settings.model).device == "cpu",
        prediction_loss_only=True,
        remove_unused_columns=False,
    )


def _trainer(lesson: _Lesson, settings: Settings, options: TrainingArguments) -> Trainer:
    trainer: Any = RepliesTrainer if lesson.student.plain_head else Trainer
    return hushed(
        trainer(
            model=lesson.student.network,
            args=options,
            train_dataset=rows(lesson.training),
            eval_dataset=rows(lesson.evaluation),
            data_collator=Padded(lesson.student.end),
        )
    )


def _saved(student: Student, trainer: Trainer, folder: Path, settings: Settings) -> list[Path]:
    """Writes what was learnt; the files that hold it."""
    target = folder / (PEFT if settings.rank else WHOLE)
    shutil.rmtree(target, ignore_errors=True)
    network: Any = trainer.model
    with quiet():
        network.to("cpu").save_pretrained(target)
        if not settings.rank:
            student.tokenizer.save_pretrained(target)
    made = sorted(target.glob("*.safetensors"))
    if settings.rank and student.header is not None and student.header.architecture in (*PERMUTED, *PLAIN):
        write_gguf(read_folder(target), student.header, folder / GGUF)
        made.append(folder / GGUF)
    return made


def _use(folder: Path, settings: Settings) -> str:
    if not settings.rank:
        return f"`agentx run --model transformers:{folder / WHOLE} TASK` uses it."
    if (folder / GGUF).is_file():
        run = f"`agentx run --model {settings.name} --adapter {folder / GGUF} TASK` uses it"
        return f"{run}, `agentx tune gate {folder}` makes it the default if it is better."
    return (
        f"no GGUF, since the base was none; `agentx tune export-adapter {folder / PEFT} FILE --model GGUF` makes one."
    )


def _card(
    traces: Traces,
    lesson: _Lesson,
    settings: Settings,
    trainer: Trainer,
    trained: Trained,
    before: float,
    epochs: dict[float, float],
    made: list[Path],
) -> Card:
    told = asdict(trained)
    return Card(
        kind="LoRA adapter" if settings.rank else "tuned model",
        base=lesson.student.name,
        base_licence=lesson.student.licence,
        data={
            "training": {**traces.described, "rows": len(lesson.training)},
            "evaluation": {
                **traces.described,
                "rows": len(lesson.evaluation),
                "held_out_sha256": digest_of(traces.evaluation),
            },
        },
        parameters={
            **asdict(settings),
            "model": settings.name,
            **({"model_as_given": settings.model} if settings.model != settings.name else {}),
            **({"alpha": ALPHA_OVER_RANK * settings.rank} if settings.rank else {}),
            **decided(trainer),
            "warm_up_share": WARM_UP,
            "parameters_learnt": lesson.student.learnt[0],
        },
        metrics={
            "loss_unseen_before": before,
            "loss_unseen": min(epochs.values()),
            "loss_learnt": told.pop("loss"),
            **told,
            "loss_unseen_by_epoch": epochs,
        },
        files={path.name: sha256_of(path) for path in made},
        sections={
            "Epochs": markdown_table(
                ["epoch", "loss on unseen traces"], [[f"{epoch:.4g}", f"{loss:.4f}"] for epoch, loss in epochs.items()]
            )
        },
    )
