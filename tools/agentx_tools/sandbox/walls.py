"""Puts up the walls around the process that calls, in the order in which each can still be put up."""

import os
from enum import IntEnum

from agentx_tools.sandbox import landlock, namespaces, paths, seccomp
from agentx_tools.sandbox.landlock import READ, USE, WRITE, Access
from agentx_tools.sandbox.paths import Paths


class Level(IntEnum):
    """How much of the sandbox holds on this machine."""

    NONE = 0
    """Nothing that keeps hostile code in."""
    LANDLOCK = 1
    """Landlock and seccomp: files, network, signals and system calls."""
    NAMESPACES = 2
    """Beside them processes, network, mounts and users of its own."""


LEAST_LANDLOCK = {Level.NAMESPACES: 1, Level.LANDLOCK: 3}
"""Without mounts of its own a program could truncate any file of the user before ABI 3."""
LEAST_FOR_NETWORK = 4


def confine(level: Level, seen: Paths, port: int | None = None) -> int:
    """Confines this process and all that it starts; returns a file descriptor of seccomp's questions.

    Args:
        port: the one that TCP connections may be made to; without, no sockets are made.

    Below level NAMESPACES the process must have been moved to its namespaces and its root folder been built.

    Raises:
        OSError: one of the walls does not hold here.
    """
    inside = level >= Level.NAMESPACES
    abi = landlock.abi()
    if abi < LEAST_LANDLOCK[level]:
        raise OSError(f"the kernel's Landlock has ABI {abi}, and {LEAST_LANDLOCK[level]} is needed")
    os.chdir(seen.workspace)
    namespaces.drop_capabilities()
    if port is not None and abi < LEAST_FOR_NETWORK:
        raise OSError("this kernel's Landlock does not hold the network, which the settings grant in part")
    landlock.restrict(_rules(inside, seen), [] if port is None else [port], abi)
    return seccomp.install(seccomp.rules(own_namespaces=inside, scoped_signals=inside, network=port is not None))


def _rules(inside: bool, seen: Paths) -> list[tuple[str, Access]]:
    scratch = "/tmp" if inside else seen.scratch
    rules = [(path, READ) for path in seen.readable]
    rules += [(path, WRITE) for path in (seen.workspace, scratch)]
    rules += [(device, USE) for device in paths.DEVICES]
    if inside:
        return [*rules, ("/", Access.READ_DIR), ("/proc", Access.READ_FILE), ("/dev/shm", WRITE)]
    return [*rules, *((path, Access.READ_FILE | Access.READ_DIR) for path in paths.of_the_machine())]
