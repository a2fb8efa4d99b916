"""The processor: what it can do, and how many threads a decoder should have, since more than the cores at hand collapse
it: they spin."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

_SPINS = "1000"
"""Rounds that a thread spins at a barrier before it sleeps, some 50 microseconds. Measured on 2 cores: as quick as the
default of 300,000 on a quiet machine, and 10 to 50 times as quick beside one other busy thread, where the default
spins away the time in which the other decoder thread could run."""


def default_threads() -> int:
    """Physical cores, scheduling affinity and cgroup quota: the least of them, but never 1 where 2 CPUs are usable."""
    usable = usable_cpus()
    threads = min(usable, _physical_cores() or usable)
    return max(threads, min(usable, 2), 1)


def usable_cpus() -> int:
    """CPUs that this process may use: scheduling affinity or cgroup quota, whichever is less."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _quota())


def _quota() -> int:
    """CPUs that the cgroup grants, rounded up; a large number where there is no quota."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        return 10_000


def _physical_cores() -> int | None:
    """Distinct cores of the CPUs that this process may run on; None where the system does not tell."""
    cores: set[tuple[str, str]] = set()
    try:
        for cpu in os.sched_getaffinity(0):
            topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
            cores.add(((topology / "physical_package_id").read_text(), (topology / "core_id").read_text()))
    except (OSError, AttributeError):
        return None
    return len(cores) or None


def instructions() -> set[str]:
    """Names of the processor's vector instructions and other features, as Linux gives them; empty elsewhere."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return set(line.partition(":")[2].split())
    except OSError:
        pass
    return set()


@contextlib.contextmanager
def short_spins() -> Generator[None]:
    """Within it, an OpenMP runtime (libgomp) that is loaded takes the short spin, unless the user chose another.

    It reads the variable once, when it is loaded; processes started later never see it.
    """
    chosen = "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ
    if not chosen:
        os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        yield
    finally:
        if not chosen:
            os.environ.pop("GOMP_SPINCOUNT", None)
