"""The tasks of a session that have ended, and what is kept of those that its prompt no longer holds."""

from dataclasses import dataclass, field

RECALLED = 3
"""Tasks that are recalled word for word, at most."""

_SAID = 400  # characters of a task or an answer that is recalled
_RETOLD = 2_000  # of one that is told to another model, which has read nothing of it


@dataclass(frozen=True, slots=True)
class Exchange:
    """A task that has ended, its answer, and the number of the event that began it."""

    task: str
    answer: str
    number: int


@dataclass(frozen=True, slots=True)
class Fact:
    """What was said or found out; `source` is the number of the event that began the task it stems from."""

    text: str
    source: int


@dataclass(frozen=True, slots=True)
class Summary:
    goal: str = ""
    facts: tuple[Fact, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        lines = [f"The goal: {self.goal}"] if self.goal else []
        lines += [f"- {fact.text}" for fact in self.facts]
        lines += [f"Still open: {step}" for step in self.open]
        return "\n".join(lines)


@dataclass(slots=True)
class Conversation:
    """The ended tasks of a session, and what is left of those that have left its prompt.

    Attributes:
        folded: how many of the exchanges, from the first, the prompt no longer holds.
    """

    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    summary: Summary = field(default_factory=Summary)
    folded: int = 0

    def recalled(self, task: str, last: bool = False) -> str:
        """What was said before and suits the task, for the user's turn; "" while the prompt holds all of it.

        Args:
            last: the last exchange belongs to it in any case.
        """
        from agentx.planner.lexical import Bm25, words
        from agentx.planner.showing import one_line

        gone = self.exchanges[: self.folded]
        scores = Bm25([words(f"{item.task} {item.answer}") for item in gone]).scores(words(task)) if gone else []
        best = sorted(range(len(gone)), key=lambda place: -scores[place])[:RECALLED]
        near = {place for place in best if scores[place] > 0} | ({len(gone) - 1} if last and gone else set())
        return "\n".join(
            f"- The user: {one_line(gone[place].task, _SAID)}\n  The answer: {one_line(gone[place].answer, _SAID)}"
            for place in sorted(near)
        )

    def retold(self, characters: int) -> str:
        """The exchanges, the newest in any case, for the prompt of a model that has read none of them.

        What there is no space for counts as folded.
        """
        from agentx.planner.showing import one_line

        told: list[str] = []
        for item in reversed(self.exchanges):
            text = f"- The user: {one_line(item.task, _RETOLD)}\n  The answer: {one_line(item.answer, _RETOLD)}"
            characters -= len(text)
            if told and characters < 0:
                break
            told.append(text)
        self.folded = len(self.exchanges) - len(told)
        return "\n".join(reversed(told))
