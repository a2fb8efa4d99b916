"""Tries, from inside, what the walls must refuse: a wall that was put up and does not hold is none."""

import os
import socket
from collections.abc import Callable

from agentx_tools.sandbox import syscalls
from agentx_tools.sandbox.paths import Paths

_NEW_USERS = 0x10000000
_ATTACH = 16


def leaks(seen: Paths) -> list[str]:
    """What is possible though it should not be, in words; to be called behind the walls."""
    outside = f"{os.path.dirname(seen.root)}/outside"
    attempts: dict[str, Callable[[], object]] = {
        "a file outside can be read": lambda: os.open(outside, os.O_RDONLY),
        "a file outside can be written": lambda: os.open(outside, os.O_WRONLY),
        "a file outside can be made": lambda: os.open(f"{outside}-2", os.O_WRONLY | os.O_CREAT),
        "the kernel's values can be written": lambda: os.open("/proc/sys/kernel/hostname", os.O_WRONLY),
        "the interpreter can be written": lambda: os.open(os.__file__, os.O_WRONLY),
        "a socket can be made": lambda: socket.socket(socket.AF_UNIX),
        "a datagram socket can be made": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "namespaces can be made": lambda: syscalls.call("unshare", _NEW_USERS),
        "processes can be traced": lambda: syscalls.call("ptrace", _ATTACH, os.getppid(), 0, 0),
        "file systems can be mounted": lambda: syscalls.call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "io_uring can be set up": lambda: syscalls.call("io_uring_setup", 1, bytes(120)),
    }
    return [what for what, attempt in attempts.items() if _succeeds(attempt)]


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True
