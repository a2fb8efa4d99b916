"""A tool that hands a part of its task to a helper: a session of its own, with a budget, that ends with the task.

python examples/sub_agents.py
"""

import asyncio
import os

from agentx import Agent, ToolContext, tool
from agentx.events import Delegated, RunFinished, Thought

LETTERS = {
    "ann": "The boat is ready. We sail on 3 May at nine.",
    "bo": "Lunch on Friday? I bring the maps.",
}


@tool
def read_letter(sender: str) -> str:
    """Reads the letter of a sender.

    Args:
        sender: who wrote it, in lower case.
    """
    return LETTERS.get(sender, "There is no such letter.")


@tool
async def look_into(question: str, context: ToolContext) -> str:
    """Has a helper find something out in the letters.

    Args:
        question: what to find out, in a full sentence that names the sender.
    """
    assert context.delegate
    result = await context.delegate(question, tools=["read_letter"], max_steps=4)
    return str(result.output or result.error)


async def main() -> None:
    agent = Agent(model=os.environ.get("AGENTX_MODEL"), tools=[look_into, read_letter], strategy="react")
    async for event in agent.stream("Ask a helper to look into when ann says that we sail."):
        match event:
            case Thought(text):
                print(text)
            case Delegated(event=Thought(text)):
                print(f"  helper: {text}")
            case RunFinished(status, output, error):
                print(f"{status}: {output or error}")
            case _:
                pass


if __name__ == "__main__":
    asyncio.run(main())
