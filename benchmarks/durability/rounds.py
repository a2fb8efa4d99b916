"""One round of the kill benchmark: a task whose processes are killed one after the other, until one ends by itself."""

import contextlib
import json
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from benchmarks.durability.bank import Bank
from benchmarks.durability.workload import ANSWER, WORKLOADS, prepare, times

IN_DOUBT = 75
"""The exit code of a run that needs a person's word on a call."""

MOST_PROCESSES = 30

FOLDED = "(From earlier in this conversation)"
"""Stands in a prompt that a fold has begun anew."""


@dataclass(frozen=True)
class Kill:
    """When a process is killed: at a labelled point, the n-th time, or after a part of the undisturbed run's time."""

    point: str = ""
    number: int = 0
    moment: float = 0.0

    @property
    def label(self) -> str:
        return self.point or "moment"


@dataclass(frozen=True)
class Round:
    """Kills of a task's first process, of the second, and so on."""

    workload: str
    kills: tuple[Kill, ...]


@dataclass
class Played:
    """What came of a round.

    Attributes:
        kills: labels of those that hit.
        duplicated: for each kind of operation, how often it happened beyond once.
        lost: results and effects that were there and are not any more, each with what shows it.
        silent: calls that nobody can know about and that were passed over.
        wrong: the end was not that of the undisturbed run, the database is broken, or a call stands there twice.
        asked: how often the run ended with the exit code for a call in doubt.
        ignored: deliveries that the receiver ignored for their key.
    """

    round: Round
    kills: list[str] = field(default_factory=list)
    duplicated: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    ignored: int = 0


class Auditor(Protocol):
    """What a contender's own record is looked at for, after each of its processes."""

    def after(self, code: int, outcome: dict[str, Any]) -> None: ...
    def at_end(self, played: Played) -> None: ...


class NoAuditor:
    """For a contender of which only the effects are looked at."""

    def __init__(self, folder: Path) -> None:
        pass

    def after(self, code: int, outcome: dict[str, Any]) -> None:
        pass

    def at_end(self, played: Played) -> None:
        pass


@dataclass(frozen=True)
class Contender:
    """`python` is the interpreter of its environment, `module` has its `work`."""

    name: str
    python: str
    module: str
    auditor: Callable[[Path], Auditor] = NoAuditor


class Nursery:
    """The process that forks those of one contender."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        command = [contender.python, "-m", "benchmarks.durability.nursery", contender.module]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, job: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The exit code of a process and its outcome, which is empty where it did not come to the end.

        Raises:
            RuntimeError: the nursery itself has ended.
        """
        assert self._process.stdin and self._process.stdout
        path = Path(job["folder"]) / "outcome.json"
        path.unlink(missing_ok=True)
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the nursery of {self.contender.name} ended with {self._process.wait()}")
        code = json.loads(line)["code"]
        return code, json.loads(path.read_text()) if code >= 0 and path.exists() else {}

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def nursery(contender: Contender) -> Iterator[Nursery]:
    made = Nursery(contender)
    try:
        yield made
    finally:
        made.close()


def undisturbed(of: Nursery, workload: str) -> tuple[dict[str, int], float]:
    """How often a run that nobody kills passes each point, and its seconds.

    Raises:
        RuntimeError: it did not end as it should.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "round"
        prepare(folder)
        code, outcome = of.run({"folder": str(folder), "workload": workload})
        counts = [times(folder, operation) for operation in WORKLOADS[workload].operations]
        if code or outcome.get("answer") != ANSWER or set(counts) != {1}:
            said = (folder / "log").read_text()
            raise RuntimeError(f"{of.contender.name} on {workload} ended with {code}: {outcome} {counts}\n{said}")
        return outcome["passed"], outcome["seconds"]


def play(of: Nursery, planned: Round, seconds: float) -> Played:
    """Plays a round to the end of its task.

    Args:
        seconds: those of the undisturbed run.
    """
    played, left = Played(planned), list(planned.kills)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "round"
        prepare(folder)
        auditor = of.contender.auditor(folder)
        code, outcome, person = -1, dict[str, Any](), False
        for _ in range(MOST_PROCESSES):
            job: dict[str, Any] = {"folder": str(folder), "workload": planned.workload, "person": person}
            kill = left.pop(0) if left else None
            if kill:
                aimed = {"point": kill.point, "number": kill.number}
                job |= aimed if kill.point else {"kill_after_s": kill.moment * seconds}
            code, outcome = of.run(job)
            auditor.after(code, outcome)
            played.wrong += broken(folder)
            person = code == IN_DOUBT
            if kill and code == -9:
                played.kills.append(kill.label)
            elif person:
                played.asked += 1
            else:
                break
        _judge(played, folder, code, outcome)
        auditor.at_end(played)
        if played.wrong or played.lost or played.silent:
            played.wrong += [f"log: {(folder / 'log').read_text()[-2000:]}"] if (folder / "log").exists() else []
    return played


def _judge(played: Played, folder: Path, code: int, outcome: dict[str, Any]) -> None:
    bank = Bank(folder)
    for operation in WORKLOADS[played.round.workload].operations:
        happened = times(folder, operation)
        if happened > 1:
            played.duplicated[operation[0]] += happened - 1
        elif not happened:
            played.lost.append(f"no effect of {operation}")
    played.ignored = bank.ignored()
    if code or outcome.get("answer") != ANSWER:
        played.wrong.append(f"ended with {code}: {outcome}")
    seen = bank.seen()
    for earlier, later in pairwise(seen):
        # What the model was shown once, it is shown again with more behind it, unless a fold began the prompt anew.
        if not later.startswith(earlier) and FOLDED not in later:
            played.lost.append(f"the model was shown {earlier[-200:]!r} and then {later[-200:]!r}")


def broken(folder: Path) -> list[str]:
    """What SQLite finds wrong with the databases of a round."""
    found: list[str] = []
    for path in folder.glob("*.sqlite3"):
        connection = sqlite3.connect(path, timeout=30)
        try:
            rows = connection.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError as error:
            rows = [(str(error),)]
        finally:
            connection.close()
        if rows != [("ok",)]:
            found.append(f"{path.name}: {rows}")
    return found
