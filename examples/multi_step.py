"""A task of several steps over the files of a folder, each event printed as it happens.

python examples/multi_step.py [FOLDER] [TASK]
"""

import asyncio
import os
import sys
from pathlib import Path

from agentx import Agent, plugins
from agentx.events import CallFinished, CallStarted, RunFinished, Thought

FOLDER = Path(__file__).parent / "demo"
TASK = "What did the orders in orders/september.csv cost in total?"
TOOLS = ["list_files", "read_file", "calculate"]


async def main(folder: Path, task: str) -> None:
    agent = Agent(
        model=os.environ.get("AGENTX_MODEL"),  # None: the default model, fetched on first use
        tools=[plugins.load("agentx.tools", name) for name in TOOLS],
        workspace=folder,
    )
    async for event in agent.stream(task):
        match event:
            case Thought(text):
                print(f"  {text}")
            case CallStarted(call):
                print(f"→ {call}")
            case CallFinished(result):
                print(f"← {result.text}")
            case RunFinished(status, output, error):
                print(f"{status}: {output or error}")
            case _:
                pass


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER, " ".join(sys.argv[2:]) or TASK))
