"""`python -m benchmarks.memory NAME …`: one of the benchmarks of the memory, with its own options."""

import importlib
import sys

PRESET = {"recall": ("dense", ["--rows", "100000", "--ann"])}
NAMES = ("ingest", "dense", "hybrid", "first_query", "recall", "quality", "absent", "superseded", "before_task")


def main() -> int:
    """Runs the benchmark that is named first; the exit code is its own."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(f"usage: python -m benchmarks.memory {'|'.join(NAMES)} [--help]", file=sys.stderr)
        return 2
    module, options = PRESET.get(sys.argv[1], (sys.argv[1], []))
    sys.argv[1:] = [*options, *sys.argv[2:]]
    return importlib.import_module(f"benchmarks.memory.{module}").main() or 0


if __name__ == "__main__":
    sys.exit(main())
