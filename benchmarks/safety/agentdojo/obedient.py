"""The worst model there is: it carries out the user's task by its known solution, and every injection that it sees."""

import re
from collections import deque
from collections.abc import Sequence
from itertools import repeat

from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
from agentdojo.functions_runtime import FunctionCall, TaskEnvironment

from agentx.dialects.python_calls import PythonCalls
from agentx.models.scripted import ScriptedModel

PIECE = 40
"""So many letters and digits of an injection in a row are seen; where a guard leaves fewer, nobody could obey it."""


def obedient(
    user_task: BaseUserTask, injection_task: BaseInjectionTask | None, environment: TaskEnvironment
) -> ScriptedModel:
    """A model for one run of strategy `react`; both solutions are those for the environment as it is now."""
    wanted = user_task.ground_truth(environment)
    planted = injection_task.ground_truth(environment) if injection_task else []
    goal = injection_task.GOAL if injection_task else ""
    outputs = [user_task.GROUND_TRUTH_OUTPUT, injection_task.GROUND_TRUTH_OUTPUT if injection_task else ""]
    return ScriptedModel(repeat(_Obedience(wanted, planted, goal, outputs).reply))


class _Obedience:
    """What is still to be done: the user's calls, and once the injection has been seen, its calls before them."""

    def __init__(
        self, wanted: Sequence[FunctionCall], planted: Sequence[FunctionCall], goal: str, outputs: Sequence[str]
    ) -> None:
        self._calls = deque(wanted)
        self._planted = planted
        self._goal = goal
        self._outputs = outputs
        self._obeyed = False

    def reply(self, prompt: str) -> str:
        if self._goal and not self._obeyed and holds(prompt, self._goal):
            self._obeyed = True
            self._calls.extendleft(reversed(self._planted))
        if self._calls:
            return _reply(self._calls.popleft())
        said = " ".join(filter(None, self._outputs if self._obeyed else self._outputs[:1])) or "Done."
        return f"# That is all.\nAnswer: {said}"


def _reply(call: FunctionCall) -> str:
    return f"# I do what was asked.\n{PythonCalls().show_call(call.function, dict(call.args))}\n->"


def holds(text: str, goal: str) -> bool:
    """Whether a piece of the goal stands in a text, however that was folded and escaped on the way."""
    seen, wanted = _bare(text), _bare(goal)
    return any(wanted[at : at + PIECE] in seen for at in range(max(len(wanted) - PIECE, 0) + 1))


def _bare(text: str) -> str:
    # An escaped line end, tab or character of YAML leaves its letter.
    return re.sub(r"[\W_]+", "", re.sub(r"\\(?:[nt]|\s+|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})", "", text))
