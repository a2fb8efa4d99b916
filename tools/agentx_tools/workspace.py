"""Reads and writes files of the workspace, and none outside it.

A path is resolved first, so that symbolic links which stay inside work as a person expects. The resolved path is then
walked from the workspace's own descriptor, one part at a time and following no link: a folder that is swapped for a
link between the check and the use makes the call fail instead of leading out.
"""

import errno
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from agentx.errors import ToolError
from agentx_tools.ignoring import Rules
from agentx_tools.protection import Protection

MAX_READ_BYTES = 32 * 1024 * 1024
MAX_WALKED_FILES = 20_000
MAX_WALKED_DEPTH = 100
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO without a writer would block an open for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_REASONS = {
    errno.EISDIR: "is a folder, not a file",
    errno.ENOTDIR: "runs through something that is not a folder",
    errno.EACCES: "cannot be opened: permission denied",
    errno.EPERM: "cannot be opened: permission denied",
    errno.EROFS: "cannot be written: the file system is read-only",
    errno.ENOSPC: "cannot be written: the disk is full",
    errno.EDQUOT: "cannot be written: the disk quota is used up",
    errno.EFBIG: "cannot be written: the file would be too large",
    errno.ENAMETOOLONG: "is too long for a path; use a shorter name",
    errno.ELOOP: "leads through a symbolic link that cannot be followed",
    errno.ENXIO: "is no regular file",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A path inside the workspace: the workspace's real path, and the parts below it, free of links and `..`.

    `argument` is the tool's argument that named it, for errors about it. `asked` are the parts as they were named,
    before links were followed; empty for a place that nobody named.
    """

    root: Path
    parts: tuple[str, ...]
    argument: str = "path"
    asked: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return "/".join(self.parts) or "."


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did; `replaced` is False if the file is new."""

    size_bytes: int
    replaced: bool


def locate(workspace: Path, path: str, argument: str = "path") -> Place:
    """The place that `path` names, existing or not; absolute paths are fine as long as they lie inside.

    Raises:
        ToolError: the path is empty, malformed, or leads out of the workspace.
    """
    if not path.strip():
        raise ToolError("The path is empty; give one relative to the workspace, such as notes.txt.", argument=argument)
    try:
        os.fsencode(path)
        if "\0" in path:
            raise ValueError("NUL")
        root = workspace.resolve()
        target = (root / path).resolve()
        asked = _asked(root, path)
    except ValueError:  # UnicodeEncodeError is one
        raise ToolError(f"The path {shown(path)} holds a character that no path may hold.", argument=argument) from None
    except (OSError, RuntimeError):
        sentence = f"The path {shown(path)} leads through a symbolic link that cannot be followed."
        raise ToolError(sentence, argument=argument) from None
    if not root.is_dir():
        raise ToolError(f"The workspace {root} is not a folder that exists.")
    if not target.is_relative_to(root):
        sentence = f"{shown(path)} lies outside the workspace; give a path relative to it, such as notes.txt."
        raise ToolError(sentence, argument=argument)
    return Place(root, target.relative_to(root).parts, argument, asked)


def _asked(root: Path, path: str) -> tuple[str, ...]:
    """The parts of a path below the workspace with its links in them."""
    named = Path(os.path.normpath(root / path))
    if named.is_relative_to(root):
        return named.relative_to(root).parts
    # An absolute path may come to the workspace by a link.
    above = next((folder for folder in named.parents if folder.resolve() == root), named)
    return named.relative_to(above).parts


def shown(path: str) -> str:
    """The path as it stands in a sentence: on one line, not endless, and printable."""
    text = ascii(path)[1:-1] if not path.isprintable() else path
    return f"`{text[:80]}…`" if len(text) > 80 else f"`{text}`"


def printable(path: str) -> str:
    """A file name may hold bytes that are no UTF-8, and line ends: neither may reach a prompt."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


@contextmanager
def explained(place: Place) -> Generator[None]:
    """Turns what the system says into a sentence for the model; of a missing path it says what paths there are."""
    name = shown(str(place))
    try:
        yield
    except FileNotFoundError:
        sentence = f"There is no {name} in the workspace."
        raise ToolError(sentence, argument=place.argument, valid=existing(place), value=str(place)) from None
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"cannot be used: {os.strerror(error.errno or 0)}")
        raise ToolError(f"{name} {reason}.", argument=place.argument) from None


@contextmanager
def opened(place: Place) -> Generator[BufferedReader]:
    """A regular file, to be read.

    Raises:
        ToolError: the file is missing, no regular file, or not readable.
    """
    with explained(place), _parent(place) as folder:
        descriptor = os.open(place.parts[-1], _READ, dir_fd=folder)
        try:
            _expect_file(os.fstat(descriptor).st_mode)
        except OSError:
            os.close(descriptor)
            raise
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_bytes(place: Place) -> bytes:
    """The whole content of a regular file.

    Raises:
        ToolError: the file is missing, no regular file, not readable, or larger than `MAX_READ_BYTES`.
    """
    with opened(place) as file, explained(place):
        size = os.fstat(file.fileno()).st_size
        if size > MAX_READ_BYTES:
            raise ToolError(
                f"{shown(str(place))} is too large to read whole ({size // 2**20} MiB); "
                "read what is needed of it with a program."
            )
        return file.read(MAX_READ_BYTES)


def status(place: Place) -> os.stat_result | None:
    """What the system says of a file or a folder; None if there is none.

    Raises:
        ToolError: the path runs through something that is no folder, or that may not be entered.
    """
    with explained(place):
        try:
            with _parent(place) as folder:
                return os.stat(place.parts[-1], dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None


def write_bytes(place: Place, data: bytes, mode: int | None = None) -> Written:
    """Replaces or creates the file at once, never half, creating its folders.

    Args:
        mode: permission bits of a file that is created; those of a replaced one are kept.

    Raises:
        ToolError: the place is a folder, is protected, or cannot be written; what stood there is then untouched.
    """
    refuse_protected(place)
    with explained(place), _parent(place, create=True) as folder:
        name = place.parts[-1]
        kept = _mode(folder, name)
        bits = mode if kept is None else kept
        # Its own short name, since the target's may be as long as the system allows.
        temporary = f".agentx-{secrets.token_hex(8)}"
        descriptor = os.open(temporary, _CREATE, 0o666, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if bits is not None:
                    os.fchmod(descriptor, bits)
                os.fsync(descriptor)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
    return Written(len(data), kept is not None)


def remove(place: Place, folders: int = 0) -> None:
    """Deletes a file, and so many of the folders that hold it as have nothing else in them.

    Raises:
        ToolError: it is missing, protected, or cannot be deleted.
    """
    refuse_protected(place)
    with explained(place), _parent(place) as folder:
        os.unlink(place.parts[-1], dir_fd=folder)
    for depth in range(len(place.parts) - 1, max(len(place.parts) - 1 - folders, 0), -1):
        with suppress(OSError), _folder(place.root, place.parts[: depth - 1]) as folder:
            os.rmdir(place.parts[depth - 1], dir_fd=folder)


def refuse_protected(place: Place) -> None:
    """Raises ToolError where neither a program nor a tool may write; see `agentx_tools.protected`."""
    if name := Protection(place.root).of(place.parts, place.asked):
        raise ToolError(
            f"{shown(str(place))} is not written: what `{name}` holds is obeyed by other programs, so only the "
            "user changes it; write elsewhere, and tell the user what should stand there.",
            argument=place.argument,
        )


@dataclass(frozen=True, slots=True)
class Below:
    """What a walk has found below a folder.

    Attributes:
        paths: of files, relative to the workspace, `/` between parts, sorted.
        is_cut: there are more than `MAX_WALKED_FILES`, and the others were not looked at.
    """

    paths: list[str]
    is_cut: bool = False

    def note(self, advice: str = "name a folder") -> str:
        """A word on what was not looked at, and what to do; "" where that is nothing."""
        return f"only the first {MAX_WALKED_FILES:,} files were looked at; {advice}" if self.is_cut else ""


def files_below(place: Place, hidden: bool = False) -> Below:
    """The files below a folder.

    Left out are caches, what `.gitignore` files name, and what is hidden, unless it is asked for (never `.git`). Linked
    folders are not entered, and a link to a file counts if the file lies inside. A folder that is left out itself is
    listed where it is named. Stops after `MAX_WALKED_FILES`, and goes `MAX_WALKED_DEPTH` deep.

    Raises:
        ToolError: the place is missing, or no folder.
    """
    found: list[str] = []
    with explained(place), _folder(place.root, place.parts) as top:
        rules = {".": _rules_above(place)}
        for below, folders, files, descriptor in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            here = (*place.parts, *below.split("/")[1:])
            kept = rules.pop(below).within(descriptor, len(here))
            deep = len(here) - len(place.parts) >= MAX_WALKED_DEPTH
            folders[:] = sorted(
                name for name in folders if not deep and _is_shown(name, hidden) and not kept.hides(here, f"{name}/")
            )
            rules.update((f"{below}/{name}", kept) for name in folders)
            for name in files:
                if not _is_shown(name, hidden) or kept.hides(here, name):
                    continue
                path = "/".join((*here, name))
                if not _is_file(descriptor, name, place.root, path):
                    continue
                if len(found) == MAX_WALKED_FILES:
                    return Below(sorted(found), is_cut=True)
                found.append(path)
    return Below(sorted(found))


def listed(found: Below) -> list[str]:
    """The paths as a model is shown them, and a last line in brackets where there are more."""
    return [*map(printable, found.paths), *([f"({found.note()})"] if found.is_cut else [])]


def existing(place: Place) -> list[str]:
    """The paths of all files of the place's workspace, and of the folders that hold them."""
    paths = files_below(Place(place.root, ())).paths if place.root.is_dir() else []
    folders = {parent.as_posix() for path in paths for parent in Path(path).parents} - {"."}
    return [*paths, *sorted(folders)]


@contextmanager
def _folder(root: Path, parts: tuple[str, ...], create: bool = False) -> Generator[int]:
    descriptor = os.open(root, _FOLDER)
    try:
        for part in parts:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            below = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _is_shown(name: str, hidden: bool) -> bool:
    return name not in SKIPPED_FOLDERS and (not name.startswith(".") or (hidden and name != ".git"))


def _rules_above(place: Place) -> Rules:
    """The rules of the folders that hold the place; none where they leave it out, since it was named."""
    rules = Rules()
    for depth, part in enumerate(place.parts):
        with _folder(place.root, place.parts[:depth]) as descriptor:
            rules = rules.within(descriptor, depth)
        if rules.hides(place.parts[:depth], f"{part}/"):
            return Rules()
    return rules


@contextmanager
def _parent(place: Place, create: bool = False) -> Generator[int]:
    if not place.parts:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with _folder(place.root, place.parts[:-1], create) as descriptor:
        yield descriptor


def _expect_file(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))


def _mode(folder: int, name: str) -> int | None:
    """Permission bits of the file that is about to be replaced; None if there is none."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    _expect_file(status.st_mode)
    # A rename asks the folder only: without this a file that its owner made read-only would be replaced.
    if not os.access(name, os.W_OK, dir_fd=folder, effective_ids=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(status.st_mode)


def _is_file(folder: int, name: str, root: Path, path: str) -> bool:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            return root.joinpath(*locate(root, path).parts).is_file()
        return stat.S_ISREG(mode)
    except (OSError, ToolError):
        return False
