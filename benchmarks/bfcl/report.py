"""The table: a line for each category, and how well relevance is told."""

from collections.abc import Sequence
from statistics import fmean, median

from benchmarks.bfcl.cases import MULTI_TURN
from benchmarks.bfcl.records import Record
from benchmarks.columns import aligned

_HEAD = ("category", "cases", "right", "%", "median s", "prompt", "reused", "forced", "sampled", "probe")
_COUNTS = ("prompt_tokens", "reused_tokens", "forced_tokens", "sampled_tokens", "probe_tokens")


def table(records: Sequence[Record]) -> str:
    """Tokens are means of a case: `prompt` read, `reused` found in the KV cache, `forced` and `sampled` output."""
    if not records:
        return "No case was run."
    categories = list(dict.fromkeys(record.category for record in records))
    rows = [_row(name, [record for record in records if record.category == name]) for name in categories]
    return "\n\n".join(filter(None, (aligned([_HEAD, *rows]), _relevance(records))))


def progress(record: Record) -> str:
    """One line about a case that has just ended."""
    return f"{'ok  ' if record.valid else 'miss'} {record.id}  {record.seconds:.1f} s  {record.error}"[:200].rstrip()


def _row(name: str, records: Sequence[Record]) -> tuple[str, ...]:
    right = sum(record.valid for record in records)
    return (
        name,
        str(len(records)),
        str(right),
        f"{100 * right / len(records):.0f}",
        f"{median(record.seconds for record in records):.1f}",
        *(f"{fmean(getattr(record, count) for record in records):.0f}" for count in _COUNTS),
    )


def _relevance(records: Sequence[Record]) -> str:
    """Of the cases that no function serves, how many were declined; of the others, how many were lost by declining."""
    single = [record for record in records if record.category not in MULTI_TURN]
    irrelevant = [record for record in single if record.category.endswith("irrelevance")]
    relevant = [record for record in single if not record.category.endswith("irrelevance")]
    declined = sum(not record.calls for record in irrelevant)
    lost = sum(not record.calls for record in relevant)
    parts: list[str] = []
    if irrelevant:
        parts.append(f"declined {declined} of {len(irrelevant)} irrelevant ({100 * declined / len(irrelevant):.0f} %)")
    if relevant:
        parts.append(f"lost {lost} of {len(relevant)} relevant ({100 * lost / len(relevant):.1f} %)")
    return "; ".join(parts)
