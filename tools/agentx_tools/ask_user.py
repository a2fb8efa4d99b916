"""The tool that asks the user."""

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool

DAY_S = 86_400.0


@tool(timeout_s=DAY_S, needs_person=True)
async def ask_user(context: ToolContext, question: str) -> str:
    """Ask the user what only they can know, and return their answer.

    Args:
        question: one question, with what it is for.
    """
    if not question.strip():
        raise ToolError("The question is empty; write what is to be asked.", argument="question")
    if context.ask is None:
        raise ToolError("Nobody can be asked; take the likeliest reading, and say in the answer which one.")
    answer = await context.ask(question)
    return answer or "(the user gave no answer)"
