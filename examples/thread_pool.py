"""Blocking code with threads: each calls `run_sync`, and the decoder puts what they ask for into the same batches.

python examples/thread_pool.py
"""

import os
from concurrent.futures import ThreadPoolExecutor

from agentx import Agent

COUNTRIES = ["Norway", "Peru", "Japan", "Kenya"]

agent = Agent(model=os.environ.get("AGENTX_MODEL"), strategy="direct")


def capital(country: str) -> str:
    return str(agent.run_sync(f"What is the capital of {country}? Answer with its name only.").output)


if __name__ == "__main__":
    with ThreadPoolExecutor(max_workers=len(COUNTRIES)) as pool:
        for country, answer in zip(COUNTRIES, pool.map(capital, COUNTRIES), strict=True):
            print(f"{country}: {answer}")
