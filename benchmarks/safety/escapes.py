"""Runs the probes in a sandbox or in a plain subprocess, as this user or as nobody, and counts those that get out.

    python -m benchmarks.safety.escapes                       # both levels, as this user and, for root, as nobody
    python -m benchmarks.safety.escapes --plain               # a subprocess with a time limit, as nobody alone

Uses the standard library and `agentx_tools.sandbox` alone: nobody cannot read this project's folder, so a copy is run.
"""

import argparse
import asyncio
import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from agentx_tools.sandbox import tree
from agentx_tools.sandbox.client import Sandbox
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level

from benchmarks.safety.probe import Probe
from benchmarks.safety.probes import PRELUDE, PROBES
from benchmarks.safety.world import World

LIMITS = Limits(timeout_s=3)
GRACE_S = 1.0
"""A limit is enforced within this time of being passed."""
SOFT_DISK_BYTES = 2 * LIMITS.disk_bytes
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Outcome:
    """`why` is empty where the probe did not get out."""

    probe: str
    kind: str
    why: str
    seconds: float


class Watch:
    """The most tasks and the most memory that were alive below a process, looked at from outside."""

    def __init__(self, process: int) -> None:
        self.tasks = self.memory_bytes = 0
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            alive = tree.below(self._process)
            self.tasks = max(self.tasks, len(alive))
            self.memory_bytes = max(self.memory_bytes, tree.memory_bytes(alive, LIMITS.memory_bytes))


def source(probe: Probe, world: World) -> str:
    return f"{PRELUDE}\nW = {world.values()!r}\n{probe.code}"


async def confined(world: World, level: Level, probes: list[Probe]) -> list[Outcome]:
    """Each probe in the same sandbox, as calls of a session are."""
    world.renew()
    sandbox = Sandbox(world.workspace, levels=[level], modules=["agentx_tools._runner"])
    await sandbox.start()
    outcomes: list[Outcome] = []
    for probe in probes:
        world.renew()
        if not sandbox.is_free:
            await sandbox.start()  # it is given up where temporary files fill it
        request = {"source": source(probe, world), "functions": {}, "task": ""}
        supervisor = sandbox.process_id
        assert supervisor is not None
        started = time.monotonic()
        with Watch(supervisor) as watch:
            ended = await sandbox.run(request, LIMITS)
        seconds = time.monotonic() - started
        found = [_escaped(ended.output), world.harm()]
        if seconds > LIMITS.timeout_s + GRACE_S:
            found.append(f"took {seconds:.1f} s")
        if watch.tasks > LIMITS.processes + 2:
            found.append(f"{watch.tasks} processes")
        if watch.memory_bytes > 1.5 * LIMITS.memory_bytes:
            found.append(f"{watch.memory_bytes / 2**20:.0f} MiB of memory")
        if (size := _size(world.workspace)) > SOFT_DISK_BYTES:
            found.append(f"{size / 2**20:.0f} MiB of files")
        if len(ended.output) > LIMITS.output_bytes:
            found.append("too much output")
        if len(left := [each for each in tree.below(supervisor) if tree.is_alive(each)]) > sandbox.is_free:
            found.append(f"{len(left) - sandbox.is_free} processes left")
        outcomes.append(Outcome(probe.name, probe.kind, ", ".join(filter(None, found)), seconds))
    request = {"source": "print(6 * 7)", "functions": {}, "task": ""}
    if not sandbox.is_free:
        await sandbox.start()
    last = await sandbox.run(request, LIMITS)
    assert last.output == b"42\n", last
    sandbox.close()
    return outcomes


def plain(world: World, probes: list[Probe]) -> list[Outcome]:
    """Each probe in a subprocess with a time limit, as frameworks without a sandbox run code."""
    outcomes: list[Outcome] = []
    for probe in probes:
        world.renew()
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", source(probe, world)],
            cwd=world.workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with Watch(process.pid) as watch:
            output = _until(process, LIMITS.timeout_s)
        seconds = time.monotonic() - started
        found = [_escaped(output), world.harm()]
        if watch.tasks > LIMITS.processes + 2:
            found.append(f"{watch.tasks} processes")
        if (size := _size(world.workspace)) > SOFT_DISK_BYTES:
            found.append(f"{size / 2**20:.0f} MiB of files")
        if len(output) > LIMITS.output_bytes:
            found.append("too much output")
        outcomes.append(Outcome(probe.name, probe.kind, ", ".join(filter(None, found)), seconds))
    return outcomes


def _until(process: "subprocess.Popen[bytes]", timeout_s: float) -> bytes:
    """What it prints until it ends or its time is up; a daemon of its may hold the pipe open for longer."""
    assert process.stdout is not None
    deadline = time.monotonic() + timeout_s
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline and len(output) <= LIMITS.output_bytes:
            if not selector.select(0.05):
                if process.poll() is not None:
                    break
            elif piece := os.read(process.stdout.fileno(), 65536):
                output += piece
            else:
                break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return output


def _escaped(output: bytes) -> str:
    lines = [line for line in output[:4096].decode("utf-8", "replace").splitlines() if line.startswith("ESCAPED")]
    return lines[0].removeprefix("ESCAPED").strip() or "got out" if lines else ""


def _size(folder: Path) -> int:
    ran = subprocess.run(["du", "-s", "-B1", str(folder)], capture_output=True, text=True, check=False)
    return int(ran.stdout.split()[0])


@contextlib.contextmanager
def _base() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="agentx-probes-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        subprocess.run(["rm", "-rf", str(path)], check=False)


def run(level: int | None, names: list[str] | None = None) -> list[Outcome]:
    """The outcomes of the probes at a level, or with None in a plain subprocess.

    Raises:
        RuntimeError: root asks for a plain subprocess.
        SandboxError: the level does not hold here.
    """
    if level is None and os.getuid() == 0:
        raise RuntimeError("root's probes would harm this machine where no wall holds them")
    chosen = [probe for probe in PROBES if (names is None or probe.name in names) and probe.level <= (level or 9)]
    with _base() as base, contextlib.closing(World(base)) as world:
        return plain(world, chosen) if level is None else asyncio.run(confined(world, Level(level), chosen))


def run_as_nobody(level: int | None, names: list[str] | None = None) -> list[Outcome]:
    """The same as the user nobody; the caller must be root.

    Raises:
        RuntimeError: there is no interpreter that nobody can run, or the run failed.
    """
    with _base() as base:
        project = Path(__file__).parents[2]
        for source_folder, target in (
            (project / "tools" / "agentx_tools", "agentx_tools"),
            (project / "benchmarks/safety", "benchmarks/safety"),
        ):
            shutil.copytree(source_folder, base / target, ignore=shutil.ignore_patterns("__pycache__"))
        home = base / "home"
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        subprocess.run(["chmod", "-R", "a+rX", str(base)], check=True)
        command = [
            _interpreter(),
            "-m",
            "benchmarks.safety.escapes",
            "--json",
            "--level",
            str(-1 if level is None else level),
        ]
        ran = subprocess.run(
            [*command, *(f"--probe={name}" for name in names or [])],
            cwd=base,
            env={"PATH": os.defpath, "PYTHONPATH": str(base), "HOME": str(home)},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(ran.stderr)
        return [Outcome(**outcome) for outcome in json.loads(ran.stdout)]


def _interpreter() -> str:
    for path in (sys.executable, "/usr/bin/python3"):
        try:
            if subprocess.run([path, "-c", ""], user=NOBODY, group=NOBODY, cwd="/", check=False).returncode == 0:
                return path
        except OSError:
            continue
    raise RuntimeError("there is no Python that the user nobody can run")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--level", type=int, help="1 Landlock and seccomp, 2 namespaces too, -1 a plain subprocess")
    parser.add_argument("--plain", action="store_true", help="a plain subprocess, as --level -1")
    parser.add_argument("--probe", action="append", help="this one alone; repeatable")
    parser.add_argument("--json", action="store_true", help="as this user, the outcomes as JSON")
    given = parser.parse_args()
    levels: list[int | None] = [None] if given.plain or given.level == -1 else [given.level] if given.level else [1, 2]
    if given.json:
        print(json.dumps([asdict(outcome) for outcome in run(levels[0], given.probe)]))
        return
    for level in levels:
        for name, runner in (("this user", run), ("nobody", run_as_nobody)):
            # Without walls the probes of root unmount file systems and write to the interpreter.
            if os.getuid() != 0 if runner is run_as_nobody else level is None and os.getuid() == 0:
                continue
            outcomes = runner(level, given.probe)
            out = [outcome for outcome in outcomes if outcome.why]
            walls = "plain subprocess" if level is None else Level(level).name.lower()
            print(
                f"{walls}, as {name}: {len(out)} of {len(outcomes)} got out, {sum(o.seconds for o in outcomes):.0f} s"
            )
            for outcome in out:
                print(f"  {outcome.kind}: {outcome.probe} ({outcome.why})")


if __name__ == "__main__":
    main()
