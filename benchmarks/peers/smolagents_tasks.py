"""`python -m benchmarks.peers.smolagents_tasks`: smolagents' two agents on the twelve fixed tasks, same weights."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agentx.errors import ModelNotFound, UsageError
from benchmarks.tasks import TASKS
from benchmarks.tasks.agents import open_chroma, tool_settings
from benchmarks.tasks.options import add_output_options, chosen, ending
from benchmarks.tasks.report import table
from benchmarks.tasks.results import ResultsFile, Settings
from benchmarks.tasks.runner import LIMIT_S, AgentLike, MakeAgent, OpenMemory, Scene, run_all

AGENTS = {"tool-calling": "smolagents ToolCallingAgent", "code": "smolagents CodeAgent"}
# The model stops by itself at the time limit of a task; a thread that decodes cannot be ended from outside.
_RUNNER_LIMIT_S = 900.0


def load_llama(path: Path) -> Any:
    """Raises ModelNotFound if there is no such file."""
    if not path.is_file():
        raise ModelNotFound(f"There is no model file {path}; name a GGUF file, `agentx models path` prints one.")
    from llama_cpp import Llama

    from benchmarks.peers.smolagents_model import CONTEXT_TOKENS, THREADS

    return Llama(str(path), n_ctx=CONTEXT_TOKENS, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)


def smolagents_maker(kind: str, llama: Any, limit_s: float) -> MakeAgent:
    """Makes agents of one kind that share a loaded model; its KV cache is emptied before each task."""

    def make(scene: Scene) -> AgentLike:
        from agentx import plugins
        from benchmarks.peers.smolagents_model import SmolAgent

        llama.reset()
        tools = [plugins.load("agentx.tools", name) for name in scene.task.tools]
        settings = tool_settings(scene)
        return SmolAgent(kind, llama, tools, scene.workspace, lambda name: settings.get(name, {}), limit_s)

    return make


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.smolagents_tasks", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file")
    parser.add_argument("--agent", choices=tuple(AGENTS), required=True)
    parser.add_argument("--only", nargs="+", metavar="ID", help="these tasks instead of the twelve")
    add_output_options(parser, "smolagents")
    return parser.parse_args(arguments)


def main(
    arguments: Sequence[str],
    load: Callable[[Path], Any] = load_llama,
    open_memory: OpenMemory = open_chroma,
    limit_s: float = LIMIT_S,
) -> int:
    """Runs the command and returns its exit code; tests bring their own model and memory."""
    options = parse(arguments)
    settings = Settings(options.model.name, AGENTS[options.agent], "full", 0)

    async def run() -> str:
        _need_smolagents()
        tasks = chosen(TASKS, "fixed", options.only)
        maker = smolagents_maker(options.agent, load(options.model), limit_s)
        results = ResultsFile(options.out)
        records = await run_all(
            tasks, settings, results, maker, open_memory, resume=options.resume, limit_s=_RUNNER_LIMIT_S
        )
        return f"{table(records)}\n\n{settings}\nresults: {results.path}"

    return ending(run)


def _need_smolagents() -> None:
    from importlib.util import find_spec

    if find_spec("smolagents") is None:
        raise UsageError(
            "smolagents is not installed here; make an environment of its own and "
            "`pip install -e . -r benchmarks/peers/requirements.txt` there."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
