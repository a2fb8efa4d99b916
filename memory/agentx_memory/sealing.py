"""A stream of bytes under a passphrase, so that nothing of it can be read, changed, cut off or put in another order.

scrypt makes the key; the stream is sealed in frames with AES-256-GCM, whose nonces count the frames and mark the last
one (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015).
"""

import os
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

from agentx.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"agentx memory 2 sealed\n"
FRAME_BYTES = 1 << 20
SALT_BYTES, PREFIX_BYTES, TAG_BYTES = 16, 7, 16

# 128 MB and some 0.4 s for each guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 17, 8, 1


def seal(parts: Iterable[bytes], passphrase: str, file: IO[bytes]) -> None:
    """Writes what the parts hold, sealed."""
    salt, prefix = os.urandom(SALT_BYTES), os.urandom(PREFIX_BYTES)
    cipher = _cipher(passphrase, salt)
    file.write(MAGIC + salt + prefix)
    number = 0
    rest = b""
    for part in parts:
        rest += part
        # One byte at least stays for the last frame.
        while len(rest) > FRAME_BYTES:
            file.write(cipher.encrypt(_nonce(prefix, number, False), rest[:FRAME_BYTES], None))
            rest = rest[FRAME_BYTES:]
            number += 1
    file.write(cipher.encrypt(_nonce(prefix, number, True), rest, None))


def unseal(file: IO[bytes], passphrase: str) -> Iterator[bytes]:
    """What was sealed, a frame at a time; each was checked before it is given.

    Raises:
        UsageError: it is another passphrase, or the file is not as it was sealed.
    """
    from cryptography.exceptions import InvalidTag

    if file.read(len(MAGIC)) != MAGIC:
        raise UsageError("The file is no sealed export of a memory.")
    salt, prefix = file.read(SALT_BYTES), file.read(PREFIX_BYTES)
    if len(prefix) != PREFIX_BYTES:
        raise UsageError("The file is cut off; take a whole copy of it.")
    cipher = _cipher(passphrase, salt)
    number = 0
    frame = file.read(FRAME_BYTES + TAG_BYTES)
    while True:
        following = file.read(FRAME_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(prefix, number, not following), frame, None)
        except InvalidTag:
            raise UsageError(
                "The passphrase is not the one that the file was sealed with, or the file was damaged."
            ) from None
        if not following:
            return
        frame = following
        number += 1


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _cipher(passphrase: str, salt: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    if not passphrase:
        raise UsageError("A passphrase must not be empty.")
    return AESGCM(Scrypt(salt, 32, SCRYPT_N, SCRYPT_R, SCRYPT_P).derive(passphrase.encode()))
