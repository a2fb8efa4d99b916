"""`python -m benchmarks.guard.built_in`: false alarms of the guards without a model, and what they cost.

The texts are what AgentX's file tools bring from the folders of the benchmark's tasks and from AgentX's own sources.
Names and addresses in them are made up for examples, so that whatever is found is a false alarm, or near to one.
"""

import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentx_tools.files import list_files, read_file
from agentx_tools.grep import grep

from agentx.guard import Guard
from agentx.guarding.checking import make
from agentx.tool import Tool, ToolContext
from benchmarks.columns import aligned
from benchmarks.tasks import TASKS
from benchmarks.tasks.workspace import lay_out

GUARDS = ("secrets", "personal", "words")
THRESHOLD = 0.5
SOURCES = Path(__file__).resolve().parents[2] / "agentx"
WORDS = ("return", "error", "password", "name", "2024")
ROUNDS = 7


def results() -> Iterator[tuple[str, str]]:
    """Name of the tool and what it brought."""
    for task in TASKS:
        with tempfile.TemporaryDirectory() as folder:
            lay_out(Path(folder), task.files)
            yield from _of_folder(Path(folder), sorted(task.files))
    yield from _of_folder(SOURCES, sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.py")))


def _of_folder(folder: Path, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "list_files", _brought(list_files, folder)
    for path in files:
        yield "read_file", _brought(read_file, folder, path=path)
    for word in WORDS:
        yield "grep", _brought(grep, folder, pattern=word)


def _brought(tool: Tool, workspace: Path, **arguments: object) -> str:
    brought = tool.function(context=ToolContext(workspace=workspace), **arguments)
    return "\n".join(brought) if isinstance(brought, list) else str(brought)


def alarms(guard: Guard, texts: Sequence[str]) -> tuple[int, Counter[tuple[str, str]]]:
    """How many texts a guard finds something in, and how often for each reason and piece."""
    alarmed, pieces = 0, Counter[tuple[str, str]]()
    for text in texts:
        found = [item for item in guard.check(text, "tool_result") if item.score >= THRESHOLD]
        alarmed += bool(found)
        pieces.update((item.reason, text[item.start : item.end]) for item in found)
    return alarmed, pieces


def microseconds_a_kilobyte(guard: Guard, texts: Sequence[str], rounds: int = ROUNDS) -> float:
    """Of the round that took the median of processor time."""
    kilobytes = sum(len(text) for text in texts) / 1000
    took: list[float] = []
    for _ in range(rounds):
        started = time.thread_time()
        for text in texts:
            guard.check(text, "tool_result")
        took.append(time.thread_time() - started)
    return 1e6 * statistics.median(took) / kilobytes


def main() -> int:
    texts = [text for _, text in results() if text.strip()]
    rows = [("guard", "texts with a finding", "%", "µs a KB")]
    for name in GUARDS:
        guard = make(name, {})
        alarmed, pieces = alarms(guard, texts)
        cost = microseconds_a_kilobyte(guard, texts)
        rows.append((name, str(alarmed), f"{100 * alarmed / len(texts):.2f}", f"{cost:.0f}"))
        for (reason, piece), count in pieces.most_common():
            print(f"{name}: {reason}, {piece!r}, {count}", file=sys.stderr)
    print(aligned(rows))
    print(f"{len(texts)} results, {sum(map(len, texts)) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
