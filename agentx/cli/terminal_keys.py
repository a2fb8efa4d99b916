"""What a terminal has for its reader: what was typed and not read yet, whose it is, and keys that change a line.

A line that was taken from a terminal before its end is no longer the terminal's to change. So while its rest is waited
for, each key comes at once, and those that erase are carried out here.
"""

import contextlib
import os
import select
import termios
from collections.abc import Generator


def is_ours(descriptor: int) -> bool:
    """Whether what is typed is for this process: not while it runs in the background of a shell, where reading the
    terminal or setting it up would stop it."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # it is not the terminal of this session, or gone
        return True


def is_readable(descriptor: int) -> bool:
    """Whether a read comes back at once."""
    return bool(select.select([descriptor], [], [], 0)[0])


def is_gone(descriptor: int) -> bool:
    """Whether nothing can ever be typed any more."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        termios.tcgetattr(descriptor)
        return any(found & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, found in poll.poll(0))
    except (termios.error, OSError):
        return True


def pending(descriptor: int) -> bytes:
    """What was typed and not read yet, with the line that was begun."""
    try:
        with _set_up(descriptor, termios.ICANON, fewest=0):
            # An end of input among it is a zero.
            can_be_read = is_ours(descriptor) and is_readable(descriptor)
            return os.read(descriptor, 65536).replace(b"\0", b"") if can_be_read else b""
    except OSError:
        return b""


@contextlib.contextmanager
def one_by_one(descriptor: int) -> Generator[None, None, None]:
    """While the block runs each key comes at once and is not shown, if the terminal bears that."""
    with _set_up(descriptor, termios.ICANON | termios.ECHO, fewest=1):
        yield


def edited(line: bytes, keys: bytes, descriptor: int) -> bytes | None:
    """The line, and those after it, once these keys were pressed; None where the terminal sees to that itself."""
    try:
        modes = termios.tcgetattr(descriptor)
    except termios.error:
        return None
    if modes[3] & termios.ICANON:
        return None
    before, signs = b"", modes[6]
    for at in range(len(keys)):
        match keys[at : at + 1]:
            case b"\n":
                before, line = before + line + b"\n", b""
            case sign if sign == signs[termios.VEOF]:
                before, line = before + line + b"\n", b""
            case sign if sign == signs[termios.VERASE]:
                line = line.decode(errors="ignore")[:-1].encode()
            case sign if sign == signs[termios.VWERASE]:
                line = b"".join(line.rstrip().rpartition(b" ")[:2])
            case sign if sign == signs[termios.VKILL]:
                line = b""
            case sign:
                line += sign
    return before + line


@contextlib.contextmanager
def _set_up(descriptor: int, without: int, fewest: int) -> Generator[None, None, None]:
    """Takes local modes off a terminal of ours; `fewest` signs are waited for."""
    try:
        before = termios.tcgetattr(descriptor) if is_ours(descriptor) else None
        if before is not None:
            signs = list(before[6])
            signs[termios.VMIN], signs[termios.VTIME] = fewest, 0
            termios.tcsetattr(descriptor, termios.TCSANOW, [*before[:3], before[3] & ~without, *before[4:6], signs])
    except termios.error:
        before = None
    try:
        yield
    finally:
        if before is not None and is_ours(descriptor):
            with contextlib.suppress(termios.error):
                termios.tcsetattr(descriptor, termios.TCSANOW, before)
