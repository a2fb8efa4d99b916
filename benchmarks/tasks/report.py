"""The table: a line for each task, then each tag, then the whole."""

from collections.abc import Sequence
from statistics import median

from benchmarks.columns import aligned
from benchmarks.tasks.results import Record

_WORDS = ("task", "tag", "", "status")
_HEAD = ("task", "", "strays", "status", "steps", "calls", "prompt", "reused", "forced", "sampled", "s")


def table(records: Sequence[Record]) -> str:
    if not records:
        return "No task was run."
    lines = [_HEAD, *(_row(record) for record in records)]
    return "\n\n".join((aligned(lines, _WORDS), aligned(_by_tag(records), _WORDS), _totals(records)))


def progress(record: Record) -> str:
    """One line about a task that has just ended."""
    why = "; ".join([*record.reasons, *record.strays])
    return f"{'ok  ' if record.solved else 'miss'} {record.id}  {record.seconds:.1f} s  {why}"[:200].rstrip()


def _row(record: Record) -> tuple[str, ...]:
    counts = (
        record.steps,
        len(record.calls),
        record.prompt_tokens,
        record.reused_tokens,
        record.forced_tokens,
        record.sampled_tokens,
    )
    strays = str(len(record.strays) or "")
    return (
        record.id,
        "ok" if record.solved else "miss",
        strays,
        record.status,
        *map(str, counts),
        f"{record.seconds:.1f}",
    )


def _by_tag(records: Sequence[Record]) -> list[tuple[str, ...]]:
    tags = sorted({tag for record in records for tag in record.tags})
    rows: list[tuple[str, ...]] = [("tag", "tasks", "solved", "%", "median s")]
    for tag in tags:
        tagged = [record for record in records if tag in record.tags]
        rows.append((tag, *_share(tagged), f"{median(record.seconds for record in tagged):.1f}"))
    return rows


def _share(records: Sequence[Record]) -> tuple[str, str, str]:
    solved = sum(record.solved for record in records)
    return str(len(records)), str(solved), f"{100 * solved / len(records):.0f}"


def _totals(records: Sequence[Record]) -> str:
    count, solved, percent = _share(records)
    read_only = [record for record in records if "read_only" in record.tags]
    output = sum(record.forced_tokens + record.sampled_tokens for record in records)
    seconds = [record.seconds for record in records]
    return (
        f"solved {solved} of {count} ({percent} %); "
        f"runs with strays {sum(bool(record.strays) for record in records)}, "
        f"{sum(bool(record.strays) for record in read_only)} of them in {len(read_only)} read-only tasks\n"
        f"median {median(seconds):.1f} s a task, {sum(seconds):.0f} s in all; "
        f"{sum(record.prompt_tokens for record in records)} prompt tokens read, {output} output tokens"
    )
