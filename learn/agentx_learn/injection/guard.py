"""The guard `injection`: a classifier that looks for text which gives a model orders, window by window.

It needs onnxruntime alone. Its weights are in no package: `agentx tune guard` trains them on this machine.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from agentx.errors import ModelFileError
from agentx.guard import Finding, Place
from agentx.guards.options import require_known
from agentx_learn.windowed import WindowedClassifier, folder_of, opened, threshold_of, trained

LABEL = "injection"
CUT_FILE = "guard.json"


class Injection:
    """A Guard (see `agentx.guard`). Its model is loaded at the first check, once for all guards that name it.

    Its table may name another exported classifier with a label `injection` as `model` (a folder), and as `threshold`
    the score below which nothing is told; the highest score of a text's windows is what counts.

    Raises:
        ConfigError: the table holds something else.
    """

    name = "injection"
    kinds = frozenset({LABEL})

    def __init__(self, settings: Mapping[str, Any]) -> None:
        require_known(self.name, settings, "model", "threshold")
        self._folder = folder_of(self.name, settings) or trained(self.name)
        self._threshold = threshold_of(self.name, settings)

    def check(self, text: str, place: Place) -> list[Finding]:
        """A finding for each window whose score reaches the threshold.

        Raises:
            ModelNotFound: the guard has no model yet.
            ModelFileError: its model is damaged, or knows no injections.
        """
        return [
            Finding(LABEL, score, start, end, "text that gives a model orders")
            for start, end, score in self.scores(text)
            if score >= self._threshold
        ]

    def scores(self, text: str) -> list[tuple[int, int, float]]:
        """Begin, end and score of each window."""
        if not text.strip():
            return []
        classifier, cut = _open(self._folder)
        return [(start, end, _shifted(found[LABEL], cut)) for start, end, found in classifier.judge(text)]


def _open(folder: Path) -> tuple[WindowedClassifier, float]:
    told = f"The guard `injection` has no model in {folder}; `agentx tune guard` trains it within minutes, or turn "
    classifier = opened(folder, f"{told}the guard off.")
    if LABEL not in classifier.labels:
        raise ModelFileError(f"{folder} holds a classifier without a class `{LABEL}`; name another model of the guard.")
    return classifier, _cut(folder)


def write_cut(folder: Path, cut: float) -> None:
    """Says beside a model from which probability on a text is as likely an injection as not, where that is not 0.5:
    what a classifier thinks likely follows from how many injections it was trained on, and in use they are rare.

    Args:
        cut: above 0 and below 1; the guard's scores are 0.5 there.
    """
    (folder / CUT_FILE).write_text(json.dumps({"cut": cut}) + "\n", encoding="utf-8")


@lru_cache(maxsize=4)
def _cut(folder: Path) -> float:
    try:
        cut = float(json.loads((folder / CUT_FILE).read_text(encoding="utf-8"))["cut"])
    except FileNotFoundError:
        return 0.5
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{folder / CUT_FILE} cannot be read; `agentx tune guard` makes it again.") from error
    if not 0 < cut < 1:
        raise ModelFileError(f"{folder / CUT_FILE} holds no probability; `agentx tune guard` makes it again.")
    return cut


def _shifted(probability: float, cut: float) -> float:
    """The probability once the odds at the cut are even."""
    for_it, against_it = probability * (1 - cut), (1 - probability) * cut
    return for_it / (for_it + against_it) if for_it + against_it else 0.0
