"""Memory that no process shows as its own, seen by what the whole machine has lost of it.

Shared mappings that were touched and dropped, and what waits in sockets and pipes, belong to no process. Others use
memory meanwhile too, so the bounds are wide.
"""

_KIB = 1024
_MOST_LOST = 3


class Pressure:
    """The machine's memory since a call began.

    Args:
        limit_bytes: what the program may take.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._shared, self._available = _now()

    def is_over(self) -> bool:
        """Whether shared memory has grown by more than the limit, or what is available shrunk by several times that."""
        shared, available = _now()
        return shared - self._shared > self._limit or self._available - available > _MOST_LOST * self._limit


def _now() -> tuple[int, int]:
    """Bytes of shared memory, and bytes available."""
    with open("/proc/meminfo", "rb") as stream:
        values = {line.split(b":")[0]: int(line.split()[1]) for line in stream}
    return values.get(b"Shmem", 0) * _KIB, values.get(b"MemAvailable", 0) * _KIB
