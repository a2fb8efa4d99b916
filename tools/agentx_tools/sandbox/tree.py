"""The processes that a process has started, and what they take, as /proc tells (`man 5 proc`)."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

_KIB = 1024


def below(process: int) -> list[int]:
    """The processes that this one started, and those that they started, and so on; it is not among them.

    One that is handed to another parent at this moment may be missing.
    """
    found: list[int] = []
    waiting = [process]
    while waiting:
        children = list(_children(waiting.pop()))
        found += children
        waiting += children
    return found


def _children(process: int) -> Iterator[int]:
    for thread in _threads(process):
        with suppress(OSError), open(f"/proc/{process}/task/{thread}/children", "rb") as stream:
            yield from map(int, stream.read().split())


def most_tasks_below(process: int) -> int:
    """How many threads there are below a process, one too many rather than one too few.

    A process whose parent ended while all were looked at counts, wherever it belongs, and one that has ended and was
    not waited for counts too.
    """
    statuses = {int(name): _status(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    inside = {process}
    waiting = {each: int(status[_PARENT]) for each, status in statuses.items()}
    while found := [
        each for each, parent in waiting.items() if parent in inside or (parent and parent not in statuses)
    ]:
        inside.update(found)
        for each in found:
            del waiting[each]
    return sum(max(1, int(status[_THREADS])) for each, status in statuses.items() if each in inside - {process})


def state(task: int) -> str:
    """One letter, as `ps` shows it: R running, S asleep, Z ended and not waited for; X where there is none."""
    return _status(task)[0].decode()


def is_alive(process: int) -> bool:
    """Whether any thread of it runs: the first may have ended before the others, and then it looks ended."""
    status = _status(process)
    return status[0] not in b"ZX" or int(status[_THREADS]) > 1


_PARENT, _THREADS = 1, 17
_GONE = [b"X"] + [b"0"] * _THREADS


def _status(process: int) -> list[bytes]:
    """The fields of its /proc/*/stat from the third on, the state."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            # The name of the program stands in parentheses and may hold anything.
            return stream.read().rpartition(b")")[2].split()
    except OSError:
        return _GONE


def memory_bytes(processes: list[int], enough: int) -> int:
    """What they hold in memory and swap, beside the pages of files.

    Pages that several processes share are counted once, but only where counting them for each makes more than `enough`:
    that takes a walk over the page tables.
    """
    quick = sum(_own(process)[0] for process in processes)
    if quick <= enough:
        return quick
    return sum(_shared_fairly(process) for process in processes)


_IN_MEMORY, _PAGE_TABLES = (b"RssAnon:", b"RssShmem:", b"VmSwap:", b"HugetlbPages:"), (b"VmPTE:",)
_SHARED_FAIRLY = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:", b"Private_Hugetlb:", b"Shared_Hugetlb:")


def _own(process: int) -> tuple[int, int]:
    """All that it holds, and of it the page tables. A thread that still runs is asked: one that ended holds none."""
    for thread in _threads(process):
        path = f"/proc/{process}/task/{thread}/status"
        if pages := _sum_of(path, _IN_MEMORY):
            tables = _sum_of(path, _PAGE_TABLES) or 0
            return pages + tables, tables
    return 0, 0


def _shared_fairly(process: int) -> int:
    whole, tables = _own(process)
    exact = _sum_of(f"/proc/{process}/smaps_rollup", _SHARED_FAIRLY)
    return whole if not exact else exact + tables


def _threads(process: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{process}/task")
    except OSError:
        return []


def _sum_of(path: str, names: tuple[bytes, ...]) -> int | None:
    try:
        with open(path, "rb") as stream:
            return sum(int(line.split()[1]) for line in stream if line.startswith(names)) * _KIB
    except (OSError, ValueError, IndexError):
        return None


def kill(process: int, spared: int, within_s: float = 5.0) -> bool:
    """Kills all below the process but the spared one, until none is left; False if some will not go.

    They must be kept from starting others meanwhile.
    """
    deadline = time.monotonic() + within_s
    empty = 0
    while time.monotonic() < deadline:
        left = [each for each in below(process) if each != spared and is_alive(each)]
        # Twice, for one may have been on its way from a parent that was killed.
        empty = 0 if left else empty + 1
        if empty == 2:
            return True
        for each in left:
            with suppress(OSError):
                os.kill(each, signal.SIGKILL)
        reap(spared)
        if left:
            time.sleep(0.001)
    return False


def reap(spared: int) -> None:
    """Takes note of the children that have ended: those whose parent ended before them come to this process."""
    with suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != spared:
            os.waitpid(ended.si_pid, 0)
