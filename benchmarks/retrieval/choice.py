"""`python -m benchmarks.retrieval.choice`: does a model call the right tool where 200 are installed and 8 are shown?"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from agentx import Agent
from benchmarks.retrieval.data import Request, requests, tools


@dataclass(frozen=True)
class Chosen:
    """What a model did with a request: the tools it called, none where it answered instead."""

    request: Request
    called: tuple[str, ...]
    seconds: float
    prompt_tokens: int

    @property
    def right(self) -> bool:
        return set(self.request.tools) <= set(self.called)


async def choose(agent: Agent, asked: Sequence[Request]) -> list[Chosen]:
    chosen: list[Chosen] = []
    for request in asked:
        started = time.perf_counter()
        proposal = await agent.propose(request.text)
        called = tuple(call.name for call in proposal.calls)
        chosen.append(Chosen(request, called, time.perf_counter() - started, proposal.usage.prompt_tokens))
        print(
            f"{'ok' if chosen[-1].right else '--'} {request.text} -> {', '.join(called) or 'answered'}", file=sys.stderr
        )
    return chosen


def summary(chosen: Sequence[Chosen]) -> str:
    right = sum(one.right for one in chosen)
    answered = sum(not one.called for one in chosen)
    seconds = statistics.median(one.seconds for one in chosen)
    prompt = statistics.median(one.prompt_tokens for one in chosen)
    return (
        f"{right} of {len(chosen)} right ({right / len(chosen):.0%}), {answered} answered without a call; "
        f"median {seconds:.1f} s and {prompt:.0f} prompt tokens read"
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval.choice", description=__doc__)
    parser.add_argument("--model", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--half", choices=["tune", "held"], default="held")
    parser.add_argument("--every", type=int, default=2, help="take each so manieth request (default: 2)")
    options = parser.parse_args(arguments)
    asked = [request for request in requests() if request.half == options.half and len(request.tools) == 1]
    agent = Agent(options.model, tools())
    print(summary(asyncio.run(choose(agent, asked[:: options.every]))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
