"""Which files of a workspace are tables, what a query may call them, and their bytes for whoever reads them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from agentx.errors import ToolError
from agentx_tools import workspace
from agentx_tools.text import decode
from agentx_tools.workspace import Place

KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
    ".db3": "sqlite",
}
MAX_BYTES = 256 * 2**20
"""Of all files together that a query is about."""
MAX_FILES = 100
"""That one query looks at."""
_HEAD_BYTES = 65_536
_SQLITE = b"SQLite format 3\0"
_QUOTED = re.compile(r"""['"]([^'"]+)['"]""")
_BESIDE_SQLITE = ("-wal", "-journal")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that holds a table, or of SQLite several.

    Attributes:
        path: in the workspace.
        name: what a query calls it; a word that needs no quotes.
        aliases: other names that mean it: its path, and where no other file has it, its file name and its stem.
    """

    path: str
    kind: str
    name: str
    aliases: tuple[str, ...]

    def is_named_in(self, query: str) -> bool:
        lowered = query.lower()
        return any(
            name.lower() in lowered and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", query, re.I)
            for name in (self.name, *self.aliases)
        )


@dataclass(slots=True)
class Packed:
    """Files one after the other in one stream, and what the reading process has to know of each.

    Attributes:
        files: of each its parts in the stream, and a `note` on why there are none, or "".
        left_out: how many files are not in it because there are more than `MAX_FILES`, and the path of one; or empty.
    """

    stream: BinaryIO
    files: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    size_bytes: int = 0
    left_out: tuple[int, str] | tuple[()] = ()

    def add(self, file: TableFile, pieces: Iterable[tuple[str, bytes]], head: bool, note: str = "") -> None:
        """Appends a file; `pieces` are the ending of each part's name and its bytes."""
        parts: list[tuple[str, int, int]] = []
        for ending, data in pieces:
            parts.append((ending, self.size_bytes, len(data)))
            self.stream.write(data)
            self.size_bytes += len(data)
        described = {"path": file.path, "kind": file.kind, "name": file.name, "aliases": file.aliases}
        self.files.append({**described, "parts": parts, "head": head, "note": note})


def table_files(root: Place, below: Sequence[str], query: str = "") -> list[TableFile]:
    """The files that hold tables among those below a folder, in their order; and those whose paths a query quotes, even
    if they are hidden or ignored."""
    paths = [path for path in map(PurePosixPath, below) if path.suffix.lower() in KINDS]
    quoted = {path: text for text in _QUOTED.findall(query) if (path := _quoted_path(root, text)) is not None}
    paths = list(dict.fromkeys([*paths, *quoted]))
    names = _names(paths)
    owners = {name.casefold(): path for path, name in names.items()}
    forms = {path: _aliases(path, quoted.get(path)) for path in paths}
    # DuckDB tells no names apart by their case.
    uses = Counter(form for path in paths for form in {alias.casefold() for alias in forms[path]})
    return [
        TableFile(
            str(path),
            KINDS[path.suffix.lower()],
            names[path],
            tuple(
                form for form in forms[path] if uses[form.casefold()] == 1 and owners.get(form.casefold(), path) == path
            ),
        )
        for path in paths
    ]


def _quoted_path(root: Place, text: str) -> PurePosixPath | None:
    """The file of tables that a text in quotes names, if it does."""
    if PurePosixPath(text).suffix.lower() not in KINDS:
        return None
    try:
        place = workspace.locate(root.root, text)
        return PurePosixPath(str(place)) if _size(place) and place.parts else None
    except ToolError:
        return None


def pack(root: Place, files: Sequence[TableFile], query: str, stream: BinaryIO) -> Packed:
    """Writes into a stream what a query is about: the files that it names, databases, and of others the first lines.

    Of more than `MAX_FILES` files it takes those first. A file that cannot be read, or is too large beside the others,
    is noted: any word of the query may look like its name, and the query may do without it.
    """
    packed = Packed(stream)
    named = {file.path for file in files if file.is_named_in(query)}
    ranked = sorted(files, key=lambda file: (file.path not in named, file.kind != "sqlite", file.path))
    if left_out := ranked[MAX_FILES:]:
        packed.left_out = (len(left_out), left_out[-1].path)
    for file in sorted(ranked[:MAX_FILES], key=lambda file: (file.path not in named, file.path)):
        # A query names the tables in a database, not the file.
        whole = file.path in named or file.kind == "sqlite"
        try:
            place = workspace.locate(root.root, file.path, "query")
            if whole and packed.size_bytes + _size(place) > MAX_BYTES:
                raise ToolError(
                    f"{workspace.shown(file.path)} is too large for this tool, which takes {MAX_BYTES // 2**20} MiB in "
                    "all; read it with a program."
                )
            packed.add(file, _pieces(place, file) if whole else [("", _head(place, file))], head=not whole)
        except ToolError as error:
            packed.add(file, [], head=True, note=str(error))
    return packed


def _pieces(place: Place, file: TableFile) -> Iterable[tuple[str, bytes]]:
    with workspace.opened(place) as opened:
        data = opened.read(MAX_BYTES)
    if file.kind != "sqlite":
        return [("", _as_utf8(data, file))]
    if not data.startswith(_SQLITE):
        return []
    return [("", data), *_beside(place)]


def _beside(place: Place) -> list[tuple[str, bytes]]:
    """What a database that is in use holds in the files beside it."""
    found: list[tuple[str, bytes]] = []
    for ending in _BESIDE_SQLITE:
        beside = Place(place.root, (*place.parts[:-1], place.parts[-1] + ending))
        status = workspace.status(beside)
        if status is None or not 0 < status.st_size <= MAX_BYTES:
            continue
        try:
            with workspace.opened(beside) as opened:
                found.append((ending, opened.read(MAX_BYTES)))
        except ToolError:
            # A journal comes and goes with each transaction.
            if workspace.status(beside) is not None:
                raise
    return found


def _as_utf8(data: bytes, file: TableFile) -> bytes:
    """A table of text in UTF-8, whatever the encoding of the file; a large one is taken to be in it."""
    if file.kind == "parquet" or len(data) > workspace.MAX_READ_BYTES:
        return data
    return decode(data, file.path).text.encode()


def _head(place: Place, file: TableFile) -> bytes:
    """The first lines, which tell the columns; nothing of a file whose columns cannot be told so."""
    if file.kind not in ("csv", "json") or file.path.lower().endswith(".json"):
        return b""
    try:
        with workspace.opened(place) as opened:
            data = opened.read(_HEAD_BYTES)
        whole = data if len(data) < _HEAD_BYTES else data[: data.rfind(b"\n") + 1]
        return _as_utf8(whole, file)
    except ToolError:
        return b""


def _size(place: Place) -> int:
    status = workspace.status(place)
    return status.st_size if status else 0


def _names(paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, str]:
    """A name for each: its stem, with as many folders before it as tell it from others, then with its ending."""
    names: dict[PurePosixPath, str] = {}
    taken: set[str] = set()
    # A plain name belongs to the file that a person would mean by it.
    for path in sorted(paths, key=lambda path: (_word(path.stem) != path.stem, len(path.parts), str(path))):
        names[path] = next(form for form in _forms(path) if form.casefold() not in taken)
        taken.add(names[path].casefold())
    return names


def _forms(path: PurePosixPath) -> Iterator[str]:
    form = ""
    for depth in range(1, len(path.parts) + 1):
        form = _word("_".join((*path.parts[-depth:-1], path.stem)))
        yield form
    yield f"{form}_{path.suffix[1:].lower()}"
    yield from (f"{form}_{number}" for number in count(2))


def _word(text: str) -> str:
    word = re.sub(r"\W+", "_", text).strip("_") or "table"
    return f"t_{word}" if word[0].isdigit() else word


def _aliases(path: PurePosixPath, quoted: str | None) -> tuple[str, ...]:
    forms = (str(path), f"./{path}", path.name, path.stem, *filter(None, [quoted]))
    return tuple(dict.fromkeys(forms))
