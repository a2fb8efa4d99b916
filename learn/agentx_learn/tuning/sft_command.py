"""`agentx tune sft`: an assistant from traces that ended well."""

from pathlib import Path
from typing import Annotated

import typer

from agentx.cli.text import one_line
from agentx.errors import UsageError
from agentx_learn.extra import require

_BACKENDS = ("transformers", "llama_cpp")


def command(
    data: Annotated[
        str,
        typer.Argument(
            help="`journal`, a file of `agentx sessions export`, or rows of messages as JSONL or a dataset."
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the adapter is written.")] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A model of the catalogue, a GGUF path, a folder, or a name of the hub."),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, max=1000, help="Times that all traces are seen.")] = 3,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Traces a step.")] = 8,
    rank: Annotated[int, typer.Option("--rank", min=1, max=1024, help="Of the adapter.")] = 16,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", min=1e-7, max=1.0, help="5e-4, or 2e-5 with --full.")
    ] = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=64, help="Of a trace; longer ones are left out.")
    ] = 1024,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed, the same result.")] = 0,
    evaluate: Annotated[
        float, typer.Option("--evaluate", metavar="SHARE", help="Share of the traces that judges, above 0 and below 1.")
    ] = 0.1,
    full: Annotated[
        bool, typer.Option("--full", help="Train the model itself instead of an adapter beside it.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the data, print sizes and a time estimate, write nothing.")
    ] = False,
) -> int:
    """Train a LoRA adapter, or a whole model, on tasks that ended well, those that used tools included.

    The model learns the assistant's words alone: whether a tool is of use, the calls in its dialect, and the answer.
    The adapter is written for peft and as GGUF, which `agentx run --adapter` loads beside the model.
    """
    require("Training an assistant", "torch", "transformers", "accelerate", "peft", "gguf")
    from agentx_learn.tuning.out_folder import kept_in
    from agentx_learn.tuning.sft_data import read_traces
    from agentx_learn.tuning.sft_run import Settings, dry, run

    if out is None and not dry_run:
        raise UsageError("Name the folder for the adapter by --out DIR, or look first by --dry-run.")
    if not 0 < evaluate < 1:
        raise UsageError(f"--evaluate {evaluate} is no share of the traces: give one above 0 and below 1.")
    traces = read_traces(data, evaluate, seed, kept_in(out, "sft") if resume and out is not None else None)
    rate = learning_rate if learning_rate is not None else 2e-5 if full else 5e-4
    settings = Settings(_weights(model or default_model()), epochs, batch, rate, 0 if full else rank, max_tokens, seed)
    if dry_run or out is None:
        return dry(traces, settings)
    return run(traces, settings, out, resume=resume)


def default_model() -> str:
    """The model that `agentx run` takes."""
    from agentx import config
    from agentx.models.catalog import load

    return config.load(Path.cwd()).settings.model or load().default.name


def _weights(model: str) -> str:
    """The model without the backend that runs it, which has no part in training.

    Raises:
        UsageError: it is of a backend without weights that could learn.
    """
    from agentx import plugins

    backend, colon, argument = model.partition(":")
    if not colon or argument.startswith("//") or backend not in plugins.names("agentx.models"):
        return model
    if backend not in _BACKENDS:
        raise UsageError(f"`{one_line(model, 60)}` has no weights that could be trained; name others by --model.")
    return argument
