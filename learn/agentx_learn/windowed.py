"""A classifier over a text of any length, window by window: what guards on classifiers share. Needs no torch."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from agentx.errors import ConfigError, ModelNotFound
from agentx.folders import data_dir

THRESHOLD = 0.5
Judged: TypeAlias = tuple[int, int, Mapping[str, float]]
"""Begin and end of a window, in characters, and the probability of each label."""
_loading = threading.Lock()


def trained(guard: str) -> Path:
    """Where `agentx tune guard` puts the model of a guard."""
    return data_dir() / "guards" / guard


class WindowedClassifier:
    """Safe to use from several threads.

    Args:
        folder: of an exported classifier.

    Raises:
        ModelFileError: it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        from agentx_learn.encoders.onnx_classifier import TOKENIZER, OnnxClassifier
        from agentx_learn.windows import Windows

        self._classifier = OnnxClassifier(folder)
        self._windows = Windows(folder / TOKENIZER, self._classifier.max_tokens)
        self.labels = self._classifier.labels

    def judge(self, text: str) -> list[Judged]:
        """What each window of a text is; empty for one without a token."""
        spans = self._windows.of(text)
        verdicts = self._classifier.classify([text[start:end] for start, end in spans])
        return [(*span, verdict.probabilities) for span, verdict in zip(spans, verdicts, strict=True)]


def opened(folder: Path, missing: str) -> WindowedClassifier:
    """The classifier of a folder, loaded once for all that name it.

    Raises:
        ModelNotFound: there is none in the folder; with the sentence `missing`.
        ModelFileError: it is damaged.
    """
    from agentx_learn.encoders.onnx_classifier import LABELS

    if not (folder / LABELS).is_file():
        raise ModelNotFound(missing)
    with _loading:
        return _open(folder)


@lru_cache(maxsize=4)
def _open(folder: Path) -> WindowedClassifier:
    return WindowedClassifier(folder)


def folder_of(guard: str, settings: Mapping[str, Any]) -> Path | None:
    """The folder that a guard's table names as `model`; None without one. Raises ConfigError for what is no text."""
    folder = settings.get("model", "")
    if not isinstance(folder, str):
        raise ConfigError(f"The guard `{guard}`: `model` must be a folder, not {folder!r:.100}.")
    return Path(folder).expanduser() if folder else None


def threshold_of(guard: str, settings: Mapping[str, Any], default: float = THRESHOLD) -> float:
    """The score below which a guard tells nothing. Raises ConfigError for what is no number from 0 to 1."""
    threshold = settings.get("threshold", default)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise ConfigError(f"The guard `{guard}`: `threshold` must be from 0 to 1, not {threshold!r:.100}.")
    return float(threshold)
