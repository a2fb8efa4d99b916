"""Single-turn cases: what `agent.propose` proposes, judged by the leaderboard's AST checker."""

from typing import Any

from agentx import Agent
from agentx.messages import Proposal, ToolCall
from agentx.model import Model, Sampling
from agentx.tool import Tool
from benchmarks.bfcl.cases import Case, json_schema
from benchmarks.bfcl.wheel import MODEL, official


async def propose(case: Case, model: Model, strategy: str, sampling: Sampling) -> Proposal:
    tools = [
        Tool.from_schema(described["name"], described["description"], json_schema(described["parameters"]), _nothing)
        for described in case.functions
    ]
    agent = Agent(model, tools, instructions=case.instructions, sampling=sampling)
    return await agent.propose(case.turns[0], strategy=strategy)


def judge(case: Case, calls: list[ToolCall]) -> tuple[bool, str]:
    """Whether the calls are right, and what is wrong with them in the checker's words."""
    if case.category.endswith("irrelevance"):
        return not calls, "called" if calls else ""
    if case.category.endswith("relevance"):
        return bool(calls), "" if calls else "declined"
    if not calls:
        return False, "declined"
    language = official("constants.enums").Language.PYTHON
    verdict: dict[str, Any] = official("eval_checker.ast_eval.ast_checker").ast_checker(
        [*case.functions], [{call.name: call.arguments} for call in calls], case.truth, language, case.category, MODEL
    )
    return verdict["valid"], "" if verdict["valid"] else f"{verdict['error_type']}: {verdict['error']}"


def _nothing(**_: Any) -> None:
    """A proposal carries nothing out."""
