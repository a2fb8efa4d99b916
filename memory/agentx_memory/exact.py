"""Exact nearest neighbours: every vector is compared."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ExactIndex:
    """Vectors of unit length with their ids, which rise from row to row; rows come and go without a copy of the rest.

    A search may run while another thread adds or removes rows: it sees those from before or those from after.

    Args:
        dimensions: floats of a vector.
    """

    def __init__(self, dimensions: int) -> None:
        import numpy as np

        self._rows: tuple[NDArray[np.int64], NDArray[np.float32]] = (
            np.empty(0, np.int64),
            np.empty((0, dimensions), np.float32),
        )
        self._spare_ids: NDArray[np.int64] = self._rows[0]
        self._spare: NDArray[np.float32] = self._rows[1]

    def __len__(self) -> int:
        return len(self._rows[0])

    @property
    def ids(self) -> "NDArray[np.int64]":
        return self._rows[0]

    def reserve(self, rows: int) -> None:
        """Makes room for so many rows in all, so that adding them copies nothing."""
        import numpy as np

        if rows <= len(self._spare_ids):
            return
        ids, vectors = self._rows
        self._spare_ids = np.empty(rows, np.int64)
        self._spare = np.empty((rows, vectors.shape[1]), np.float32)
        self._spare_ids[: len(ids)] = ids
        self._spare[: len(ids)] = vectors
        self._rows = self._spare_ids[: len(ids)], self._spare[: len(ids)]

    def add(self, ids: Sequence[int], vectors: bytes) -> None:
        """Appends rows.

        Args:
            ids: each larger than all before.
            vectors: the rows as little-endian float32, one after the other.
        """
        import numpy as np

        start, end = len(self), len(self) + len(ids)
        if end > len(self._spare_ids):
            self.reserve(max(end, 2 * start))
        self._spare_ids[start:end] = ids
        self._spare[start:end] = np.frombuffer(vectors, "<f4").reshape(len(ids), -1)
        self._rows = self._spare_ids[:end], self._spare[:end]

    def remove(self, ids: Sequence[int]) -> None:
        """Takes rows out; ids that are not here are passed over."""
        import numpy as np

        held, vectors = self._rows
        keep = ~np.isin(held, np.asarray(ids, np.int64))
        if not keep.all():
            self._spare_ids, self._spare = held[keep], vectors[keep]
            self._rows = self._spare_ids, self._spare

    def nearest(
        self, vector: "NDArray[np.float32]", limit: int, among: "NDArray[np.int64] | None" = None
    ) -> list[tuple[int, float]]:
        """Ids and cosine similarities of the nearest rows, best first; of equal ones the earlier first.

        Args:
            among: the ids that may be found, rising; None for all.
        """
        import numpy as np

        ids, vectors = self._rows
        if among is None or not len(ids):
            return top(ids, vectors @ vector, limit)
        rows = np.minimum(np.searchsorted(ids, among), len(ids) - 1)
        rows = rows[ids[rows] == among]
        # Gathering many rows takes longer than comparing all.
        scores = vectors[rows] @ vector if 4 * len(rows) < len(ids) else (vectors @ vector)[rows]
        return top(ids[rows], scores, limit)


def top(ids: "NDArray[np.int64]", scores: "NDArray[np.float32]", limit: int) -> list[tuple[int, float]]:
    """The best-scored ids with their scores, best first; of equal ones the earlier first."""
    import numpy as np

    if limit < 1 or not len(ids):
        return []
    if limit < len(ids):
        # All that reach the last place, so that of equal ones the earlier is taken.
        least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        rows = np.flatnonzero(scores >= least)
    else:
        rows = np.arange(len(ids))
    best = rows[np.argsort(-scores[rows], kind="stable")[:limit]]
    return list(zip(ids[best].tolist(), scores[best].tolist(), strict=True))
