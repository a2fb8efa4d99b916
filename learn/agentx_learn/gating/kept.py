"""Outcomes on disk beside the adapter, one JSON line each, so that a gate that was broken off goes on."""

import json
from dataclasses import asdict
from pathlib import Path

import agentx
from agentx.errors import StorageError
from agentx_learn.gating.cases import Case, Seen, digest


class Kept:
    """Outcomes by a key of all that decides them: the case, the weights, the adapter's bytes and AgentX's version.

    Lines of other keys, as of an adapter that lay there before, are left alone and never used.

    Args:
        path: of the file; nothing is written before there is an outcome.

    Raises:
        StorageError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._read()

    def get(self, case: Case, identity: str) -> Seen | None:
        return self._seen.get(key(case, identity))

    def add(self, case: Case, identity: str, seen: Seen) -> None:
        """Keeps an outcome, on disk when this returns.

        Raises:
            StorageError: the disk takes no more.
        """
        name = key(case, identity)
        line = json.dumps({"key": name, "model": identity, "case": case.id, **asdict(seen)}) + "\n"
        try:
            with self.path.open("ab") as file:
                # A kill in the middle of a line leaves half of one.
                file.write(line.encode() if self._is_whole() else b"\n" + line.encode())
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be written ({error.strerror}); free space, or copy the adapter's folder to one "
                "that you may write."
            ) from error
        self._seen[name] = seen

    def _is_whole(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, 2)
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
                seen = Seen(bool(row["good"]), tuple(row["strays"]), str(row["told"]), float(row["seconds"]))
            except (ValueError, KeyError, TypeError):
                continue
            found[str(row.get("key"))] = seen
        return found


def key(case: Case, identity: str) -> str:
    """Args:
    identity: of the model, which under an adapter is another one; see `Model.identity`.
    """
    return digest(agentx.__version__, identity, case.part, case.content)
