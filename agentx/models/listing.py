"""What models there are: the catalogue, and GGUF files in the usual places. By sizes and headers: nothing is hashed.

The hash of a large file takes longer than a look may; a file is hashed before its first use in any case.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from agentx.errors import AgentXError, ModelFileError
from agentx.models.acquire import Store
from agentx.models.catalog import Entry, FileSpec
from agentx.models.fitting import Memory, Verdict, memory, needed_bytes, verdict
from agentx.models.gguf import Header, read_header
from agentx.models.scan import Found, usual_places
from agentx.models.sources.local import looks_like_path

USUAL_CONTEXT = 8192
"""Tokens of context that the verdict on memory reckons with, where the model has as many."""

Presence: TypeAlias = Literal["here", "elsewhere", "begun", "absent", "damaged"]
"""In AgentX's cache folder; on this machine, but another program's; partly fetched; not here; here and broken."""

OWN_PLACE = "AgentX"

_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""`general.file_type` of a GGUF header, as llama.cpp numbers them."""

_IN_A_NAME = re.compile(r"(?<![A-Za-z0-9])(I?Q\d(?:_[0-9A-Z]+)*|BF16|F16|F32|MXFP4|int8)(?![A-Za-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that is here or can be had.

    Attributes:
        name: as shown to a person.
        spec: what `open_model` and `agentx models` take for it.
        size: of all its files, in bytes.
        quantisation: such as "Q4_K_M"; "" where neither the header nor the file's name tells.
        context_tokens: that it was trained for; None where that is not known.
        licence: "" where it is not known.
        place: where it lies, as shown to a person ("AgentX", "Ollama"); "" where it is not here.
        path: of its first file, None where it is not here.
        fetched: bytes of it that are in the cache folder.
        needed: RAM that it takes with a usual context, in bytes.
        problem: why it cannot be used as it is.
        decodes: False for an embedder, which cannot talk.
    """

    name: str
    spec: str
    size: int
    quantisation: str
    context_tokens: int | None
    licence: str
    description: str
    presence: Presence
    place: str
    path: Path | None
    fetched: int
    needed: int
    verdict: Verdict
    problem: str = ""
    decodes: bool = True
    default: bool = False
    entry: Entry | None = None


def listed(store: Store, also: str | None = None, have: Memory | None = None) -> list[Listed]:
    """The catalogue in its order, then what else was found, then what cannot talk.

    Args:
        also: a path or hf:// reference that is in use, wherever it lies.
        have: the machine's memory; by default as it is now.
    """
    have = have or memory()
    found = list(usual_places())
    by_size = {item.size: item for item in reversed(found)}
    rows = [_of_entry(store, entry, by_size, have) for entry in store.catalog]
    known = {spec.bytes for entry in store.catalog for spec in entry.files}
    others = [row for item in found if item.size not in known for row in _of_file(item, have)]
    seen: dict[Path, Listed] = {}
    for row in [*others, *_in_use(store, also, have)]:
        if row.path is not None:
            seen.setdefault(row.path.resolve(), row)
    return [*(row for row in rows if row.decodes), *seen.values(), *(row for row in rows if not row.decodes)]


def on_the_hub(reference: str) -> Listed:
    """A file of the hub that no catalogue knows and that is not here; its size is not known."""
    name = reference.rpartition("/")[2].removesuffix(".gguf")
    kind = quantisation(name)
    return Listed(name, reference, 0, kind, None, "", "", "absent", "", None, 0, 0, "unknown")


def quantisation(name: str, header: Header | None = None) -> str:
    """How a model's weights are stored, by what the header or the file's name says; "" where neither does."""
    if header is not None and (kind := _FILE_TYPES.get(header.metadata.get("general.file_type", -1))):
        return kind
    found = _IN_A_NAME.findall(name)
    return found[-1].upper().replace("INT8", "int8") if found else ""


def _of_entry(store: Store, entry: Entry, by_size: Mapping[int, Found], have: Memory) -> Listed:
    first = entry.files[0]
    presence, place, path, problem = _where(store, entry, by_size)
    header = _header(path) if presence in ("here", "elsewhere") and first.name.endswith(".gguf") else None
    needed = _needed(entry.total_bytes, entry.context_tokens, header)
    return Listed(
        name=entry.name,
        spec=entry.name,
        size=entry.total_bytes,
        quantisation=quantisation(f"{entry.description} {first.name}", header),
        context_tokens=entry.context_tokens,
        licence=entry.licence,
        description=entry.description,
        presence=presence,
        place=place,
        path=path,
        fetched=sum(_fetched(store, entry, spec) for spec in entry.files),
        needed=needed,
        verdict=verdict(needed, have),
        problem=problem,
        decodes=entry.kind == "decoder",
        default=entry is store.catalog.default,
        entry=entry,
    )


def _where(store: Store, entry: Entry, by_size: Mapping[int, Found]) -> tuple[Presence, str, Path | None, str]:
    """Whether the files of an entry are here, by their sizes; where; and what is wrong with them."""
    presence: Presence = "here"
    place, first = OWN_PLACE, store.target(entry, entry.files[0])
    for spec in entry.files:
        own = store.target(entry, spec)
        size = _size(own)
        if size == spec.bytes:
            continue
        if size is not None:
            return "damaged", OWN_PLACE, own, f"it has {size:,} bytes, pinned are {spec.bytes:,}"
        if (other := by_size.get(spec.bytes)) is None:
            begun = any(_fetched(store, entry, each) for each in entry.files)
            return "begun" if begun else "absent", "", None, ""
        presence, place = "elsewhere", other.place
        if spec is entry.files[0]:
            first = other.path
    return presence, place, first, ""


def _fetched(store: Store, entry: Entry, spec: FileSpec) -> int:
    own = store.target(entry, spec)
    return _size(own) or _size(own.with_name(f"{own.name}.part")) or 0


def _of_file(found: Found, have: Memory) -> Iterator[Listed]:
    try:
        header = read_header(found.path)
    except ModelFileError as error:
        # A file that claims to be a model is shown with what is wrong; others are none of ours.
        if found.path.suffix == ".gguf" or found.place == "Ollama":
            yield _foreign(found.label, found.place, found.path, found.size, None, have, str(error))
        return
    yield _foreign(found.label, found.place, found.path, found.size, header, have)


def _in_use(store: Store, spec: str | None, have: Memory) -> Iterator[Listed]:
    if spec is None or spec in store.catalog:
        return
    try:
        found = store.resolve(spec)
        if found is not None and found.entry is None:
            header = read_header(found.path)
            yield _foreign(found.name, "by its path", found.path, header.size, header, have)
    except AgentXError as error:
        if looks_like_path(spec):
            path = Path(spec).expanduser().absolute()
            yield _foreign(path.name, "by its path", path, 0, None, have, str(error))


def _foreign(
    label: str, place: str, path: Path, size: int, header: Header | None, have: Memory, problem: str = ""
) -> Listed:
    context = header.context_tokens if header else None
    needed = _needed(size, context, header)
    licence: Any = header.metadata.get("general.license", "") if header else ""
    return Listed(
        name=label.rpartition("/")[2].removesuffix(".gguf") or label,
        spec=str(path),
        size=size,
        quantisation=quantisation(label, header),
        context_tokens=context,
        licence=licence if isinstance(licence, str) else "",
        description=(header.name or header.architecture) if header else "",
        presence="damaged" if problem else "elsewhere",
        place=place,
        path=path,
        fetched=0,
        needed=needed,
        verdict=verdict(needed, have),
        problem=problem,
        decodes=header is None or header.architecture not in _EMBEDDERS,
    )


_EMBEDDERS = (
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "neo-bert",
    "t5encoder",
    "clip",
    "gemma-embedding",
)
"""Architectures of files that hold no decoder."""


def _needed(size: int, context: int | None, header: Header | None) -> int:
    tokens = min(context or USUAL_CONTEXT, USUAL_CONTEXT)
    return needed_bytes(size, tokens, header.metadata if header else None)


def _header(path: Path | None) -> Header | None:
    try:
        return read_header(path) if path is not None else None
    except ModelFileError:
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
