"""Outcomes on disk, one JSON line each, so that a gate that was broken off goes on.

They lie in AgentX's data folder and not beside the adapter: what comes with an adapter of somebody else is no evidence.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

import agentx
from agentx import folders
from agentx.errors import StorageError
from agentx.planner.calibration import stored
from agentx_learn.gating.cases import Case, Seen, digest
from agentx_learn.gating.checkout import ROOT

_OF_SOURCES = (".py", ".md", ".toml", ".txt", ".json")


def outcomes_of(identity: str, sha256: str) -> Path:
    """Where the outcomes of a gate are kept.

    Args:
        identity: of the model without an adapter.
        sha256: of the adapter's file.
    """
    return folders.data_dir() / "gates" / f"{identity}-{sha256}.jsonl"


class Kept:
    """Outcomes by a key of all that decides them; see `key`.

    Lines of other keys, as of an AgentX that was there before, are left alone and never used. Runs that were out of
    time are not written: the machine may have been busy, and the next gate tries them again.

    Args:
        path: of the file, readable by its owner alone; nothing is written before there is an outcome.
        rolled_back: how often the adapter was. What was kept before it was counts no more.

    Raises:
        StorageError: the file cannot be read.
    """

    def __init__(self, path: Path, rolled_back: int = 0) -> None:
        self.path = path
        self._rolled_back = rolled_back
        self._seen = self._read()

    def get(self, case: Case, identity: str) -> Seen | None:
        return self._seen.get(key(case, identity, self._rolled_back))

    def add(self, case: Case, identity: str, seen: Seen) -> None:
        """Keeps an outcome, on disk when this returns.

        Raises:
            StorageError: the disk takes no more.
        """
        name = key(case, identity, self._rolled_back)
        if seen.status != "timeout":
            self._write(json.dumps({"key": name, "model": identity, "case": case.id, **asdict(seen)}) + "\n")
        self._seen[name] = seen

    def _write(self, line: str) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as file:
                # A kill in the middle of a line leaves half of one.
                file.write(line.encode() if self._is_whole() else b"\n" + line.encode())
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be written ({error.strerror}); free space, or set AGENTX_DATA_DIR to another "
                "folder."
            ) from error

    def _is_whole(self) -> bool:
        if not self.path.stat().st_size:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def _read(self) -> dict[str, Seen]:
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read ({error.strerror}); mend or delete it.") from error
        found: dict[str, Seen] = {}
        for line in lines:
            try:
                row = json.loads(line)
                seen = Seen(
                    bool(row["good"]), tuple(row["strays"]), str(row["told"]), float(row["seconds"]), row["status"]
                )
            except (ValueError, KeyError, TypeError):
                continue
            found[str(row.get("key"))] = seen
        return found


def key(case: Case, identity: str, rolled_back: int = 0) -> str:
    """A digest of all that decides an outcome: the case, the weights, the adapter's bytes, the thresholds in force, and
    what AgentX is.

    Args:
        identity: of the model, which under an adapter is another one; see `Model.identity`.
        rolled_back: see `Kept`.
    """
    thresholds = dict(stored.known(identity).values)
    return digest(agentx.__version__, sources(), thresholds, rolled_back, identity, case.part, case.content)


@cache
def sources() -> str:
    """SHA-256 of the texts that AgentX, its tools, its memory and the gate are made of: in a checkout they change
    within a version."""
    told = hashlib.sha256()
    for folder in _packages():
        for path in sorted(folder.rglob("*")):
            if path.suffix in _OF_SOURCES and path.is_file():
                told.update(json.dumps([path.relative_to(folder).as_posix(), path.stat().st_size]).encode())
                told.update(path.read_bytes())
    return told.hexdigest()


def _packages() -> Iterator[Path]:
    yield Path(agentx.__file__).parent
    yield Path(__file__).parent
    yield ROOT / "benchmarks" / "tasks"
    # The tools, and what the tasks of a checkout remember by.
    for name in ("agentx_tools", "agentx_memory"):
        spec = importlib.util.find_spec(name)
        yield from map(Path, (spec and spec.submodule_search_locations) or ())
