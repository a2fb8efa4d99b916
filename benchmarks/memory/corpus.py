"""Texts that every machine has which runs this: prose, code and tables of the packages installed there, in chunks."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SUFFIXES = (".py", ".md", ".rst", ".txt", ".toml", ".json", ".csv", ".pyi")
MIN_CHARACTERS, MAX_CHARACTERS = 40, 900
PER_FILE = 60


def chunks(count: int, seed: int = 1) -> list[str]:
    """Distinct texts of 40 to 900 characters, mixed: the same for the same installed packages."""
    random = np.random.default_rng(seed)
    found: dict[str, None] = {}
    for path in _files(random):
        for text in _pieces(path, random):
            found.setdefault(text)
            if len(found) == count:
                return list(found)
    raise SystemExit(f"The installed packages hold {len(found):,} texts, not {count:,}.")


def _files(random: np.random.Generator) -> Iterator[Path]:
    roots = [Path(sysconfig.get_paths()[name]) for name in ("purelib", "stdlib")]
    paths = sorted({path for root in roots for path in root.rglob("*") if path.suffix in SUFFIXES and path.is_file()})
    for place in random.permutation(len(paths)):
        yield paths[place]


def _pieces(path: Path, random: np.random.Generator) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")[:200_000]
    except (OSError, UnicodeDecodeError):
        return
    start = 0
    for _ in range(PER_FILE):
        length = int(np.exp(random.uniform(np.log(MIN_CHARACTERS), np.log(MAX_CHARACTERS))))
        piece = text[start : start + length].strip()
        if len(piece) >= MIN_CHARACTERS:
            yield piece
        start += length
        if start >= len(text):
            return
