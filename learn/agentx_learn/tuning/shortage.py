"""That there is no memory for a step of training, as a sentence; knows no torch."""

import contextlib
from collections.abc import Generator

from agentx.errors import AgentXError, ModelError

_TOLD = ("out of memory", "allocate memory")
"""What is in the words of torch, of its allocators and of the system."""


@contextlib.contextmanager
def memory_told() -> Generator[None]:
    """Raises ModelError for whatever within it says that memory has run out."""
    try:
        yield
    except AgentXError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _TOLD):
            raise ModelError(
                "There is no memory for a step of training; choose a smaller --batch or a smaller model."
            ) from error
        raise
