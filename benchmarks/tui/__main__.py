"""`python -m benchmarks.tui`: measures all and prints a line a figure, with its limit; `--quick` takes a tenth."""

import os
import sys

from benchmarks.tui import growth, start, streaming


def main() -> None:
    quick = "--quick" in sys.argv
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    show(
        "first frame and rest", start.measure(3 if quick else 9, 5 if quick else 20), {"ratio": 1.25, "idle cpu": 0.005}
    )
    show("appending", growth.measure(1_000, 4_000 if quick else 20_000, 1_000 if quick else 10_000), {"ratio": 2.0})
    limits = {"lag p95": 50.0, "echo p99": 80.0}
    show("streaming at 200 tokens/s", streaming.measure(2_000 if quick else 20_000, 200), limits)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


def show(title: str, figures: dict[str, float], limits: dict[str, float]) -> None:
    print(f"{title}")
    for name, value in figures.items():
        limit = f"   (limit {limits[name]:g})" if name in limits else ""
        print(f"  {name:<12} {value:10.3f}{limit}", flush=True)


if __name__ == "__main__":
    main()
