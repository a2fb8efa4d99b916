"""What a classifier's name means: an exported folder, which needs no torch, or one that `transformers` loads."""

from pathlib import Path

from agentx.cpus import short_spins
from agentx.errors import ModelNotFound
from agentx_learn.encoders.onnx_classifier import LABELS, OnnxClassifier
from agentx_learn.encoders.verdict import Classifier
from agentx_learn.extra import require


def open_classifier(name: str) -> Classifier:
    """Loads a classifier.

    Raises:
        ModelNotFound: there is no such folder, and no such model on the hub.
        ModelFileError: what is there is no classifier of texts.
        ExtraMissing: it is no exported one, and torch is not installed.
    """
    folder = Path(name).expanduser()
    if (folder / LABELS).is_file():
        return OnnxClassifier(folder)
    if not name.strip() or (name.startswith(("/", "./", "../", "~")) and not folder.is_dir()):
        raise ModelNotFound(f"There is no folder `{name}`: name one that holds a classifier, or a name of the hub.")
    require("A classifier that was not exported", "torch", "transformers")
    with short_spins():
        from agentx_learn.encoders.text_classifier import TextClassifier
    return TextClassifier(str(folder) if folder.is_dir() else name)
