"""The repository's own tasks (`benchmarks/tasks`, dev split) as cases, where AgentX runs from a checkout of it.

They are not in the wheel, so that nothing here imports them by name: they are looked for beside this very package.
"""

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentx.errors import UsageError
from agentx.model import Model
from agentx_learn.gating.cases import Part, Seen, Status, require_outcome

NAME = "benchmarks/tasks, dev split"
ROOT = Path(__file__).parents[3]


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
        require_outcome(record.status, record.error, record.cause)
        told = "; ".join([*record.reasons, *record.strays])
        return Seen(record.solved, tuple(record.strays), told, record.seconds, cast("Status", record.status))


def benchmark_tasks(root: Path = ROOT) -> Sequence[BenchmarkCase]:
    """The dev tasks of the checkout in a folder; empty where AgentX is installed without its repository.

    Raises:
        UsageError: they lie there and cannot be imported. Easier ones in their place would be another gate.
    """
    package = root / "benchmarks"
    if not (package / "tasks" / "__init__.py").is_file():
        return ()
    # A package of that name that lies elsewhere is none of ours, and is not run.
    spec = importlib.util.find_spec("benchmarks")
    places = [Path(each).resolve() for each in (spec and spec.submodule_search_locations) or ()]
    if package.resolve() not in places:
        found = "not found" if spec is None else "hidden by another package of that name"
        raise UsageError(f"The tasks in {package} are {found} where Python looks; put {root} first in PYTHONPATH.")
    try:
        module = importlib.import_module("benchmarks.tasks")
    except (ImportError, SyntaxError) as error:
        raise UsageError(f"The tasks in {package} cannot be imported ({error}); mend the checkout.") from error
    return [BenchmarkCase(task) for task in module.TASKS if task.split == "dev"]
