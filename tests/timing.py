"""Bounds on time that hold on a machine which others use too."""

import time
from collections.abc import Callable


def cpu_s(work: Callable[[], object], attempts: int = 3) -> float:
    """The least processor time of several attempts: what the work costs, whatever else runs beside it."""

    def once() -> float:
        started = time.thread_time()
        work()
        return time.thread_time() - started

    return min(once() for _ in range(attempts))
