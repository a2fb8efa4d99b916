"""Whether an answer says only what the run has seen, and which result supports what."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentx.messages import Citation
from agentx.planner.claims.claim import Claim
from agentx.planner.claims.reader import claims_of
from agentx.planner.claims.source import Source, Span

EXCERPT_CHARACTERS = 200
"""Longest excerpt of a citation."""


@dataclass(frozen=True, slots=True)
class Grounding:
    """How an answer stands to what the run has seen.

    Attributes:
        citations: for each claim that a result supports, that result.
        unsupported: the claims that nothing supports.
        unverified: these as they are written, each once.
    """

    citations: list[Citation]
    unsupported: list[Claim]
    unverified: list[str]


def ground(answer: str, sources: Sequence[Source], *, typed: bool = False) -> Grounding:
    """Looks each claim of an answer up in the sources, the first of which are cited first.

    Where no call has brought a result there is nothing that names could have been read from: then only what could have
    been computed is checked, figures and dates.

    Args:
        typed: whether the answer is JSON.
    """
    looked = any(source.call_id and not source.deed for source in sources)
    citations: list[Citation] = []
    unsupported: list[Claim] = []
    for claim in claims_of(answer, typed=typed):
        support = claim.support(sources)
        if support is None:
            if not claim.tentative and (looked or claim.is_figure):
                unsupported.append(claim)
            continue
        source, span = support
        if source is not None and source.call_id and not source.deed:
            citations.append(_citation(answer, claim, source, span))
    unverified = list(dict.fromkeys(answer[claim.start : claim.end] for claim in unsupported))
    return Grounding(citations, unsupported, unverified)


def unsupported_figures(answer: str, sources: Sequence[Source]) -> list[str]:
    """Figures, dates and times of the answer that stand in none of the sources, as they are written."""
    claims = [claim for claim in claims_of(answer) if claim.is_figure and not claim.support(sources)]
    return [answer[claim.start : claim.end] for claim in claims]


def _citation(answer: str, claim: Claim, source: Source, span: Span) -> Citation:
    start, end = _excerpt(source.text, span)
    assert source.call_id is not None
    return Citation(
        claim=answer[claim.start : claim.end],
        start=claim.start,
        end=claim.end,
        call_id=source.call_id,
        excerpt=source.text[start:end],
        excerpt_start=start,
        excerpt_end=end,
    )


def _excerpt(text: str, span: Span) -> Span:
    """The line (or lines) of the place, cut to what a person will read."""
    start, end = text.rfind("\n", 0, span[0]) + 1, text.find("\n", span[1])
    end = len(text) if end < 0 else end
    start = max(start, min(span[0] - EXCERPT_CHARACTERS // 2, end - EXCERPT_CHARACTERS))
    return start, min(end, start + EXCERPT_CHARACTERS)
