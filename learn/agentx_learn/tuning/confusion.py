"""How good a classifier is: accuracy, macro-F1, and which class it takes for which, as a table and as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx.cli.text import one_line

MAX_PICTURED = 40
"""Classes beyond which the picture holds no numbers, and the table is left out."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Attributes:
    accuracy: share of the rows that are right.
    macro_f1: mean over the classes of the harmonic mean of precision and recall; a class with no row that is right
        counts 0.
    matrix: of shape (true class, told class), counts.
    """

    accuracy: float
    macro_f1: float
    matrix: Sequence[Sequence[int]]
    classes: Sequence[str]

    @property
    def figures(self) -> dict[str, float]:
        return {"accuracy": self.accuracy, "macro_f1": self.macro_f1}


def judged(true: Sequence[str], told: Sequence[str], classes: Sequence[str]) -> Judged:
    """Compares classes told with true ones, row by row; a class that neither has does not count in the mean."""
    from sklearn import metrics

    occurring = sorted({*true, *told})
    scored: Any = metrics
    f1 = scored.f1_score(true, told, average="macro", labels=occurring, zero_division=0.0)
    matrix: Any = metrics.confusion_matrix(true, told, labels=list(classes))
    return Judged(float(metrics.accuracy_score(true, told)), float(f1), matrix.tolist(), tuple(classes))


def rows_of(found: Judged) -> list[list[str]]:
    """The matrix as a table, its head first: true classes downwards, told ones across."""
    names = [one_line(name, 24) for name in found.classes]
    counts = [[name, *map(str, row)] for name, row in zip(names, found.matrix, strict=True)]
    return [["true \\ told", *names], *counts]


def picture(found: Judged, path: Path, title: str) -> None:
    """Writes the matrix as PNG, shaded by the share of each true class."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [one_line(name, 24).replace("$", r"\$") for name in found.classes]
    side = min(3.0 + 0.45 * len(names), 20.0)
    figure: Any = Figure(figsize=(side + 1, side), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = [[count / max(sum(row), 1) for count in row] for row in found.matrix]
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("told")
    axes.set_ylabel("true")
    axes.set_title(title)
    if len(names) <= MAX_PICTURED:
        for i, row in enumerate(found.matrix):
            for j, count in enumerate(row):
                shade = "white" if shares[i][j] > 0.5 else "black"
                axes.text(j, i, str(count), ha="center", va="center", color=shade)
    figure.colorbar(image, label="share of the true class")
    # Without the library's version in it, the same matrix gives the same bytes.
    figure.savefig(path, format="png", metadata={"Software": None})
