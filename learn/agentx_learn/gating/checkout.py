"""The repository's own tasks (`benchmarks/tasks`, dev split) as cases, where AgentX runs from a checkout of it.

They are not in the wheel, so that nothing here imports them by name: they are looked for beside this very package.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx.model import Model
from agentx_learn.gating.cases import Part, Seen

NAME = "benchmarks/tasks, dev split"
_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class BenchmarkCase:
    """A task of `benchmarks.tasks`, run and judged by the benchmark's own runner."""

    task: Any

    @property
    def part(self) -> Part:
        return "tasks"

    @property
    def id(self) -> str:
        return self.task.id

    @property
    def content(self) -> Any:
        """Its definition but for the reference solution; checks are values whose `repr` tells them."""
        task = self.task
        files = dict(task.files)
        return [task.id, task.text, files, list(task.notes), dict(task.pages), list(task.tools), repr(task.check)]

    async def run(self, model: Model) -> Seen:
        agents = importlib.import_module("benchmarks.tasks.agents")
        runner = importlib.import_module("benchmarks.tasks.runner")
        results = importlib.import_module("benchmarks.tasks.results")
        make = agents.agentx_maker(model, "auto", "full", 0)
        settings = results.Settings(model.name, "auto", "full", 0)
        record = await runner.run_task(self.task, settings, make, agents.open_chroma)
        told = "; ".join([*record.reasons, *record.strays])
        return Seen(record.solved, tuple(record.strays), told, record.seconds)


def benchmark_tasks(root: Path = _ROOT) -> Sequence[BenchmarkCase]:
    """The dev tasks of the checkout in a folder; empty where AgentX is installed without its repository."""
    place = root / "benchmarks" / "tasks" / "__init__.py"
    if not place.is_file():
        return ()
    try:
        module = importlib.import_module("benchmarks.tasks")
    except ImportError:
        return ()
    # Another package of that name is none of ours.
    if Path(module.__file__ or "") != place:
        return ()
    return [BenchmarkCase(task) for task in module.TASKS if task.split == "dev"]
