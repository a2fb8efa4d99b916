"""The fresh folder of a task: laying it out, and seeing what changed in it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

# Byte code is Python's doing, not the agent's.
_IGNORED = {"__pycache__", ".pytest_cache"}


def lay_out(workspace: Path, files: Mapping[str, str]) -> None:
    workspace.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


def snapshot(workspace: Path) -> dict[str, bytes]:
    """The bytes of each file by its path, trailing newlines aside; of a link, where it points."""
    found: dict[str, bytes] = {}
    for path in sorted(workspace.rglob("*")):
        relative = path.relative_to(workspace)
        if _IGNORED & set(relative.parts):
            continue
        if path.is_symlink():
            found[relative.as_posix()] = f"-> {path.readlink()}".encode()
        elif path.is_file():
            found[relative.as_posix()] = path.read_bytes().rstrip(b"\n")
    return found


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes], wanted: Iterable[str] = ()) -> list[str]:
    """What was created, changed or deleted besides the files that were asked for, as `verb path`."""
    strays: list[str] = []
    for path in sorted((before.keys() | after.keys()) - set(wanted)):
        if before.get(path) != after.get(path):
            verb = "created" if path not in before else "deleted" if path not in after else "changed"
            strays.append(f"{verb} {path}")
    return strays
