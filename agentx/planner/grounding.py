"""Whether an answer says only what the run has seen: each figure in it must stand in the task or in a result."""

import re
from collections.abc import Iterable

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def unsupported_figures(answer: str, sources: Iterable[str]) -> list[str]:
    """Figures of the answer that stand in none of the sources, as they are written.

    `1,234.50`, `1234.5` and `1234.500` are the same; a figure is also supported where a source's figure rounds to it.
    """
    known = {value for source in sources for text in _FIGURE.findall(source) for value in _values(text)}
    return [text for text in _FIGURE.findall(answer) if not any(_supported(value, known) for value in _values(text))]


def _values(text: str) -> list[float]:
    """What a figure may mean: commas as thousands or as the decimal mark, and a run with several points (a date, a
    version, a clock) as its parts."""
    readings = [text.replace(",", ""), text.replace(".", "").replace(",", ".")]
    values: list[float] = []
    for reading in readings:
        try:
            values.append(float(reading))
        except ValueError:
            values += [float(part) for part in re.split(r"[.,]", text)]
    return values


def _supported(value: float, known: set[float]) -> bool:
    if value in known:
        return True
    decimals = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    return any(round(source, decimals) == value for source in known)
