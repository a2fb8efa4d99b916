"""A task as a frozen value: what a person types, what lies around, what must come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from benchmarks.tasks.answers import Absence, Says
from benchmarks.tasks.files import FileCheck
from benchmarks.tasks.hands import Hands

TOOLS = (
    "list_files",
    "read_file",
    "write_file",
    "edit_file",
    "python",
    "calculate",
    "fetch_page",
    "remember",
    "recall",
)
"""The bundled tools without `web_search`: nothing here needs the network."""

Split: TypeAlias = Literal["dev", "held", "everyday"]
"""`dev` and `held` share out the hard tasks; `everyday` are plain ones, of another set."""
Tag: TypeAlias = Literal["three_calls", "two_sources", "distractor"]
Solver: TypeAlias = Callable[[Hands], str]


@dataclass(frozen=True, slots=True)
class Check:
    """What must come out of a task. Any other change of a file or of the memory is a stray.

    Attributes:
        says: all of these must be in the answer.
        never: none of these may be in it: the figures of a distractor, what only an invention could state.
        files: files that must be there afterwards, and what they must hold.
        remembers: all of these must be in one text added to the memory.
        max_figures: an answer with more different figures states nothing: it lists what it saw.
    """

    says: tuple[Says, ...] = ()
    never: tuple[Says, ...] = ()
    files: Mapping[str, FileCheck] = field(default_factory=dict[str, FileCheck])
    remembers: tuple[Says, ...] = ()
    max_figures: int = 12


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the benchmark.

    Attributes:
        id: `kind-name`.
        text: what a person would type; `{base}` stands for the address of the local page server.
        solve: the reference solution: it uses the tools one by one and returns the answer.
        files: text by path, laid into a fresh workspace.
        notes: texts in the memory before the run.
        pages: HTML by path, served on 127.0.0.1.
        traits: tags that do not follow from the check.
    """

    id: str
    split: Split
    text: str
    check: Check
    solve: Solver
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    pages: Mapping[str, str] = field(default_factory=dict[str, str])
    traits: frozenset[Tag] = frozenset()
    tools: tuple[str, ...] = TOOLS

    @property
    def kind(self) -> str:
        return self.id.partition("-")[0]

    @property
    def writes(self) -> bool:
        return bool(self.check.files or self.check.remembers)

    @property
    def has_no_answer(self) -> bool:
        return any(isinstance(says, Absence) for says in self.check.says)

    @property
    def tags(self) -> tuple[str, ...]:
        derived = ["writes" if self.writes else "read_only", *(["no_answer"] if self.has_no_answer else [])]
        return (*derived, *sorted(self.traits))


def traits(*names: Tag) -> frozenset[Tag]:
    return frozenset(names)
