"""Exact nearest neighbours: every vector is compared."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ExactIndex:
    """Vectors of unit length, with their ids.

    Args:
        ids: one for each row.
        vectors: shape (ids, dimensions).
    """

    def __init__(self, ids: Sequence[str], vectors: "NDArray[np.floating]") -> None:
        self._ids = ids
        self._vectors = vectors.astype("float32")

    def nearest(self, vector: "NDArray[np.float32]", limit: int) -> list[tuple[str, float]]:
        """Ids and cosine similarities of the nearest rows, best first; of equal ones the earlier first."""
        import numpy as np

        scores = self._vectors @ vector
        order: list[int] = np.argsort(-scores, kind="stable")[:limit].tolist()
        return [(self._ids[row], float(scores[row])) for row in order]
