"""Which files a program inside the walls sees: the interpreter and the system's programs to read, the workspace to
write, a folder for temporary files, and nothing else."""

import os
import sys
from dataclasses import dataclass

_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_SETTINGS = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
"""What programs read to find libraries, certificates and the time zone; nothing of it tells of users or secrets."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OF_THE_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True)
class Paths:
    """Absolute paths, each without a symbolic link in it but for those of `links`.

    Attributes:
        workspace: read and written, the current folder.
        scratch: read and written, home and temporary files; seen as /tmp where the mounts are the program's own.
        root: an empty folder beside `scratch`, over which a root folder is mounted.
        readable: read, and run, with what lies below.
        links: symbolic links that lie beside them, with what they say (`/bin` -> `usr/bin`).
    """

    workspace: str
    scratch: str
    root: str
    readable: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()


def around(workspace: str, base: str, more: tuple[str, ...] = ()) -> Paths:
    """The paths for a workspace.

    Args:
        base: a folder of the sandbox's own, in which the folders `root` and `scratch` are made.
        more: folders and files that may be read beside what is needed.
    """
    root, scratch = (os.path.join(os.path.realpath(base), name) for name in ("root", "scratch"))
    for folder in (root, scratch):
        os.mkdir(folder, 0o700)
    interpreter = (sys.prefix, sys.base_prefix, sys.exec_prefix, *_libraries())
    links, readable = {}, {}
    for path in (*_PROGRAMS, *_SETTINGS, *interpreter, *more):
        if os.path.islink(path):
            links[path] = os.readlink(path)
        real = os.path.realpath(path)
        if os.path.exists(real) and not _holds(real, workspace):
            readable[real] = None
    kept = tuple(path for path in readable if not any(path != other and _below(path, other) for other in readable))
    return Paths(os.path.realpath(workspace), scratch, root, kept, tuple(links.items()))


def of_the_machine() -> list[str]:
    """Files that tell of processors and memory, for libraries that ask where the rest of /proc is shut."""
    return [path for path in _OF_THE_MACHINE if os.path.exists(path)]


def _libraries() -> list[str]:
    """Where the standard library and the installed packages lie, should it not be below the interpreter's prefix."""
    import sysconfig

    found = sysconfig.get_paths()
    return [found[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")]


def _below(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _holds(folder: str, workspace: str) -> bool:
    """An interpreter that lies in the root folder or above the workspace would show all of it."""
    return folder == "/" or (_below(os.path.realpath(workspace), folder) and folder in ("/home", "/root", "/tmp"))
