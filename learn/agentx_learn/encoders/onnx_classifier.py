"""A classifier that was exported: onnxruntime and a tokenizer, no torch."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agentx.cpus import default_threads
from agentx.errors import ModelFileError
from agentx_learn.encoders.batches import Batches
from agentx_learn.encoders.verdict import Text, Verdict, verdicts

MODEL, TOKENIZER, LABELS = "model.onnx", "tokenizer.json", "classifier.json"


class OnnxClassifier:
    """A Classifier (see `agentx_learn.encoders.verdict.Classifier`) on onnxruntime.

    Each text is computed by itself, so that its verdict does not depend on those beside it: with weights of 8 bits the
    texts of a batch share a scale.

    Args:
        folder: as `agentx_learn.encoders.export.export` writes it.
        threads: CPU threads; None for what suits the machine.

    Raises:
        ModelFileError: a file of it is missing or damaged.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        try:
            described = json.loads((folder / LABELS).read_text(encoding="utf-8"))
            self.name = str(described["name"])
            self.labels = tuple(map(str, described["labels"]))
            self.max_tokens = int(described["max_tokens"])
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            options: Any = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            options.intra_op_num_threads = threads or default_threads()
            self._session: Any = onnxruntime.InferenceSession(
                str(folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
            self._inputs = [each.name for each in self._session.get_inputs()]
            self._batches = Batches(tokenizer, self.max_tokens, int(described["padding"]))
        # The tokenizer and onnxruntime raise what they like.
        except Exception as error:
            why = " ".join(str(error).split())[:200].rstrip(".")
            raise ModelFileError(
                f"{folder} holds no exported classifier ({why}); export it again by `agentx classify --export`."
            ) from error
        self._lock = threading.Lock()

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        return [self._one(text) for text in texts]

    def _one(self, text: Text) -> Verdict:
        arrays = self._batches.arrays([text])
        with self._lock:
            (logits,) = self._session.run(None, {name: arrays[name] for name in self._inputs})
        (found,) = verdicts(np.asarray(logits), self.labels)
        return found
