"""Reads the header of a GGUF file with strict bounds: is it one, what is in it, and are all its bytes there?

Format: the ggml project's `docs/gguf.md`. A header is hostile input: every count is checked before it is believed.
"""

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx.errors import ModelFileError

_MAGIC = b"GGUF"
_MAX_PAIRS, _MAX_TENSORS, _MAX_DEPTH = 65_536, 1_000_000, 3
_MAX_STRING, _MAX_DIMENSIONS = 1 << 26, 8

# value type -> struct format; 8 is a string, 9 an array
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

# ggml type -> (values in a block, bytes of a block)
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18), 42: (64, 18),
}  # fmt: skip

_OTHERS = (
    (b"version https://git-lfs", "it is a Git LFS pointer: the large file itself was never fetched"),
    (b"<!DOCTYPE", "it is a web page, saved in place of the file"),
    (b"<html", "it is a web page, saved in place of the file"),
    (b"PK\x03\x04", "it is a ZIP archive"),
    (b"lmgg", "it is in an old ggml format; convert it to GGUF"),
    (b"tjgg", "it is in an old ggml format; convert it to GGUF"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself.

    Attributes:
        version: of the format.
        architecture: such as "qwen2"; empty if the file does not say.
        name: of the model; empty if the file does not say.
        context_tokens: context length that the model was trained for, or None.
        tensors: how many tensors.
        expected_bytes: size that the file must have at least.
        size: size that it has.
        metadata: scalars and strings of the header; arrays are left out.
        shapes: of the tensors, by name; inputs of a linear layer first, then outputs.
    """

    version: int
    architecture: str
    name: str
    context_tokens: int | None
    tensors: int
    expected_bytes: int
    size: int
    metadata: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]


class _Malformed(Exception):
    """The header contradicts itself; the text says how."""


class _Truncated(Exception):
    """The header goes on past the end of the file."""


def read_header(path: Path) -> Header:
    """Reads the header and checks that the tensors fit into the file.

    Raises:
        ModelFileError: there is no such file, it is no GGUF, or it is truncated.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size == 0:
                raise ModelFileError(f"{path} is empty: fetch the file again.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                header = _read(data, size, path)
    except IsADirectoryError as error:
        raise ModelFileError(f"{path} is a folder; name the GGUF file in it.") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    if header.size < header.expected_bytes:
        raise _truncated(path, f"it has {header.size} bytes and needs {header.expected_bytes}")
    return header


def _read(data: mmap.mmap, size: int, path: Path) -> Header:
    if data[:4] != _MAGIC:
        if size < 4:
            raise _truncated(path, "nothing of its header is there")
        start = data[:64].lstrip()
        reason = next((why for magic, why in _OTHERS if start[: len(magic)].lower() == magic.lower()), "")
        raise ModelFileError(f"{path} is not a GGUF model{f' ({reason})' if reason else ''}: name a .gguf file.")
    try:
        return _Reader(data, size).header()
    except _Truncated as error:
        raise _truncated(path, f"its header does not end within its {size} bytes") from error
    except (_Malformed, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path} has a damaged GGUF header ({error}): fetch the file again.") from error


def _truncated(path: Path, how: str) -> ModelFileError:
    return ModelFileError(f"{path} is truncated ({how}): its download or copy broke off; fetch the file again.")


class _Reader:
    def __init__(self, data: mmap.mmap, size: int) -> None:
        self._data, self._size, self._at = data, size, 4

    def header(self) -> Header:
        version = self._scalar("I")
        if version not in (2, 3):
            raise _Malformed(f"version {version} is not 2 or 3; big-endian files are not supported")
        tensors = self._count("Q", _MAX_TENSORS, "tensors")
        pairs = self._count("Q", _MAX_PAIRS, "metadata pairs")
        metadata: dict[str, Any] = {}
        for _ in range(pairs):
            key = self._string()
            if (value := self._value(self._scalar("I"), 0)) is not None:
                metadata[key] = value
        shapes, end = self._tensors(tensors)
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
            raise _Malformed(f"alignment {alignment!r}")
        start = -(-self._at // alignment) * alignment
        architecture = str(metadata.get("general.architecture", ""))
        context = metadata.get(f"{architecture}.context_length")
        return Header(
            version=version,
            architecture=architecture,
            name=str(metadata.get("general.name", "")),
            context_tokens=context if isinstance(context, int) else None,
            tensors=tensors,
            expected_bytes=start + end if tensors else self._at,
            size=self._size,
            metadata=metadata,
            shapes=shapes,
        )

    def _tensors(self, count: int) -> tuple[dict[str, tuple[int, ...]], int]:
        """Reads the tensor infos; shapes by name, and where the last tensor ends, in bytes from the start of the
        data."""
        shapes: dict[str, tuple[int, ...]] = {}
        end = 0
        for _ in range(count):
            name = self._string()
            shape = tuple(self._scalar("Q") for _ in range(self._count("I", _MAX_DIMENSIONS, "dimensions")))
            shapes[name] = shape
            values = math.prod(shape)
            kind, offset = self._scalar("I"), self._scalar("Q")
            # A type younger than this table: at least its first byte must be there.
            per_block, block_bytes = _BLOCKS.get(kind, (max(values, 1), 1))
            end = max(end, offset + -(-values // per_block) * block_bytes)
        return shapes, end

    def _value(self, kind: int, depth: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array(depth)
            return None
        if kind not in _SCALARS:
            raise _Malformed(f"value type {kind}")
        return self._scalar(_SCALARS[kind])

    def _skip_array(self, depth: int) -> None:
        if depth >= _MAX_DEPTH:
            raise _Malformed("arrays nested too deep")
        kind = self._scalar("I")
        # Every element takes a byte or more.
        count = self._count("Q", self._size, "array elements")
        if kind in _SCALARS:
            self._take(count * struct.calcsize(_SCALARS[kind]))
        elif kind == _STRING:
            self._skip_strings(count)
        else:
            for _ in range(count):
                self._value(kind, depth + 1)

    def _skip_strings(self, count: int) -> None:
        # The vocabulary: some 300,000 strings, so the loop is kept bare.
        at, size, data, length = self._at, self._size, self._data, struct.Struct("<Q").unpack_from
        for _ in range(count):
            if at + 8 > size:
                raise _Truncated
            at += 8 + length(data, at)[0]
        self._at = at
        self._take(0)

    def _string(self) -> str:
        start = self._take(self._count("Q", _MAX_STRING, "bytes in a string"))
        return self._data[start : self._at].decode("utf-8", errors="replace")

    def _count(self, form: str, limit: int, what: str) -> int:
        count = self._scalar(form)
        if count > limit:
            raise _Malformed(f"{count} {what}")
        return count

    def _scalar(self, form: str) -> Any:
        start = self._take(struct.calcsize(form))
        return struct.unpack_from(f"<{form}", self._data, start)[0]

    def _take(self, n: int) -> int:
        start = self._at
        if start + n > self._size:
            raise _Truncated
        self._at = start + n
        return start
