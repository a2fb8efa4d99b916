"""Self-critique: a draft is held against principles, criticised where it breaks one, and written again.

After Constitutional AI (Bai et al., 2022, https://arxiv.org/abs/2212.08073), at the time of answering instead of
training: the critique is decoded only where a Yes/No probe, read from logits, finds a principle broken.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from string import Template

from agentx.dialects.json_grammar import json_rule
from agentx.events import Criticised, Event, Notice, Revised
from agentx.messages import Usage
from agentx.model import GREEDY, Constraint, Fragment
from agentx.planner.base import Turn
from agentx.planner.decoding import Decoded, decode, probability_of_yes, prompt_text

BREAKS = 0.5
"""Probability of Yes from which a draft is taken to break a principle."""

MAX_CRITIQUE_TOKENS = 80
MAX_REVISION_TOKENS = 512
_SYSTEM = "You check whether answers keep to rules."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a draft: the answer to give, or why none is given."""

    answer: str
    refusal: str | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class Breach:
    principle: str
    probability: float


class _Bench:
    """The probes and replies of one verdict, with what they cost."""

    def __init__(self, turn: Turn) -> None:
        self._turn = replace(turn, sampling=GREEDY)
        self.usage = Usage()

    async def breaches(self, draft: str) -> list[Breach]:
        """The principles that a draft breaks, each probed beside the run; the draft is read once for all of them."""
        found: list[Breach] = []
        for principle in self._turn.principles:
            yes, usage = await probability_of_yes(self._turn, self._prompt("breaks", draft, principle=principle))
            self.usage += usage
            if yes >= BREAKS:
                found.append(Breach(principle, yes))
        return found

    async def critique(self, draft: str, principle: str) -> str:
        prompt = self._prompt("critique", draft, principle=principle)
        decoded = await self._decode(prompt, stop=("\n",), max_tokens=MAX_CRITIQUE_TOKENS)
        return decoded.text.strip()

    async def revision(self, draft: str, critiques: list[Criticised]) -> Decoded:
        prompt = self._prompt(
            "revise",
            draft,
            principles="\n".join(f"- {principle}" for principle in self._turn.principles),
            critiques="\n".join(f"- {criticised.critique}" for criticised in critiques),
        )
        schema = self._turn.answer_schema
        constraint = Constraint(f"start: {json_rule(schema)}") if schema else None
        return await self._decode(prompt, constraint=constraint, max_tokens=MAX_REVISION_TOKENS)

    def _prompt(self, name: str, draft: str, **parts: str) -> list[Fragment]:
        text = Template(prompt_text(name)).substitute(task=self._turn.task, answer=draft, **parts)
        return self._turn.model.chat.opening(_SYSTEM, text)

    async def _decode(
        self,
        prompt: list[Fragment],
        *,
        constraint: Constraint | None = None,
        stop: tuple[str, ...] = (),
        max_tokens: int,
    ) -> Decoded:
        decoded = await decode(
            self._turn, prompt, lambda text: None, constraint=constraint, stop=stop, max_tokens=max_tokens
        )
        self.usage += decoded.usage
        return decoded


async def criticise(turn: Turn, emit: Callable[[Event], None], draft: str) -> Verdict:
    """Holds a draft against the principles of the turn.

    A draft that breaks none is the answer. Else it is criticised and written again once; a revision that still breaks
    a principle is refused.
    """
    bench = _Bench(turn)
    breaches = await bench.breaches(draft)
    if not breaches:
        return Verdict(draft, None, bench.usage)
    critiques: list[Criticised] = []
    for breach in breaches:
        critique = await bench.critique(draft, breach.principle)
        critiques.append(Criticised(breach.principle, breach.probability, critique))
        emit(critiques[-1])
    decoded = await bench.revision(draft, critiques)
    revision = decoded.text.strip()
    emit(Revised(revision))
    if decoded.finish in ("length", "repetition"):
        emit(Notice("The revised answer was cut off and is given as far as it goes."))
    if not revision:
        told = f"No answer is given: it would go against “{breaches[0].principle}”, and no other came."
        return Verdict(draft, told, bench.usage)
    left = await bench.breaches(revision)
    if not left:
        return Verdict(revision, None, bench.usage)
    reason = await bench.critique(revision, left[0].principle)
    return Verdict(revision, f"No answer is given: it would go against “{left[0].principle}”. {reason}", bench.usage)
