"""The texts that an encoder reads, by document, parted in those that it learns from and those that judge it."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentx_learn.tuning import encoder_sources
from agentx_learn.tuning.checks import share_of
from agentx_learn.tuning.encoder_leaks import without_known
from agentx_learn.tuning.encoder_sources import MEMORY, Columns, Document, Read
from agentx_learn.tuning.rows import DataError

_ELSE = "add others, or name judging texts by --evaluate DATA"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Attributes:
    described: what the card tells of `training` and of `evaluation`.
    repeated: texts that were left out, since they stand there before, or are learnt and would judge.
    known: texts that were left out of those that judge, since they are learnt in parts (see `encoder_leaks`).
    growing: what was read of a source that may give others by the time that a run goes on, which keeps it therefore;
        none of one that stays.
    reads_memory: whether texts of the memory are learnt.
    """

    training: Sequence[Document]
    evaluation: Sequence[Document]
    described: Mapping[str, Mapping[str, Any]]
    repeated: int
    known: int = 0
    growing: Sequence[Document] = ()
    reads_memory: bool = False


def read_corpus(data: str, columns: Columns, evaluate: str, seed: int, kept: Path | None = None) -> Corpus:
    """Reads and checks all texts. Those of one document are never parted, and none judges that is learnt elsewhere.

    Args:
        data: `memory`, a text file, or rows with a column of texts (see `sources.read_table`).
        evaluate: a share of the text above 0 and below 1, or data of its own.
        seed: of the choice of that share.
        kept: where a run that is gone on with has kept the memory's texts, if it has.

    Raises:
        DataError, UsageError: something in them cannot be learnt from.
    """
    share = share_of(evaluate, "text")
    read = encoder_sources.read(data, columns, kept)
    documents, repeated = _once(read.documents, set())
    if share:
        training, evaluation = _parted(documents, share, seed)
        if not training or not evaluation:
            raise DataError(
                f"{read.name} holds one document alone, and one has to be kept to judge by that is not learnt from; "
                f"{_ELSE}."
            )
        judging = read
    else:
        training, judging = documents, encoder_sources.read(evaluate, columns, kept)
        evaluation, more = _once(judging.documents, {_plain(text) for each in training for text in each.texts})
        repeated += more
        if not evaluation:
            raise DataError(f"All texts of {judging.name} are learnt from too; name others by --evaluate.")
    evaluation, known = without_known(evaluation, training)
    if not evaluation:
        raise DataError(_nothing_new(known, judging, share))
    told = {"training": _described(read, training, columns), "evaluation": _described(judging, evaluation, columns)}
    if share:
        told["evaluation"]["share"] = share
    growing = read.documents if data == MEMORY else judging.documents if evaluate == MEMORY else ()
    return Corpus(training, evaluation, told, repeated, known, growing, reads_memory=data == MEMORY)


def _nothing_new(known: int, judging: Read, share: float) -> str:
    return (
        f"Of {judging.name}, all texts that would judge ({known:,}) stand in what is learnt from, cut otherwise or in "
        f"another version; {_ELSE if share else 'name others by --evaluate'}."
    )


def _once(documents: Iterable[Document], seen: set[str]) -> tuple[list[Document], int]:
    """The documents without the texts that were seen before, and how many these are: what stands on both sides would
    judge what is known by heart."""
    found: list[Document] = []
    repeated = 0
    for document in documents:
        texts: list[str] = []
        for text in document.texts:
            plain = _plain(text)
            if plain in seen:
                repeated += 1
            else:
                seen.add(plain)
                texts.append(text)
        if texts:
            found.append(replace(document, texts=tuple(texts)))
    return found, repeated


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _parted(documents: Sequence[Document], share: float, seed: int) -> tuple[list[Document], list[Document]]:
    """Documents to learn from and to judge by, the latter of about the share of all characters."""
    sizes = [sum(map(len, document.texts)) for document in documents]
    order = list(range(len(documents)))
    random.Random(seed).shuffle(order)
    wanted, taken = share * sum(sizes), 0
    judging: set[int] = set()
    for i in order:
        if len(judging) + 1 < len(documents) and taken + sizes[i] / 2 <= wanted:
            judging.add(i)
            taken += sizes[i]
    if not judging and len(documents) > 1:
        # Where documents are large, the smallest one has to do.
        judging.add(min(order, key=lambda i: sizes[i]))
    sides = [[each for i, each in enumerate(documents) if (i in judging) == judges] for judges in (False, True)]
    return sides[0], sides[1]


def _described(read: Read, documents: Sequence[Document], columns: Columns) -> dict[str, Any]:
    texts = [text for document in documents for text in document.texts]
    return {
        **read.described,
        "name": read.name,
        "columns": {"text": columns.text, "group": columns.group},
        "documents": len(documents),
        "rows": len(texts),
        "characters": sum(map(len, texts)),
        "untrusted_documents": sum(each.untrusted for each in documents),
    }
