"""The cases that a model is calibrated on: `sets/NAME.toml` for the probe NAME, with invented tools and tasks.

A file holds groups. Each has tasks whose answer is Yes (`yes`) and No (`no`), and what they have in common: `tools`
(tables of `name`, `description` and `parameters` as JSON Schema properties), `before` (the task before and its answer,
for a follow-up), and `values` of the question.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from agentx import plugins
from agentx.messages import ToolCall
from agentx.model import GREEDY, Model
from agentx.planner.base import Turn
from agentx.planner.probes import Probe, Verdict, ask
from agentx.tool import Tool
from agentx.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Case:
    """A task, and whether the probe's answer should be Yes."""

    task: str
    yes: bool
    toolbox: Toolbox = field(default_factory=Toolbox)
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    before: Sequence[tuple[str, str]] = ()


def cases(probe: Probe) -> list[Case]:
    """The probe's cases, neighbours with the same tools: what they share is read once."""
    text = resources.files("agentx.planner.calibration").joinpath("sets", f"{probe.name}.toml").read_text("utf-8")
    return [case for group in tomllib.loads(text)["group"] for case in _of_group(group)]


async def answered(model: Model, probe: Probe, case: Case) -> Verdict:
    """The model's answer, asked just as in a run."""
    turn = Turn(
        model=model,
        dialect=plugins.load("agentx.dialects", model.dialect)(),
        toolbox=case.toolbox,
        task=case.task,
        sampling=GREEDY,
        emit=lambda event: None,
        new_call=lambda name, arguments: ToolCall("", name, arguments),
        conversation=case.before,
    )
    strategy = plugins.load("agentx.strategies", probe.beside)() if probe.beside else None
    return await ask(turn, probe, strategy, **case.values)


def _of_group(group: Mapping[str, Any]) -> Iterator[Case]:
    toolbox = Toolbox(_tool(table) for table in group.get("tools", ()))
    before = [(task, answer) for task, answer in group.get("before", ())]
    for yes, tasks in ((True, group.get("yes", ())), (False, group.get("no", ()))):
        for task in tasks:
            yield Case(task, yes, toolbox, group.get("values", {}), before)


def _tool(table: Mapping[str, Any]) -> Tool:
    properties = table.get("parameters", {})
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Tool.from_schema(table["name"], table["description"], schema, _nothing)


def _nothing(**arguments: Any) -> None:
    """The tools of cases are shown and never called."""
