"""The rows that a classifier learns from, those that judge it after each epoch, and those that are kept for the end."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from agentx.cli.text import one_line
from agentx_learn.encoders.verdict import Text
from agentx_learn.tuning.checks import labels_of, refuse_twice, require_column, share_of, texts_of
from agentx_learn.tuning.rows import DataError, Table
from agentx_learn.tuning.sources import read_table


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns that count; rows with the same `group` are never split."""

    text: str = "text"
    label: str = "label"
    pair: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts and their classes, in order; `described` is what the card tells of them."""

    texts: Sequence[Text]
    labels: Sequence[str]
    described: Mapping[str, Any]

    def chosen(self, rows: Sequence[int]) -> "Labelled":
        texts, labels = [self.texts[i] for i in rows], [self.labels[i] for i in rows]
        return Labelled(texts, labels, {**self.described, "rows": len(rows), "classes": _counted(labels)})


@dataclass(frozen=True, slots=True)
class Sets:
    """Attributes:
    classes: sorted.
    test: None where none was named.
    """

    training: Labelled
    evaluation: Labelled
    test: Labelled | None
    classes: tuple[str, ...]

    def licensed(self, licence: str) -> "Sets":
        """The same, with what the card tells of the data's licence."""

        def told(one: Labelled) -> Labelled:
            return replace(one, described={**one.described, "licence": licence})

        test = None if self.test is None else told(self.test)
        return replace(self, training=told(self.training), evaluation=told(self.evaluation), test=test)

    @property
    def all(self) -> dict[str, Labelled]:
        """By name, those that are there."""
        named = {"training": self.training, "evaluation": self.evaluation}
        return named | ({"test": self.test} if self.test is not None else {})


def read_sets(data: str, columns: Columns, evaluate: str, test: str | None, seed: int) -> Sets:
    """Reads and checks all rows.

    Args:
        data, test: see `sources.read_table`.
        evaluate: a share of `data` above 0 and below 1, or data of its own.
        seed: of the choice of that share.

    Raises:
        DataError, UsageError: something in them cannot be learnt from.
    """
    share = share_of(evaluate, "rows")
    table = read_table(data)
    rows = _labelled(table, columns, least=2 if share else 1)
    classes = tuple(sorted(set(rows.labels)))
    if share:
        groups = _groups(table, columns, rows.texts)
        judging = _judging(rows, groups, share, seed)
        _check_split(rows, judging, table.name, columns)
        training = rows.chosen([i for i in range(len(rows.texts)) if i not in judging])
        evaluation = rows.chosen(sorted(judging))
        evaluation = replace(evaluation, described={**evaluation.described, "share": share})
    else:
        training, evaluation = rows, _others(evaluate, columns, classes)
    return Sets(training, evaluation, _others(test, columns, classes) if test is not None else None, classes)


def _labelled(table: Table, columns: Columns, least: int) -> Labelled:
    texts = _texts(table, columns)
    labels = labels_of(table, columns.label, "--label", least)
    refuse_twice(table)
    return _described(table, columns, texts, labels)


def _others(data: str, columns: Columns, classes: Sequence[str]) -> Labelled:
    """Rows that judge: of them all must be of known classes, and one class is enough."""
    table = read_table(data)
    texts = _texts(table, columns)
    require_column(table, columns.label, "--label")
    labels = [str(row.values[columns.label]).strip() for row in table.rows]
    known = set(classes)
    if strange := [row.number for row, label in zip(table.rows, labels, strict=True) if label not in known]:
        first = next(label for label in labels if label not in known)
        raise DataError(
            f"{table.name}, {table.at(strange)}: the class `{one_line(first, 60)}` is none of those that are learnt "
            f"({one_line(', '.join(classes), 120)})."
        )
    refuse_twice(table)
    return _described(table, columns, texts, labels)


def _texts(table: Table, columns: Columns) -> list[Text]:
    first = texts_of(table, columns.text, "--text")
    if columns.pair is None:
        return list(first)
    return list(zip(first, texts_of(table, columns.pair, "--pair"), strict=True))


def _described(table: Table, columns: Columns, texts: Sequence[Text], labels: Sequence[str]) -> Labelled:
    told = {
        "name": table.name,
        "sha256": table.sha256,
        "licence": table.licence,
        "columns": asdict(columns),
        "rows": len(texts),
        "classes": _counted(labels),
    }
    return Labelled(texts, labels, told)


def _counted(labels: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(labels).items()))


def _groups(table: Table, columns: Columns, texts: Sequence[Text]) -> list[str]:
    """Of each row what it may not be parted from: the same text written in another way, or its group."""
    if columns.group is None:
        return [" ".join(str(text).lower().split()) for text in texts]
    require_column(table, columns.group, "--group")
    return [str(row.values[columns.group]) for row in table.rows]


def _judging(rows: Labelled, groups: Sequence[str], share: float, seed: int) -> set[int]:
    """Rows that judge: of each class about the share, whole groups at random."""
    members: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    order = sorted(members)
    random.Random(seed).shuffle(order)
    wanted = {label: max(1.0, share * count) for label, count in Counter(rows.labels).items()}
    left = Counter(rows.labels)
    taken: Counter[str] = Counter()
    judging: set[int] = set()
    for group in order:
        own = Counter(rows.labels[i] for i in members[group])
        # A class must have some on both sides.
        if all(taken[label] + count / 2 <= wanted[label] and left[label] > count for label, count in own.items()):
            taken += own
            left -= own
            judging.update(members[group])
    for label in wanted:
        # Where groups are large, the smallest one has to do.
        for group in sorted(order, key=lambda each: len(members[each])) if not taken[label] else ():
            own = Counter(rows.labels[i] for i in members[group])
            if own[label] and all(left[each] > count for each, count in own.items()):
                taken += own
                left -= own
                judging.update(members[group])
                break
    return judging


def _check_split(rows: Labelled, judging: set[int], name: str, columns: Columns) -> None:
    for label in sorted(set(rows.labels)):
        sides = {i in judging for i, each in enumerate(rows.labels) if each == label}
        if len(sides) == 1:
            why = f"column `{columns.group}`" if columns.group else "text"
            raise DataError(
                f"{name}: the rows of the class `{one_line(label, 60)}` all have the same {why}, or nearly all, so "
                "that none can be kept for evaluation; add others, or name data by --evaluate."
            )
