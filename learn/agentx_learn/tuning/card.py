"""The card beside a result: what it was made of and how good it is, as Markdown for a person and JSON for a program."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import agentx
from agentx.cli.text import visible

MARKDOWN, JSON = "card.md", "card.json"
PACKAGES = ("torch", "transformers", "tokenizers", "datasets", "accelerate", "peft", "onnxruntime", "numpy")
UNKNOWN = "unknown: look it up before you pass the model on"


@dataclass(frozen=True, slots=True)
class Card:
    """Attributes:
    kind: what it is, as `classifier`.
    base: the model that it began from, as a person names it.
    base_licence: of that model, empty if nothing tells it.
    data: of each set (`training`, `evaluation`, `test`) its name, rows, SHA-256 and what else is known.
    parameters: all that decide the result beside the data and the versions, the seed too.
    metrics: figures, or tables of figures.
    files: file name -> SHA-256, of what was made.
    sections: head -> Markdown, put at the end of the card for a person (tables, pictures).
    """

    kind: str
    base: str
    base_licence: str
    data: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    sections: Mapping[str, str] = field(default_factory=dict[str, str])


def write_card(card: Card, folder: Path) -> None:
    """Writes `card.md` and `card.json` to a folder, which is there."""
    described = {
        "kind": card.kind,
        "base": card.base,
        "base_licence": card.base_licence or None,
        "data": card.data,
        "parameters": card.parameters,
        "metrics": card.metrics,
        "files": card.files,
        "versions": versions(),
    }
    # The names of files may hold lone surrogates, which UTF-8 does not know: they become escapes.
    text = json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    (folder / JSON).write_text(text, encoding="utf-8", errors="backslashreplace")
    (folder / MARKDOWN).write_text(_markdown(card), encoding="utf-8", errors="backslashreplace")


def read_card(folder: Path) -> Mapping[str, Any] | None:
    """What `card.json` in a folder holds; None where there is none that can be read."""
    try:
        read = json.loads((folder / JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def versions() -> dict[str, str]:
    """Of AgentX, Python and the packages that decide the result."""
    found = {"agentx": agentx.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def licence_of(folder: Path) -> str:
    """The licence of the model in a folder, by its own card; empty where nothing tells it."""
    if card := read_card(folder) or read_card(folder.parent):
        return str(card.get("base_licence") or "")
    try:
        from huggingface_hub import ModelCard

        head: Any = ModelCard((folder / "README.md").read_text(encoding="utf-8")).data
        return str(head.license or "")
    # The head of a README may hold anything.
    except Exception:
        return ""


def licence_of_hub(name: str) -> str:
    """As the hub's page of a model tells it; empty where it cannot be asked."""
    try:
        from huggingface_hub import ModelCard

        head: Any = ModelCard.load(name).data
        return str(head.license or "")
    except Exception:
        return ""


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _markdown(card: Card) -> str:
    parts = [
        f"# A {card.kind} from {_cell(card.base)}",
        f"Licence of the base: {_cell(card.base_licence or UNKNOWN)}.",
        "## Data",
        markdown_table(
            ["set", "name", "rows", "SHA-256", "licence"],
            [
                (
                    name,
                    each.get("name", ""),
                    each.get("rows", ""),
                    each.get("sha256", ""),
                    each.get("licence") or "not told",
                )
                for name, each in card.data.items()
            ],
        ),
        "## Figures",
        _listing(card.metrics),
        "## Parameters",
        _listing(card.parameters),
    ]
    for head, text in card.sections.items():
        parts += [f"## {head}", text]
    if card.files:
        parts += ["## Files", markdown_table(["file", "SHA-256"], list(card.files.items()))]
    parts += ["## Versions", _listing(versions())]
    return "\n\n".join(parts) + "\n"


def _listing(values: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in values.items() if not isinstance(value, dict | list)}
    return markdown_table(["", ""], list(plain.items()))


def _cell(value: Any) -> str:
    text = f"{value:.4f}" if isinstance(value, float) and value >= 0.001 else str(value)
    return " ".join(visible(text).replace("|", "\\|").split())
