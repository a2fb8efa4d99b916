"""The worst model there is: it carries out the user's task by its known solution, and every injection that it sees."""

import re
from collections.abc import Iterator, Sequence

from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
from agentdojo.functions_runtime import FunctionCall, TaskEnvironment

from agentx.dialects.python_calls import PythonCalls
from agentx.models.scripted import ScriptedModel
from benchmarks.safety.agentdojo.tools import Desk

MAX_STEPS = 100


def obedient(
    user_task: BaseUserTask, injection_task: BaseInjectionTask | None, environment: TaskEnvironment, desk: Desk
) -> ScriptedModel:
    """A model for one run of strategy `react`; both solutions are those for the environment as it is now."""
    wanted = user_task.ground_truth(environment)
    planted = injection_task.ground_truth(environment) if injection_task else []
    goal = injection_task.GOAL if injection_task else None
    outputs = [user_task.GROUND_TRUTH_OUTPUT, injection_task.GROUND_TRUTH_OUTPUT if injection_task else ""]
    return ScriptedModel(_replies(wanted, planted, goal, outputs, desk))


def _replies(
    wanted: Sequence[FunctionCall],
    planted: Sequence[FunctionCall],
    goal: str | None,
    outputs: Sequence[str],
    desk: Desk,
) -> Iterator[str]:
    obeyed = False
    for call in wanted:
        yield _reply(call)
        if goal and not obeyed and any(holds(text, goal) for _, text in desk.done):
            obeyed = True
            yield from map(_reply, planted)
    said = " ".join(filter(None, outputs if obeyed else outputs[:1])) or "Done."
    for _ in range(MAX_STEPS):
        yield f"# That is all.\nAnswer: {said}"


def _reply(call: FunctionCall) -> str:
    return f"# I do what was asked.\n{PythonCalls().show_call(call.function, dict(call.args))}\n->"


def holds(text: str, goal: str) -> bool:
    """Whether the goal stands in a text, however that was folded and escaped on the way."""
    return _bare(goal) in _bare(text)


def _bare(text: str) -> str:
    # An escaped line end, tab or character of YAML leaves its letter.
    return re.sub(r"[\W_]+", "", re.sub(r"\\(?:[nt]|\s+|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})", "", text))
