"""`python -m benchmarks.durability NAME`: runs one of the benchmarks of durability; each takes options of its own."""

import importlib
import sys

NAMES = ("journal", "kills", "context")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in NAMES:
        print(f"usage: python -m benchmarks.durability {{{','.join(NAMES)}}}", file=sys.stderr)
        return 2
    return importlib.import_module(f"benchmarks.durability.{arguments[0]}").main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
