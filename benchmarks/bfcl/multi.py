"""Multi-turn cases: a session over the leaderboard's own back ends, judged by its state and response checkers."""

import copy
import importlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agentx import Agent
from agentx.events import CallStarted, RunFinished, StepFinished
from agentx.journal import Journal
from agentx.messages import ToolCall, Usage
from agentx.model import Model, Sampling
from agentx.tool import Tool
from benchmarks.bfcl.cases import Case, json_schema
from benchmarks.bfcl.wheel import MODEL, official

MAX_STEPS = 20
"""As the leaderboard has it: a turn that needs more is given up."""
TURN_LIMIT_S = 300.0
_judged = itertools.count()


@dataclass(slots=True)
class Conversation:
    """What a session did.

    Attributes:
        turns: for each turn, for each step, the calls carried out.
        endings: how each turn ended.
    """

    turns: list[list[list[ToolCall]]] = field(default_factory=list[list[list[ToolCall]]])
    endings: list[str] = field(default_factory=list[str])
    usage: Usage = field(default_factory=Usage)


async def converse(case: Case, model: Model, strategy: str, sampling: Sampling) -> Conversation:
    """Runs all turns in one session; the back ends keep their state from turn to turn."""
    agent = Agent(
        model,
        backend_tools(case),
        instructions=case.instructions,
        strategy=strategy,
        sampling=sampling,
        allow=["all"],
        max_steps=MAX_STEPS,
        timeout_s=TURN_LIMIT_S,
        journal=Journal(":memory:"),
    )
    session, done = agent.session(), Conversation()
    for text in case.turns:
        steps: list[list[ToolCall]] = [[]]
        async for event in session.stream(text):
            if isinstance(event, CallStarted):
                steps[-1].append(event.call)
            elif isinstance(event, StepFinished):
                steps.append([])
            elif isinstance(event, RunFinished):
                done.endings.append(event.error or event.status)
                done.usage += event.usage
        done.turns.append([step for step in steps if step])
    return done


def backend_tools(case: Case) -> list[Tool]:
    """The functions of the case, bound to fresh instances of their classes in the state that the case begins with."""
    config = official("constants.executable_backend_config")
    methods: dict[str, Callable[..., Any]] = {}
    for name in case.entry["involved_classes"]:
        instance = getattr(importlib.import_module(config.CLASS_FILE_PATH_MAPPING[name]), name)()
        if name not in config.STATELESS_CLASSES:
            instance._load_scenario(copy.deepcopy(case.entry["initial_config"].get(name, {})), long_context=False)
        methods |= {method: getattr(instance, method) for method in dir(instance) if not method.startswith("_")}
    return [
        Tool.from_schema(
            described["name"],
            described["description"],
            json_schema(described["parameters"]),
            _in_order(methods[described["name"]]),
        )
        for described in case.functions
    ]


def _in_order(method: Callable[..., Any]) -> Callable[..., Any]:
    """Async, so that the calls of one reply reach the shared state in their order and not from several threads."""

    async def call(**arguments: Any) -> Any:
        return method(**arguments)

    return call


def judge(case: Case, done: Conversation) -> tuple[bool, str]:
    """Whether states and results are those of the leaderboard's own calls after every turn, and what is wrong."""
    written = [[[_written(call) for call in step] for step in turn] for turn in done.turns]
    # The checker keeps the state of a model's case for ever: each judgement is that of another model.
    name = f"{MODEL}_{next(_judged)}"
    verdict: dict[str, Any] = official("eval_checker.multi_turn_eval.multi_turn_checker").multi_turn_checker(
        written, case.truth, case.entry, case.category, name
    )
    return verdict["valid"], "" if verdict["valid"] else f"{verdict['error_type']}: {verdict['error_message']}"


def _written(call: ToolCall) -> str:
    """A call as the checker evaluates it; the name is a tool's and the values are JSON, so nothing else can run."""
    return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})"
