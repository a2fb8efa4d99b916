"""`agentx tune classifier`: a classifier of texts from labelled rows."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentx.cli.text import one_line
from agentx.cpus import short_spins
from agentx.errors import UsageError
from agentx_learn.extra import require

NEEDS = ("torch", "transformers", "accelerate", "sklearn", "matplotlib", "onnx", "onnxscript")


def command(
    data: Annotated[str, typer.Argument(help="CSV or JSONL file, folder of `datasets`, or name of one on the hub.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the classifier is written.")] = None,
    model: Annotated[
        str, typer.Option("--model", help="Encoder to begin from: minilm-encoder, a folder, or a name of the hub.")
    ] = "minilm-encoder",
    epochs: Annotated[int, typer.Option("--epochs", min=1, max=1000, help="Times that all rows are seen.")] = 4,
    patience: Annotated[
        int, typer.Option("--patience", min=1, help="Stop after so many epochs that made it no better.")
    ] = 2,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Rows a step.")] = 16,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=1e-7, max=1.0)] = 5e-5,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=8, help="Of a text that the model sees.")] = 256,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed, the same result.")] = 0,
    text: Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the texts.")] = "text",
    pair: Annotated[
        str | None, typer.Option("--pair", metavar="COLUMN", help="Column of second texts, judged beside the first.")
    ] = None,
    label: Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the classes.")] = "label",
    group: Annotated[
        str | None, typer.Option("--group", metavar="COLUMN", help="Rows alike in it are never split for evaluation.")
    ] = None,
    evaluate: Annotated[
        str, typer.Option("--evaluate", metavar="SHARE|DATA", help="Share of the rows, or rows of their own.")
    ] = "0.15",
    test: Annotated[
        str | None, typer.Option("--test", metavar="DATA", help="Rows that are looked at once, when all is done.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the data, print sizes and a time estimate, write nothing.")
    ] = False,
) -> int:
    """Train a classifier on labelled texts, and write it as 8-bit ONNX that `agentx classify` runs without torch.

    The rows are checked before anything is loaded. After each epoch the model is judged on rows that it does not learn
    from; the best one is kept. Beside it lie its card, its confusion matrix, and its weights for torch.
    """
    require("Training a classifier", *NEEDS)
    from agentx_learn.tuning.classifier_data import Columns, read_sets

    if out is None and not dry_run:
        raise UsageError("Name the folder for the classifier by --out DIR, or look first by --dry-run.")
    columns = Columns(text, label, pair, group)
    sets = read_sets(data, columns, evaluate, test, seed)
    # Torch is loaded after the rows were found good.
    with short_spins():
        from agentx_learn.tuning.classifier_run import Settings, dry, run
    settings = Settings(model, epochs, patience, batch, learning_rate, max_tokens, seed)
    if dry_run or out is None:
        return dry(sets, settings)
    written = run(sets, settings, out, resume=resume)
    sys.stderr.write(f"written: {one_line(str(written))}; `agentx classify {one_line(str(out))} TEXT` asks it.\n")
    return 0
