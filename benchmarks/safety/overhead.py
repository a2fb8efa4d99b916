"""What the walls cost: a warm call of the sandbox beside plain `python -c`, and how late a limit is enforced.

python -m benchmarks.safety.overhead [--rounds 9] [--calls 20]
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agentx_tools.python import run_program
from agentx_tools.sandbox.client import Sandbox
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level

from agentx.errors import ToolError
from agentx.tool import ToolContext

CODE = "import json\nprint(json.dumps({'sum': sum(range(100))}))"

PASSED = {
    "time": (Limits(timeout_s=1), "while True: pass", 1.0),
    "memory": (
        Limits(memory_bytes=2**28),
        "held = []\nwhile True:\n    held.append(bytearray(b'x') * 2**22)\n"
        "    if len(held) == 60: print(time.time(), flush=True)",
        None,
    ),
    "disk": (
        Limits(disk_bytes=2**24),
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').write(b'x' * 2**20)\n"
        "    if n == 16: print(time.time(), flush=True)",
        None,
    ),
    "output": (Limits(output_bytes=2**20), "print(time.time())\nwhile True: print('x' * 9999)", None),
}
"""For each limit a program that passes it, and when: seconds after the start, or it prints the time itself (that of
memory a little before, since the interpreter's own counts too)."""


async def main(rounds: int, calls: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        for walls in ("namespaces", "landlock"):
            context = ToolContext(workspace, settings={"walls": [walls]})
            await run_program(CODE, context)
            ratios, warm, plain = [], [], []
            for _ in range(rounds):
                ours = [await _sandboxed(context) for _ in range(calls)]
                theirs = [_plain(workspace) for _ in range(calls)]
                warm.append(statistics.median(ours))
                plain.append(statistics.median(theirs))
                ratios.append(warm[-1] / plain[-1])
            print(
                f"{walls}: warm call {1000 * statistics.median(warm):.1f} ms, python -c "
                f"{1000 * statistics.median(plain):.1f} ms, ratio {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f}), {rounds} rounds of {calls}"
            )
            print(f"{walls}: cold start {1000 * await _cold(workspace, walls):.0f} ms")
            for name, (limits, code, after_s) in PASSED.items():
                late = [await _late(context, limits, code, after_s) for _ in range(rounds)]
                print(f"{walls}: {name} enforced {statistics.median(late):.2f} s late, {max(late):.2f} at most")


async def _sandboxed(context: ToolContext) -> float:
    started = time.perf_counter()
    assert await run_program(CODE, context) == '{"sum": 4950}'
    return time.perf_counter() - started


def _plain(workspace: Path) -> float:
    started = time.perf_counter()
    ran = subprocess.run([sys.executable, "-c", CODE], cwd=workspace, capture_output=True, check=True)
    assert ran.stdout == b'{"sum": 4950}\n'
    return time.perf_counter() - started


async def _cold(workspace: Path, walls: str) -> float:
    times = []
    for _ in range(5):
        sandbox = Sandbox(workspace, levels=[Level[walls.upper()]], modules=["agentx_tools._runner"])
        started = time.perf_counter()
        await sandbox.start()
        times.append(time.perf_counter() - started)
        sandbox.close()
    return statistics.median(times)


async def _late(context: ToolContext, limits: Limits, code: str, after_s: float | None) -> float:
    started = time.time()
    try:
        output = await run_program(code, context, limits)
    except ToolError as error:
        output = str(error)
    ended = time.time()
    for path in context.workspace.iterdir():
        path.unlink()
    if after_s is not None:
        return ended - started - after_s
    return ended - next(float(line) for line in output.splitlines() if line[:1].isdigit())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=20)
    given = parser.parse_args()
    asyncio.run(main(given.rounds, given.calls))
