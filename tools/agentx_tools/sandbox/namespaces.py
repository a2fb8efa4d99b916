"""Namespaces: a program has its own processes, network, mounts and users, and sees no others (`man 7 namespaces`).

Each step is a system call that an ordinary user may make since Linux 3.8, if the system has not switched that off;
whether it works is found out by doing it. Must be called in a process with one thread.
"""

import os
import socket
import struct
from fcntl import ioctl

from agentx_tools.protected import PROTECTED
from agentx_tools.sandbox import paths, syscalls
from agentx_tools.sandbox.paths import Paths

_NEW_MOUNTS, _NEW_CGROUPS, _NEW_NAMES, _NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
_NEW_USERS, _NEW_PROCESSES, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_DETACH = 2
_AT_RECURSIVE, _AT_HERE = 0x8000, -100
_SET_FLAGS, _IS_UP, _LOOPBACK = 0x8914, 1, b"lo"
_SHARED_MEMORY = "size=64m,mode=1777"
_DROP_FROM_BOUND, _AMBIENT, _CLEAR_ALL, _SECUREBITS = 24, 47, 4, 28
_NO_ROOT_LOCKED = 0b11 | 0b1100  # SECBIT_NOROOT and SECBIT_NO_SETUID_FIXUP, both locked
_CAPABILITIES_V3 = 0x20080522
_HOST_NAME = b"sandbox"


def enter() -> None:
    """Moves this process into namespaces of its own, and the next that it starts into one of processes.

    Raises:
        OSError: the system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    syscalls.call("unshare", _NEW_USERS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    syscalls.call("unshare", _NEW_PROCESSES | _NEW_MOUNTS | _NEW_NETWORK | _NEW_IPC | _NEW_NAMES | _NEW_CGROUPS)
    syscalls.call("sethostname", _HOST_NAME, len(_HOST_NAME))


def loopback_listener() -> socket.socket:
    """Brings up the loopback device of this network namespace, the only one it has, and listens on a port of it.

    Raises:
        OSError: it cannot be.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        ioctl(control, _SET_FLAGS, struct.pack("16sh22x", _LOOPBACK, _IS_UP))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def build_root(seen: Paths) -> None:
    """Replaces the root folder by one that holds the paths and nothing else; to be called by the first process.

    Raises:
        OSError: a mount was refused.
    """
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    root = seen.root
    _mount("tmpfs", root, "tmpfs", _NO_SETUID | _NO_DEVICES, "size=1m,mode=755")
    _mount("proc", _folder(root, "/proc"), "proc", _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS)
    # All of it, so that nobody who is root inside sets the kernel's own values.
    _restrict(f"{root}/proc", read_only=True)
    for device in paths.DEVICES:
        _bind(device, root)
        # It can be written to all the same, but its mode, which is the host's, stays.
        _restrict(f"{root}{device}", read_only=True)
    for link, target in (("fd", "self/fd"), ("stdin", "self/fd/0"), ("stdout", "self/fd/1"), ("stderr", "self/fd/2")):
        os.symlink(f"/proc/{target}", f"{root}/dev/{link}")
    _mount("tmpfs", _folder(root, "/dev/shm"), "tmpfs", _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS, _SHARED_MEMORY)
    _bind(seen.scratch, root, "/tmp")
    held = _between(seen)
    # A path that lies in another comes after it.
    for path in sorted({*seen.readable, seen.workspace, *held}, key=len):
        _bind(path, root)
        if path != seen.workspace and path not in held:
            _restrict(f"{root}{path}", read_only=True)
    for link, target in seen.links:
        _link(target, f"{root}{link}")
    _protect(f"{root}{seen.workspace}")
    for path in ("/tmp", seen.workspace):
        _restrict(f"{root}{path}", read_only=False)
    _restrict(root, read_only=True, below=False)
    os.chdir(root)
    syscalls.call("pivot_root", b".", b".")
    # The old root now lies over the new one.
    syscalls.call("umount2", b".", _DETACH)
    os.chdir("/")


def drop_capabilities() -> None:
    """Gives up every capability for good: being root means owning files, and nothing else."""
    highest = 63
    for capability in range(highest + 1):
        try:
            syscalls.call("prctl", _DROP_FROM_BOUND, capability, 0, 0, 0)
        except OSError:
            break
    _ignoring_refusal("prctl", _SECUREBITS, _NO_ROOT_LOCKED, 0, 0, 0)
    _ignoring_refusal("prctl", _AMBIENT, _CLEAR_ALL, 0, 0, 0)
    syscalls.call("capset", struct.pack("=II", _CAPABILITIES_V3, 0), bytes(24))


def _between(seen: Paths) -> set[str]:
    """The folders between the workspace and what may only be read in it: as mounts of their own they cannot be renamed
    away and made anew with something else in them."""
    found: set[str] = set()
    for path in seen.readable:
        while (path := os.path.dirname(path)).startswith(f"{seen.workspace}/"):
            found.add(path)
    return found


def _protect(workspace: str) -> None:
    # The file `.git` of a worktree or a submodule says where the repository lies.
    names = [*PROTECTED, *([".git"] if os.path.isfile(f"{workspace}/.git") else [])]
    places = [place for place in (f"{workspace}/{name}" for name in names) if _is_own(place)]
    # The folders that hold them too, for the same reason as those between.
    for place in (*sorted({os.path.dirname(place) for place in places} - {workspace}), *places):
        _mount(place, place, None, _BIND | _RECURSIVE)
    for place in places:
        _restrict(place, read_only=True)


def _is_own(place: str) -> bool:
    """Whether it is there, and neither it nor its folder is a link to elsewhere."""
    return os.path.exists(place) and not os.path.islink(place) and not os.path.islink(os.path.dirname(place))


def _bind(source: str, root: str, target: str | None = None) -> None:
    place = f"{root}{target or source}"
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    _mount(source, place, None, _BIND | _RECURSIVE)


def _link(target: str, place: str) -> None:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if not os.path.lexists(place):
        os.symlink(target, place)


def _folder(root: str, path: str) -> str:
    os.makedirs(f"{root}{path}", exist_ok=True)
    return f"{root}{path}"


def _restrict(place: str, *, read_only: bool, below: bool = True) -> None:
    """`mount_setattr`, which reaches the mounts below too and keeps what is set already."""
    attributes = struct.pack("=QQQQ", (_READ_ONLY if read_only else 0) | _NO_SETUID, 0, 0, 0)
    syscalls.call(
        "mount_setattr", _AT_HERE, os.fsencode(place), _AT_RECURSIVE if below else 0, attributes, len(attributes)
    )


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    given = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    try:
        syscalls.call("mount", given[0], given[1], given[2], flags, given[3])
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({target})") from None


def _ignoring_refusal(name: str, *arguments: int) -> None:
    try:
        syscalls.call(name, *arguments)
    except OSError:
        return


def _write(path: str, text: str) -> None:
    with open(path, "w") as stream:
        stream.write(text)
