"""Forks a contender's processes and shoots them, so that each begins with its imports done. Standard library alone.

`python -m benchmarks.durability.nursery MODULE` reads jobs from stdin, a JSON object a line, and answers each with how
its process ended. The module's `work(job)` returns the exit code. What it says goes to `log` in the job's folder.
"""

import importlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

MAX_S = 300.0
"""How long a process may take; one that hangs is ended and shows as that."""


def main() -> int:
    work = importlib.import_module(sys.argv[1]).work
    for line in sys.stdin:
        job = json.loads(line)
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            return _child(work, job)
        code = _ended(pid, job.get("kill_after_s"))
        print(json.dumps({"code": code, "elapsed_s": time.monotonic() - began}), flush=True)
    return 0


def _child(work: Any, job: dict[str, Any]) -> int:
    log = os.open(Path(job["folder"]) / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    return work(job)


def _ended(pid: int, kill_after_s: float | None) -> int:
    """The exit code, negative for a signal."""
    descriptor = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([descriptor], [], [], MAX_S if kill_after_s is None else kill_after_s)
        if not ready:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL if kill_after_s is not None else signal.SIGABRT)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
