"""Landlock: what a process may open, and that it may reach no TCP port and signal nobody outside.

The kernel's own documentation, `Documentation/userspace-api/landlock.rst`, is the source of every number here. A rule
can only grant: what no rule names is refused, and nothing takes a restriction back.
"""

import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from enum import IntFlag

from agentx_tools.sandbox import syscalls


class Access(IntFlag):
    """Rights to a file or to what lies below a folder (`LANDLOCK_ACCESS_FS_*`)."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13  # ABI 2
    TRUNCATE = 1 << 14  # ABI 3
    IOCTL_DEV = 1 << 15  # ABI 5


_FILE_ALONE = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
READ = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
USE = Access.READ_FILE | Access.WRITE_FILE
"""For a device such as /dev/null."""
WRITE = ~(Access.MAKE_CHAR | Access.MAKE_BLOCK | Access.MAKE_SOCK | Access.IOCTL_DEV)
"""Everything that the owner of a folder does in it, short of devices and sockets."""

_CREATE_VERSION = 1
_RULE_PATH, _RULE_PORT = 1, 2
_BIND_TCP, _CONNECT_TCP = 1, 2
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2
_NO_NEW_PRIVILEGES = 38


def abi() -> int:
    """The kernel's Landlock version, 0 where it has none or none is switched on."""
    try:
        return syscalls.call("landlock_create_ruleset", None, 0, _CREATE_VERSION)
    except OSError:
        return 0


def restrict(rules: Iterable[tuple[str, Access]], ports: Iterable[int] = (), version: int | None = None) -> None:
    """Leaves this process, and all that it starts, the files of the rules and TCP connections to the ports alone.

    A path that does not exist is passed over. TCP is held from ABI 4 on, signals and abstract sockets from ABI 6 on.

    Raises:
        OSError: the kernel has no Landlock, or refused.
    """
    version = abi() if version is None else version
    handled = _handled(version)
    network = _BIND_TCP | _CONNECT_TCP if version >= 4 else 0
    scopes = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if version >= 6 else 0
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("=QQQ", handled, network, scopes)[:size]
    ruleset = syscalls.call("landlock_create_ruleset", attributes, size, 0)
    try:
        for path, access in rules:
            with suppress(FileNotFoundError):
                _grant(ruleset, path, access & handled)
        for port in ports if network else ():
            syscalls.call("landlock_add_rule", ruleset, _RULE_PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0)
        forgo_privileges()
        syscalls.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def forgo_privileges() -> None:
    """No program that this process starts gets more rights than it has, setuid or not."""
    syscalls.call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _handled(version: int) -> Access:
    highest = {0: 0, 1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return Access((1 << highest) - 1)


def _grant(ruleset: int, path: str, access: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            access &= _FILE_ALONE
        syscalls.call("landlock_add_rule", ruleset, _RULE_PATH, struct.pack("=Qi", access, place), 0)
    finally:
        os.close(place)
