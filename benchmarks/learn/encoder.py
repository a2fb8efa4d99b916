"""`python -m benchmarks.learn.encoder`: what does `agentx tune encoder` learn from texts of a domain?

MiniLM reads docstrings of Python's standard library (PSF licence; they lie on every machine that runs this), and is
judged by modules of which it has read nothing. It has no head for masked words, and a new one learns so much at first
that a falling loss alone means little. So two more losses of the same masked tokens are told: by the frequencies of the
words in the text, and by a head that learns as long on the encoder as it was. Last, what becomes of MiniLM's sentence
vectors: how many first sentences of unseen docstrings are nearest to the rest of theirs.
"""

import argparse
import ast
import json
import random
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers
from agentx_learn.loading import quiet
from agentx_learn.tuning.base import encoder
from agentx_learn.tuning.encoder_data import Corpus, read_corpus
from agentx_learn.tuning.encoder_run import Settings, fit, run
from agentx_learn.tuning.encoder_sources import Columns
from agentx_learn.tuning.out_folder import OutFolder

from agentx.models.progress import SilentProgress
from benchmarks.decoding.timing import RESULTS, Figure, Spread, command, report

FALL = 0.20
"""What is wanted: how much of the loss is gone at the end."""
CHARACTERS = 600_000
MIN_CHARACTERS = 80
HEAD_LEARNING_RATE = 1e-3
"""Of the head that learns alone: with the encoder's own rate it would learn little, and be easy to beat."""
MAX_TOKENS = 128
_LEFT_OUT = {"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "pydoc_data", "__pycache__"}


class EncoderHeld(transformers.TrainerCallback):
    """Has the head learn alone."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        more["model"].base_model.requires_grad_(False)


def docstrings(characters: int, seed: int) -> Iterator[dict[str, str]]:
    """Rows of docstrings, whole modules in random order, until there are so many characters."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(path for path in folder.rglob("*.py") if not _LEFT_OUT & set(path.relative_to(folder).parts))
    random.Random(seed).shuffle(paths)
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node) or ""
                if len(text) >= MIN_CHARACTERS:
                    yield {"text": text, "module": str(path.relative_to(folder))}
                    characters -= len(text)
        if characters <= 0:
            return


def head_alone(corpus: Corpus, settings: Settings) -> float:
    """The loss after as many epochs in which the encoder learnt nothing."""
    held = replace(settings, learning_rate=HEAD_LEARNING_RATE)
    with tempfile.TemporaryDirectory() as scratch:
        out = OutFolder(Path(scratch, "head"), "encoder", {})
        with out.held():
            return fit(corpus, held, out, [EncoderHeld()]).after["masked_loss"]


def halves(corpus: Corpus) -> tuple[list[str], list[str]]:
    """The first sentence of each unseen docstring, and what follows it."""
    parts = [text.partition("\n\n") for document in corpus.evaluation for text in document.texts]
    whole = [(first.strip(), rest.strip()) for first, _, rest in parts if first.strip() and len(rest) >= MIN_CHARACTERS]
    return [first for first, _ in whole], [rest for _, rest in whole]


@torch.inference_mode()
def vectors(source: str, texts: Sequence[str]) -> Any:
    """Means of the last states, of unit length: shape (texts, width)."""
    with quiet():
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(source)
        network: Any = transformers.AutoModel.from_pretrained(source).eval()
    made: list[Any] = []
    for start in range(0, len(texts), 16):
        batch = tokenizer(
            list(texts[start : start + 16]), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        mask = batch["attention_mask"].unsqueeze(-1)
        made.append((network(**batch).last_hidden_state * mask).sum(1) / mask.sum(1))
    return torch.nn.functional.normalize(torch.cat(made), dim=-1)


def found(source: str, corpus: Corpus) -> float:
    """The share of first sentences that are nearest to the rest of their own docstring."""
    firsts, rests = halves(corpus)
    nearest = (vectors(source, firsts) @ vectors(source, rests).T).argmax(dim=1)
    return (nearest == torch.arange(len(firsts))).float().mean().item()


def measured(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    data = scratch / "docstrings.jsonl"
    rows = list(docstrings(chosen.characters, chosen.seed))
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    corpus = read_corpus(str(data), Columns(group="module"), "0.1", chosen.seed)
    settings = Settings(
        chosen.model, chosen.epochs, chosen.batch, chosen.learning_rate, MAX_TOKENS, chosen.next_sentence, chosen.seed
    )
    out = chosen.keep or scratch / "encoder"
    began = time.monotonic()
    run(corpus, settings, out)
    minutes = (time.monotonic() - began) / 60
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    with encoder(chosen.model, SilentProgress()) as base:
        before = found(base.source, corpus)
    return {
        "minutes": minutes,
        "head_alone": head_alone(corpus, settings),
        "vectors_before": before,
        "vectors_after": found(str(out), corpus),
        "pairs": len(halves(corpus)[0]),
        "card": card,
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learn.encoder", description=__doc__)
    parser.add_argument("--model", default="minilm-encoder", help="as of `agentx tune encoder`")
    parser.add_argument("--characters", type=int, default=CHARACTERS, help="of docstrings, about")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--next-sentence", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the encoder; without it, it is thrown away")
    parser.add_argument("--out", type=Path, default=RESULTS / "learn-encoder.json", help="JSON file of the results")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        all_of_it = measured(chosen, Path(scratch))
    told, data = all_of_it["card"]["metrics"], all_of_it["card"]["data"]
    after = told["masked_loss"]

    def one(value: float) -> Spread:
        return Spread(value, value, value, 1)

    below = {
        "the masked-LM loss falls by": (told["masked_loss_before"], FALL),
        "it ends below that of the frequencies alone by": (told["masked_loss_by_frequencies"], None),
        "it ends below that of the head alone by": (all_of_it["head_alone"], None),
    }
    figures = [
        Figure(f"{what} (share; from {other:.2f} to {after:.2f})", one(1 - after / other), wanted, at_least=True)
        for what, (other, wanted) in below.items()
    ]
    figures.append(Figure("masked tokens told right, share", one(told["masked_accuracy"])))
    figures.append(Figure("training, minutes", one(all_of_it["minutes"])))
    for when in ("before", "after"):
        what = f"of {all_of_it['pairs']} first sentences nearest to the rest of theirs, {when}: share"
        figures.append(Figure(what, one(all_of_it[f"vectors_{when}"])))
    sizes = ", ".join(
        f"{name} {each['rows']:,} docstrings of {each['documents']} modules" for name, each in data.items()
    )
    report(chosen, figures, f"{sizes}; {chosen.epochs} epochs", all_of_it)
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
