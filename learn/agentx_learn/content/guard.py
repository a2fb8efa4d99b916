"""The guard `content`: a classifier of what a text is about, window by window; each of its labels is a kind.

It needs onnxruntime alone. `agentx tune guard content` trains one that knows requests for what harms people (`harmful`)
and insults, threats, hate and explicit texts (`toxic`); `agentx tune classifier` one of labels of the user's own.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from agentx.errors import ModelFileError
from agentx.guard import Finding, Place
from agentx.guards.options import require_known, texts
from agentx_learn.windowed import folder_of, opened, threshold_of, trained

HARMFUL, TOXIC, BENIGN = "harmful", "toxic", "benign"
THRESHOLD = 0.8
"""By a draw of ordinary tool results other than the measured one: 2.0 % are above it, pages of manuals all of them."""
LABELS_FILE = "classifier.json"
"""That of `onnx_classifier`, which takes longer to import than a guard may take to be made."""


class Content:
    """A Guard (see `agentx.guard`). Its model is loaded at the first check, once for all guards that name it.

    Its table may name an exported classifier as `model` (a folder), as `benign` the labels of which nothing is told
    (`["benign"]`), and as `threshold` the score below which nothing is told of the others (0.8).

    Raises:
        ConfigError: the table holds something else.
    """

    name = "content"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        require_known(self.name, settings, "model", "benign", "threshold")
        self._folder = folder_of(self.name, settings) or trained(self.name)
        self._benign = texts(self.name, settings, "benign", (BENIGN,))
        self._threshold = threshold_of(self.name, settings, THRESHOLD)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The labels that are not benign, read from the small file beside the model; where there is none yet, those of
        the model that `agentx tune guard content` trains."""
        try:
            labels = json.loads((self._folder / LABELS_FILE).read_text(encoding="utf-8"))["labels"]
        except (OSError, ValueError, KeyError, TypeError):
            labels = [HARMFUL, TOXIC]
        return frozenset(map(str, labels)) - set(self._benign)

    def check(self, text: str, place: Place) -> list[Finding]:
        """A finding for each window and each label that is not benign and reaches the threshold.

        Raises:
            ModelNotFound: the guard has no model yet.
            ModelFileError: its model is damaged, or knows none of the labels that are to be benign.
        """
        if not text.strip():
            return []
        told = f"The guard `content` has no model in {self._folder}; `agentx tune guard content` trains one"
        classifier = opened(self._folder, f"{told}, or turn the guard off.")
        if not set(self._benign) & set(classifier.labels):
            raise ModelFileError(
                f"{self._folder} holds a classifier without a class {' or '.join(self._benign)}: set `benign` of the "
                f"guard `content` to those of its classes ({', '.join(classifier.labels)}) of which nothing is told."
            )
        return [
            Finding(label, score, start, end, f"a text of the class {label}")
            for start, end, found in classifier.judge(text)
            for label, score in found.items()
            if label not in self._benign and score >= self._threshold
        ]
