"""What a request lists beside something that a call names, and no call does: `Egypt and Turkey` with a call for Egypt.

A small model ends a reply too soon where it needs one function for several values. The odds of another call against
the end do not tell such replies from complete ones (benchmarks/bfcl), but words do: each figure and name that the
request joins to others is looked up in the calls, as those of an answer are in the results.
"""

import re
from collections.abc import Sequence
from typing import Any

from agentx.messages import ToolCall
from agentx.planner.arguments import leaves
from agentx.planner.claims.claim import Claim
from agentx.planner.claims.reader import claims_of
from agentx.planner.claims.source import Source
from agentx.planner.lexical import words

_JOINED = re.compile(r"(?:,|\b(?:and|or|then|also|plus|as\ well\ as))\s+(?:[a-z]+\s+){0,4}[$€£¥'\"“‘(]?$", re.VERBOSE)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”', re.DOTALL)
_EXCEPTED = re.compile(r"\b(?:not|never|no|keep|but|except|without|instead|rather)\b|n['’]t\b", re.IGNORECASE)
_REACH = 64  # characters before a claim that are looked at for what joins it, or takes it out


def omitted(request: str, calls: Sequence[ToolCall]) -> list[Claim]:
    """The figures and names that the request joins to others and none of the calls names."""
    said = [_said(call) for call in calls]
    if _QUOTED.fullmatch(request):  # a whole request in quotation marks is no title
        request = f" {request[1:-1]} "
    return [
        claim
        for claim in claims_of(request)
        if not claim.tentative and _is_joined(request, claim) and not claim.support(said)
    ]


def _is_joined(request: str, claim: Claim) -> bool:
    start = max(0, claim.start - _REACH)
    return bool(_JOINED.search(request, start, claim.start)) and not _EXCEPTED.search(request, start, claim.start)


def is_missing(call: ToolCall, calls: Sequence[ToolCall], claims: Sequence[Claim]) -> bool:
    """Whether a further call names one of the claims, and does not merely say in other words what one of them does."""
    said = [_said(call)]
    return any(claim.support(said) for claim in claims) and not any(_rewords(call, other) for other in calls)


def _said(call: ToolCall) -> Source:
    return Source("\n".join(map(str, leaves(call.arguments))))


def _rewords(call: ToolCall, other: ToolCall) -> bool:
    both = call.arguments.keys() & other.arguments.keys()
    return call.name == other.name and all(_is_reworded(call.arguments[name], other.arguments[name]) for name in both)


def _before_comma(value: str) -> list[str]:
    """The words of a place without its state or country."""
    return words(value.partition(",")[0])


def _is_reworded(value: Any, other: Any) -> bool:
    if isinstance(value, str) and isinstance(other, str):
        mine, theirs = set(words(value)), set(words(other))
        return mine <= theirs or theirs <= mine or _before_comma(value) == _before_comma(other)
    return bool(value == other)
