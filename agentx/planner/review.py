"""What stands between a draft and the answer, the same for every strategy: it rests on what was seen, and keeps the
principles."""

from dataclasses import replace
from typing import TYPE_CHECKING

from agentx.events import Answered, Event, Notice, TextDelta
from agentx.messages import Usage
from agentx.model import Fragment
from agentx.planner.base import Turn
from agentx.planner.claims.claim import Claim
from agentx.planner.critique import Verdict, criticise
from agentx.planner.grounding import Grounding, ground

if TYPE_CHECKING:
    from agentx.guarding.desk import Desk

MAX_NAMED = 6
"""Most claims that an objection names: more of them help no small model."""


class Review:
    """Reviews the answers of one task.

    Where there are principles, or guards that may keep an answer back, no piece of one is shown before it was judged.

    Args:
        desk: what guards do about answers; None where none is on.

    Attributes:
        draft: the answer that was sent back to be revised; None before.
    """

    def __init__(self, turn: Turn, desk: "Desk | None" = None) -> None:
        self._turn = turn
        self._desk = desk
        self._emit = turn.emit
        self.draft: str | None = None
        self._flawed = False
        self._withholds = bool(turn.principles) or (desk is not None and desk.withholds)
        if self._withholds:
            turn.emit = self._withhold

    @property
    def spare(self) -> str | None:
        """The answer to give where the revision came to nothing; None where there is none that may be shown."""
        return None if self._turn.principles else self.draft

    def forget(self) -> None:
        """The user has added to the task: a draft from before does not answer it."""
        self.draft, self._flawed = None, False

    def objection(self, answer: str, flaw: str | None = None) -> str | None:
        """Why an answer is sent back to the model, which happens once a task; None where it is taken as it is.

        Args:
            flaw: what is wrong with it whatever it says.
        """
        if self.draft is not None or not answer:
            return None
        if flaw:
            self.draft, self._flawed, self._turn.must_answer = answer, True, True
            self._emit(Notice(f"The reply could not be used: {flaw}."))
            return flaw
        found = self._ground(answer)
        if not self._can_mend(found.unsupported):
            return None
        self.draft = answer
        named = ", ".join(found.unverified[:MAX_NAMED])
        told = "" if self._withholds else f": {named}"
        self._emit(Notice(f"The answer holds what nothing seen so far supports, and is revised{told}."))
        computes = any(claim.is_figure for claim in found.unsupported) and not any(
            r.changed for _, r in self._turn.done
        )
        if computes and not self._turn.must_answer:
            return f"nothing you have seen says {named}; find it out or compute it, or leave it out"
        # What is done is not done again for the sake of a word.
        self._turn.must_answer = True
        return f"nothing you have seen says {named}; answer again and say only what you have seen"

    async def judge(self, answer: str) -> Verdict:
        """What is left of an answer after its critique and the guards; the better one of a draft and its revision is
        judged."""
        answer = self._better(answer)
        verdict = Verdict(answer, None, Usage())
        if self._turn.principles and answer:
            verdict = await criticise(self._turn, self._emit, answer)
        if self._desk:
            verdict = await self._guarded(self._desk, verdict)
        shown = verdict.refusal or verdict.answer
        if shown != answer:
            reword(self._turn.prompt, answer, shown)
        return verdict

    async def _guarded(self, desk: "Desk", verdict: Verdict) -> Verdict:
        """The verdict as it is given out: a refusal tells of the draft, and is looked at as an answer is."""
        schema = None if verdict.refusal else self._turn.answer_schema
        text, withheld = await desk.answer(verdict.refusal or verdict.answer, schema)
        if withheld or not verdict.refusal:
            return replace(verdict, answer=text, refusal=withheld)
        return replace(verdict, refusal=text)

    def publish(self, answer: str) -> None:
        """Emits the answer with what supports it, and what nothing does."""
        found = self._ground(answer)
        if self._withholds:
            self._emit(TextDelta("answer", answer))
        self._emit(Answered(answer, found.citations, found.unverified))

    def _ground(self, answer: str) -> Grounding:
        """An agent without tools has nothing to hold against an answer."""
        if not self._turn.toolbox:
            return Grounding([], [], [])
        return ground(answer, self._turn.sources, typed=self._turn.answer_schema is not None)

    def _can_mend(self, unsupported: list[Claim]) -> bool:
        """Whether another try may help: something was looked at, or the task has figures to compute with."""
        if self._turn.done or any(source.call_id for source in self._turn.past):
            return bool(unsupported)
        return any(claim.is_figure for claim in unsupported) and any(
            character.isdigit() for character in self._turn.task
        )

    def _better(self, answer: str) -> str:
        if self.draft is None or self._flawed:
            return answer
        if not answer or len(self._ground(answer).unverified) > len(self._ground(self.draft).unverified):
            return self.draft
        return answer

    def _withhold(self, event: Event) -> None:
        if not (isinstance(event, TextDelta) and event.channel == "answer"):
            self._emit(event)


def reword(prompt: list[Fragment], old: str, new: str) -> None:
    """Puts `new` in the place where the model last said `old`: what was withheld must not be read in a later turn."""
    end = len(prompt)
    text = ""
    for at in range(len(prompt) - 1, -1, -1):
        if prompt[at].markup:
            end, text = at, ""
            continue
        text = prompt[at].text + text
        before, found, after = text.rpartition(old)
        if found:
            prompt[at:end] = [Fragment(before + new + after)]
            return
