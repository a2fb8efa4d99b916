"""A tool of your own: a typed function with a docstring is all that a model needs.

python examples/custom_tool.py
"""

import os
from typing import Literal

from agentx import Agent, ToolError, tool

STOCK = {"apple": 12, "pear": 0, "plum": 40}
PRICES = {"apple": 0.5, "pear": 0.7, "plum": 0.25}


@tool
def stock(fruit: Literal["apple", "pear", "plum"]) -> int:
    """How many pieces of a fruit are in stock.

    Args:
        fruit: which fruit.
    """
    return STOCK[fruit]


@tool
def quote(fruit: Literal["apple", "pear", "plum"], pieces: int) -> float:
    """Price of some pieces of a fruit, in euros.

    Args:
        fruit: which fruit.
        pieces: how many, at most what is in stock.
    """
    if pieces > STOCK[fruit]:
        # The sentence goes to the model, so say what it can do.
        raise ToolError(f"Only {STOCK[fruit]} pieces of {fruit} are in stock; quote at most that many.")
    return PRICES[fruit] * pieces


if __name__ == "__main__":
    agent = Agent(model=os.environ.get("AGENTX_MODEL"), tools=[stock, quote])
    result = agent.run_sync("How many plums are in stock, and what is the price of 20 plums?")
    for call in result.calls:
        print(f"→ {call}")
    print(result.output or result.error)
