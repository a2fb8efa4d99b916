"""An export read back, each line held against what `agentx_memory.transfer` writes: anyone may have made or cut it."""

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from agentx.errors import UsageError
from agentx_memory.chunks import Chunk, Document
from agentx_memory.records import epoch
from agentx_memory.sealing import unseal
from agentx_memory.store import key_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 2

MAX_PLACE = 2**31
"""Above any line and page."""

ROUNDING = 1e-2
"""By which the length of a vector may be off 1."""

_TEXTS = ("source", "kind", "digest", "title", "key", "session", "created")
_PLACES = ("first_line", "last_line", "page")

Entry: TypeAlias = "tuple[str, Document, dict[str, NDArray[np.float32]]]"
"""The name of the embedding model, a document that holds anything, and its vectors by key."""


def documents(path: Path, passphrase: str | None) -> Iterator[Entry]:
    """What an export holds, in its order.

    Raises:
        UsageError: the file is of a newer version, a line of it is none of an export's, its vectors are not of one
            length, or the passphrase is wrong.
    """
    number, dimensions = 1, 0
    with path.open("rb") as file:
        lines = _split(unseal(file, passphrase)) if passphrase is not None else iter(file)
        try:
            model = _model(_object(next(lines, b"")), path)
            for line in lines:
                number += 1
                about = _object(line)
                rows = about.pop("vectors")
                document = _document(about)
                if not document.chunks:
                    continue
                vectors = _vectors(rows, len(document.chunks))
                dimensions = dimensions or vectors.shape[1]
                if vectors.shape[1] != dimensions:
                    raise ValueError("vectors of two lengths")
                yield model, document, dict(zip(map(key_of, document.chunks), vectors, strict=True))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise UsageError(
                f"{path} is no export of a memory, or was damaged (in line {number}); take a whole copy of it."
            ) from error


def _model(head: dict[str, Any], path: Path) -> str:
    version, model = head["agentx_memory"], head["model"]
    if type(version) is int and version > VERSION:
        raise UsageError(f"{path} was written by a newer AgentX; update AgentX.")
    if version != VERSION or not isinstance(model, str):
        raise ValueError("the head of another file")
    return model


def _document(about: dict[str, Any]) -> Document:
    chunks = tuple(map(_chunk, _list(about.pop("chunks"))))
    _check_texts([about[name] for name in _TEXTS if name in about])
    if created := about.get("created"):
        epoch(created)
    if not isinstance(about.get("untrusted", False), bool):
        raise TypeError("neither true nor false")
    return Document(chunks=chunks, **about)


def _chunk(members: Any) -> Chunk:
    about = _dict(members)
    heading = tuple(_list(about.pop("heading")))
    _check_texts([about["text"], *heading])
    for name in _PLACES:
        place = about.get(name)
        if place is not None and not (type(place) is int and 0 <= place < MAX_PLACE):
            raise TypeError("no line or page")
    return Chunk(heading=heading, **about)


def _vectors(rows: Any, count: int) -> "NDArray[np.float32]":
    import numpy as np

    vectors = np.frombuffer(base64.b64decode(rows, validate=True), "<f4").reshape(count, -1)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=ROUNDING):
        raise ValueError("vectors that are not of unit length")
    return vectors


def _check_texts(values: list[Any]) -> None:
    # JSON can hold halves of characters, which no store takes.
    "".join(values).encode()


def _object(line: bytes) -> dict[str, Any]:
    return _dict(json.loads(line))


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return cast("dict[str, Any]", value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return cast("list[Any]", value)


def _split(parts: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest
