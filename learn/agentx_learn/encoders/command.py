"""`agentx classify`: what class a text is of."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentx.cli.output import to_line
from agentx.cli.stdin import with_stdin
from agentx.cli.text import one_line
from agentx.errors import UsageError


def command(
    model: Annotated[str, typer.Argument(help="A name of the hub, a folder, or an exported folder.")],
    text: Annotated[str | None, typer.Argument(help="What is judged; - reads it from stdin.")] = None,
    pair: Annotated[str | None, typer.Option("--pair", help="A second text, judged beside the first.")] = None,
    each: Annotated[bool, typer.Option("--lines", help="Judge each line of the text by itself.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a text, with all probabilities.")] = False,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Write it as 8-bit ONNX, which needs no torch.")
    ] = None,
) -> int:
    """Say what class a text is of, by a trained classifier."""
    from agentx_learn.encoders.opening import open_classifier

    if text is None and export is None:
        raise UsageError("There is no text; give one, or - to read it from stdin, or --export DIR.")
    if pair is not None and each:
        raise UsageError("--pair is judged beside one text; leave out --lines.")
    classifier = open_classifier(model)
    if export is not None:
        _export(classifier, export)
    if text is None:
        return 0
    read = with_stdin("-") if text == "-" else text
    texts = [line for line in read.splitlines() if line.strip()] if each else [read.rstrip("\n")]
    for verdict in classifier.classify([(one, pair) if pair is not None else one for one in texts]):
        if as_json:
            shown = {"label": verdict.label, "probability": verdict.probability}
            sys.stdout.write(to_line({**shown, "probabilities": dict(verdict.probabilities)}) + "\n")
        else:
            sys.stdout.write(f"{one_line(verdict.label)} {verdict.probability:.4f}\n")
    return 0


def _export(classifier: object, folder: Path) -> None:
    from agentx_learn.encoders.onnx_classifier import OnnxClassifier
    from agentx_learn.extra import require

    if isinstance(classifier, OnnxClassifier):
        raise UsageError("That classifier is exported already; copy its folder.")
    require("Exporting a classifier", "onnx", "onnxscript")
    from agentx_learn.encoders.export import export
    from agentx_learn.encoders.text_classifier import TextClassifier

    assert isinstance(classifier, TextClassifier)
    export(classifier, folder)
    sys.stderr.write(f"written: {one_line(str(folder))}\n")
