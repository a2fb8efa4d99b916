"""The Protocol of an embedder: texts to vectors that lie near each other where the texts mean the like."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agentx.models.progress import ProgressSink


class Embedder(Protocol):
    """Made without arguments by an entry point of the group `agentx.embedders`. Calls block; threads may share one."""

    @property
    def name(self) -> str:
        """Vectors of two models never mix: the name tells models apart."""
        ...

    def load(self, progress: "ProgressSink | None" = None) -> None:
        """Gets ready what `embed` needs, and fetches it if it has to be; does nothing the second time.

        Raises:
            AgentXError: it cannot be had.
        """
        ...

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row for each text, of unit length."""
        ...
