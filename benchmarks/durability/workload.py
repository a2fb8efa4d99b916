"""What every contender of the kill benchmark does: two tasks, as data. Standard library alone.

The kinds of operations: `post` can be looked up afterwards, `transfer` takes an idempotency key, `shout` has neither;
`write_file` and `edit_file` are tools on files of the workspace; `write` and `append` are what a program does itself.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.durability.bank import Bank
from benchmarks.durability.fuse import Fuse

Operation = tuple[str, dict[str, Any]]

FILES = {"diary.txt": "begin\nend\n"}
"""What lies in the workspace before."""

SERVICES = ("post", "transfer", "shout")
ANSWER = "All of it is done."


@dataclass(frozen=True)
class Workload:
    """A task; `steps` holds what each reply of the model asks for, and is one program a reply where `programs`.

    `context_tokens` is the size of the model's context; a contender that folds nothing takes no notice of it.
    """

    name: str
    task: str
    steps: tuple[tuple[Operation, ...], ...]
    programs: bool = False
    context_tokens: int = 1_000_000

    @property
    def operations(self) -> list[Operation]:
        return [operation for step in self.steps for operation in step]


def post(text: str) -> Operation:
    return "post", {"text": text}


def transfer(text: str) -> Operation:
    return "transfer", {"text": text}


def shout(text: str) -> Operation:
    return "shout", {"text": text}


def edit(line: str) -> Operation:
    """Puts a line before the last one: carried out twice, it stands there twice."""
    return "edit_file", {"path": "diary.txt", "old": "end\n", "new": f"{line}\nend\n"}


CALLS = Workload(
    "calls",
    "Settle the bills and write down what was done.",
    (
        (post("the rent is paid"),),
        (transfer("thirty to Alice"),),
        (("write_file", {"path": "report.txt", "text": "The rent is paid.\n"}),),
        (edit("I paid the rent."),),
        (shout("dinner is ready"),),
        (post("the food is paid"), transfer("five to Bob")),
    ),
)
PROGRAMS = Workload(
    "programs",
    "Settle the other bills by programs, and write files about what was done.",
    (
        (
            ("write", {"path": "plan.txt", "text": "gas, then Carol\n"}),
            post("the gas is paid"),
            transfer("seven to Carol"),
            shout("the gas is paid"),
        ),
        (
            transfer("nine to Dave"),
            edit("I paid Dave."),
            post("Dave is paid"),
            ("append", {"path": "log.txt", "text": "Dave is paid\n"}),
        ),
    ),
    programs=True,
)
FOLDS = replace(CALLS, name="folds", context_tokens=4_200)
"""The calls once more, with a context into which they do not all go."""

WORKLOADS = {workload.name: workload for workload in (CALLS, PROGRAMS, FOLDS)}
SHARED = (CALLS.name, PROGRAMS.name)
"""Tasks for every contender."""


def prepare(folder: Path) -> None:
    """Makes the folder of a round, with the workspace in it."""
    (folder / "work").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / "work" / name).write_text(text)


def times(folder: Path, operation: Operation) -> int:
    """How often an operation has happened, as the world tells."""
    kind, arguments = operation
    if kind in SERVICES:
        return Bank(folder).applied(kind, arguments["text"])
    path = folder / "work" / arguments["path"]
    text = path.read_text() if path.exists() else ""
    if kind == "edit_file":
        return text.count(arguments["new"].removesuffix(arguments["old"]))
    return text.count(arguments["text"])


def carry_out(folder: Path, fuse: Fuse, operation: Operation, key: str | None = None) -> str:
    """A plain implementation of each operation, for contenders that bring none of their own.

    Raises:
        ValueError: the piece to be edited does not stand in the file exactly once.
    """
    kind, arguments = operation
    fuse.at("before effect")
    if kind in SERVICES:
        result = Bank(folder).deliver(kind, arguments["text"], key if kind == "transfer" else None)
    else:
        result = _on_file(folder / "work" / arguments["path"], kind, arguments)
    fuse.at("after effect")
    return result


def _on_file(path: Path, kind: str, arguments: dict[str, Any]) -> str:
    if kind == "append":
        with path.open("a") as file:
            file.write(arguments["text"])
        return f"appended to {path.name}"
    text = arguments.get("text")
    if kind == "edit_file":
        before = path.read_text()
        if before.count(arguments["old"]) != 1:
            raise ValueError(f"the piece does not stand in {path.name} exactly once")
        text = before.replace(arguments["old"], arguments["new"])
    new = path.with_suffix(".new")
    new.write_text(str(text))
    new.replace(path)
    return f"wrote {path.name}"
