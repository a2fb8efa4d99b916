"""Files that are whole or do not count: a header, a payload and a checksum, written aside and moved into place.

What lies in such a file can be had again, so nothing here is synced to the disk: a power cut may leave a torn file,
and the checksum finds that out. CRC-32, since it runs at memory speed everywhere: it is there against damage, and
whoever can write to the folder could forge any other checksum too.
"""

import json
import os
import struct
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

Header: TypeAlias = Mapping[str, Any]

TEMPORARY = ".writing-"
"""How the name of a file begins that is being written."""

_MAGIC = b"AgentXs\x01"
_FIXED = struct.Struct("<8sIQ")  # magic, bytes of the header, bytes of the payload
_CHECKSUM = struct.Struct("<I")
_LONGEST_HEADER = 1 << 16


def write(path: Path, header: Header, payload: memoryview) -> None:
    """Writes a file that only its owner can read; readers see the old one or the new one, never a half.

    The payload is one of bytes.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps(header).encode()
    start = _FIXED.pack(_MAGIC, len(text), payload.nbytes) + text
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            for part in (start, payload, _CHECKSUM.pack(_checksum(start, payload))):
                _write_all(file.fileno(), memoryview(part))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path, header: Header) -> memoryview | None:
    """The payload, checked; None if the file is damaged or has another header.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        start, found, size = _read_start(file.fileno())
        if found != dict(header):
            return None
        rest = memoryview(bytearray(size + _CHECKSUM.size))
        if not _read_all(file.fileno(), rest):
            return None
    payload = rest[:size]
    (checksum,) = _CHECKSUM.unpack(rest[size:])
    return payload if checksum == _checksum(start, payload) else None


def read_header(path: Path) -> dict[str, Any] | None:
    """What the file says of itself, unchecked; None if it is none of these files.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        return _read_start(file.fileno())[1]


def _read_start(descriptor: int) -> tuple[bytes, dict[str, Any] | None, int]:
    """The first bytes up to the payload, the header in them, and the payload's size; no header if anything is off."""
    fixed = os.read(descriptor, _FIXED.size)
    if len(fixed) < _FIXED.size:
        return b"", None, 0
    magic, length, size = _FIXED.unpack(fixed)
    whole = _FIXED.size + length + size + _CHECKSUM.size
    if magic != _MAGIC or length > _LONGEST_HEADER or whole != os.fstat(descriptor).st_size:
        return b"", None, 0
    text = os.read(descriptor, length)
    try:
        header = json.loads(text)
    except ValueError:
        return b"", None, 0
    return fixed + text, cast("dict[str, Any]", header) if isinstance(header, dict) else None, size


def _checksum(start: bytes, payload: memoryview) -> int:
    return zlib.crc32(payload, zlib.crc32(start))


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read_all(descriptor: int, target: memoryview) -> bool:
    while target:
        count = os.readv(descriptor, [target])
        if not count:
            return False
        target = target[count:]
    return True
