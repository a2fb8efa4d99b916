"""`agentx tune encoder`: an encoder that reads on in texts of its domain."""

from pathlib import Path
from typing import Annotated

import typer

from agentx.cpus import short_spins
from agentx.errors import UsageError
from agentx_learn.extra import require


def command(
    data: Annotated[
        str,
        typer.Argument(
            help="`memory` (its own chunks), a text file, rows with a column of texts (CSV, JSONL), or a dataset."
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the encoder is written.")] = None,
    model: Annotated[
        str, typer.Option("--model", help="Encoder to begin from: minilm-encoder, a folder, or a name of the hub.")
    ] = "minilm-encoder",
    epochs: Annotated[int, typer.Option("--epochs", min=1, max=1000, help="Times that all texts are read.")] = 3,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Rows a step.")] = 16,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=1e-7, max=1.0)] = 2e-4,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=16, help="Of a row: texts of a document are put together up to it.")
    ] = 128,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed, the same result.")] = 0,
    text: Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the texts.")] = "text",
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="COLUMN", help="Rows alike in it are one document; else each is one."),
    ] = None,
    evaluate: Annotated[
        str, typer.Option("--evaluate", metavar="SHARE|DATA", help="Share of the text, by documents, or other texts.")
    ] = "0.1",
    next_sentence: Annotated[
        bool, typer.Option("--next-sentence", help="Learn too whether two segments follow each other, as BERT did.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the data, print sizes and a time estimate, write nothing.")
    ] = False,
) -> int:
    """Train an encoder further on texts of a domain, your memory's above all: it learns to tell masked words.

    No labels are needed. It is judged after each epoch by documents of which it has read nothing, in no other version
    either, and the best one is kept. `agentx tune classifier DATA --model DIR` then begins from it.
    """
    require("Training an encoder", "torch", "transformers", "accelerate")
    from agentx_learn.tuning.encoder_data import read_corpus
    from agentx_learn.tuning.encoder_sources import Columns
    from agentx_learn.tuning.out_folder import kept_in

    if out is None and not dry_run:
        raise UsageError("Name the folder for the encoder by --out DIR, or look first by --dry-run.")
    corpus = read_corpus(
        data, Columns(text, group), evaluate, seed, kept_in(out, "encoder") if resume and out is not None else None
    )
    # Torch is loaded after the texts were found good.
    with short_spins():
        from agentx_learn.tuning.encoder_run import Settings, dry, run
    settings = Settings(model, epochs, batch, learning_rate, max_tokens, next_sentence, seed)
    if dry_run or out is None:
        return dry(corpus, settings)
    return run(corpus, settings, out, resume=resume)
