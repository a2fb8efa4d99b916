"""`python -m benchmarks.memory before_task`: which tasks begin with a look into the memory, and which should?

The memory holds the papers and READMEs of `absent`, and for a task of `benchmarks/tasks` that comes with notes just
these. A look should come before questions that the memory answers; none should come before tasks that need no memory.
No decoder is asked. The limit was chosen on `dev`; `held` is run to report.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from agentx_memory.adding import add_documents
from agentx_memory.before_task import PAYS, best_similarity
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
from agentx_memory.retrieval.search import Retriever

from benchmarks.memory.absent import memory, questions
from benchmarks.tasks import TASKS

REQUESTS = Path(__file__).parents[1] / "retrieval" / "requests.txt"


def requests(half: str) -> list[str]:
    lines = [line for line in REQUESTS.read_text(encoding="utf-8").splitlines() if " | " in line and line[0] != "#"]
    return [line.partition(" | ")[2] for line in lines[half == "held" :: 2]]


def noted(retriever: Retriever, half: str) -> list[float]:
    """Of the tasks that come with notes of their own, how near the best of these lies."""
    found: list[float] = []
    for task in TASKS:
        if task.notes and task.split == half:
            store = LocalStore(None, retriever.embedder.name, "notes")
            notes = (Document(f"note {note}", "note", note, (Chunk(note),)) for note in task.notes)
            for _ in add_documents(store, retriever.embedder, notes):
                pass
            found.append(best_similarity(Retriever(store, retriever.embedder), task.text))
            store.close()
    return found


def rows(half: str) -> list[tuple[str, list[float]]]:
    """For each kind of task how near the best hit lies, one number a task."""
    retriever = memory()

    def of(texts: Iterable[str]) -> list[float]:
        return [best_similarity(retriever, text) for text in texts]

    asked = [question for question in questions() if question.half == half]
    return [
        ("answered in memory", of(one.text for one in asked if one.pattern)),
        ("tasks with notes", noted(retriever, half)),
        ("near in topic, not answered", of(one.text for one in asked if not one.pattern)),
        ("requests that need no memory", of(requests(half))),
        ("file tasks that need no memory", of(task.text for task in TASKS if not task.notes and task.split == half)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory before_task", description=__doc__)
    parser.add_argument("--half", choices=["dev", "held"], default="dev")
    half = parser.parse_args(arguments).half
    tried = sorted({0.30, PAYS, 0.40, 0.45, 0.50})
    print(f"{half:32} number  " + "  ".join(f"from {limit:.2f}" for limit in tried))
    for name, found in rows(half):
        shares = "  ".join(f"{sum(each >= limit for each in found):9}" for limit in tried)
        print(f"{name:32} {len(found):6}  {shares}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
