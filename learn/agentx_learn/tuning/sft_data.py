"""What DATA of `agentx tune sft` means, and its traces parted in those that are learnt and those that judge."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentx_learn.tuning import journal_data, messages_data
from agentx_learn.tuning.rows import DataError
from agentx_learn.tuning.sources import read_table
from agentx_learn.tuning.traces import Trace, unseen_split

MIN_TRACES = 2


@dataclass(frozen=True, slots=True)
class Traces:
    """Attributes:
    described: what the card tells of all of them.
    left_out: reason -> runs of the journal that are not among them.
    grows: whether their source may give others by the time that a run goes on, which has to keep them therefore.
    """

    training: Sequence[Trace]
    evaluation: Sequence[Trace]
    described: Mapping[str, Any]
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    grows: bool = False

    @property
    def all(self) -> list[Trace]:
        """As they were read, in order."""
        return sorted([*self.training, *self.evaluation], key=lambda trace: trace.number)


def read_traces(data: str, share: float, seed: int, kept: Path | None = None) -> Traces:
    """Reads and checks all traces.

    Args:
        data: `journal`, a file of `agentx sessions export`, or rows of messages as JSONL or a dataset.
        share: of the traces, that judges and is not learnt from.
        seed: of the choice of that share.
        kept: where a run that is gone on with has kept the journal's traces, if it has.

    Raises:
        DataError: there are too few, or something in them cannot be learnt from.
    """
    name, traces, sha256, licence, left_out = _read(data, kept)
    order = list(range(len(traces)))
    random.Random(seed).shuffle(order)
    training, evaluation = unseen_split(traces, share, order)
    if len(traces) < MIN_TRACES or not evaluation:
        raise DataError(
            f"{name} has {len(traces)} traces, of requests that are all the same; there have to be two that differ at "
            "least, one to learn from and one to judge by."
        )
    with_tools = sum(trace.uses_tools for trace in traces)
    told = {
        "name": name,
        "rows": len(traces),
        "with_calls": with_tools,
        "sha256": sha256,
        "licence": licence,
        "evaluation_share": share,
    }
    return Traces(training, evaluation, told, left_out, data == journal_data.JOURNAL)


def _read(data: str, kept: Path | None) -> tuple[str, list[Trace], str, str, Mapping[str, int]]:
    """Name, traces, digest, licence, and what was left out."""
    if data == journal_data.JOURNAL and kept is not None and kept.is_file():
        read = journal_data.read_kept_journal(kept)
        return "the journal", read.traces, read.sha256, "", {}
    if data == journal_data.JOURNAL:
        from agentx.journal import Journal

        journal = Journal.existing()
        try:
            read = journal_data.read_journal(journal)
        finally:
            journal.close()
        return "the journal", read.traces, read.sha256, "", read.left_out
    path = Path(data).expanduser()
    if path.is_file() and _is_export(path):
        read = journal_data.read_export(path)
        return path.name, read.traces, read.sha256, "", read.left_out
    table = read_table(data)
    return table.name, messages_data.traces_of(table), table.sha256, table.licence, {}


def _is_export(path: Path) -> bool:
    """Whether a file begins as `agentx sessions export` does, with the word of what its lines are."""
    try:
        with path.open("rb") as file:
            return b'"agentx_session"' in file.read(200)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name a file that you may read.") from error
