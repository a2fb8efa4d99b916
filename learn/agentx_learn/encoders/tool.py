"""The tool `classify_text`; loads its model at the first call."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agentx.errors import ModelError, ToolError, UsageError
from agentx.tool import ToolContext, tool
from agentx_learn.encoders.opening import open_classifier
from agentx_learn.encoders.verdict import Classifier

TIMEOUT_S = 120.0
_loading = threading.Lock()


@tool(timeout_s=TIMEOUT_S, idempotent=True)
def classify_text(text: str, context: ToolContext) -> str:
    """Says of which class a text is, and how likely.

    Args:
        text: what is judged.
    """
    try:
        with _loading:
            classifier = _classifier(_named(context.settings))
    except (ModelError, UsageError) as error:
        raise ToolError(str(error)) from error
    (verdict,) = classifier.classify([text])
    ranked = sorted(verdict.probabilities.items(), key=lambda item: -item[1])
    return ", ".join(f"{label} {probability:.3f}" for label, probability in ranked)


def _named(settings: Mapping[str, Any]) -> str:
    name = settings.get("model")
    if not isinstance(name, str) or not name:
        raise ToolError(
            "No classifier is set up: name one as `model` in the table [tools.classify_text] of the settings."
        )
    return name


@lru_cache(maxsize=4)
def _classifier(name: str) -> Classifier:
    return open_classifier(name)
