"""`python -m benchmarks.decoding.concurrent`: output tokens a second of eight requests that come at once, against the
same engine asked one after the other, and against llama-cpp-python, which takes them from a queue."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentx.model import Fragment
from benchmarks.decoding.sides import Ours, open_peer, weights
from benchmarks.decoding.timing import Figure, Spread, aligned, command, interleave, options, ratios, report

TARGET = 1.5
AT_ONCE = 8
MAX_TOKENS = 24
SYSTEM = "You are a patient teacher. You answer in whole sentences, and at some length."
SUBJECTS = ("rivers", "bread", "the moon", "bicycles", "glass", "bees", "maps", "salt")
TOGETHER, ONE_BY_ONE, PEER = "ours, at once", "ours, one by one", "llama-cpp-python, a queue"


@dataclass(frozen=True, slots=True)
class Served:
    """All requests of a round: wall time until the last was answered, and output tokens of all."""

    seconds: float
    tokens: int

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


def questions(number: int) -> list[str]:
    """Questions that no other number has: each has to be read."""
    return [f"Lesson {8 * number + i}: explain to a child what {it} can teach us." for i, it in enumerate(SUBJECTS)]


def timed(work: Callable[[], int]) -> Served:
    started = time.perf_counter()
    tokens = work()
    return Served(time.perf_counter() - started, tokens)


def ours_at_once(ours: Ours, number: int, max_tokens: int = MAX_TOKENS) -> Served:
    async def all_of_them() -> int:
        replies = await asyncio.gather(
            *(ours.decode(prompt, max_tokens=max_tokens) for prompt in prompts(ours, number))
        )
        return sum(reply.tokens for reply in replies)

    return timed(lambda: ours.runner.run(all_of_them()))


def ours_one_by_one(ours: Ours, number: int, max_tokens: int = MAX_TOKENS) -> Served:
    return timed(lambda: sum(ours.reply(prompt, max_tokens=max_tokens).tokens for prompt in prompts(ours, number)))


def prompts(ours: Ours, number: int) -> list[list[Fragment]]:
    return [ours.model.chat.opening(SYSTEM, question) for question in questions(number)]


def peer_queue(llama: Any, number: int) -> Served:
    def reply(question: str) -> int:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
        answer = llama.create_chat_completion(messages, temperature=0.0, max_tokens=MAX_TOKENS)
        return answer["usage"]["completion_tokens"] + (answer["choices"][0]["finish_reason"] == "stop")

    return timed(lambda: sum(map(reply, questions(number))))


def measure(path: Path, threads: int, rounds: int) -> dict[str, list[Served]]:
    with Ours(path, threads) as ours:
        llama = open_peer(path, threads)
        sides: dict[str, Callable[[int], Served]] = {
            TOGETHER: lambda number: ours_at_once(ours, 3 * number),
            ONE_BY_ONE: lambda number: ours_one_by_one(ours, 3 * number + 1),
            PEER: lambda number: peer_queue(llama, 3 * number + 2),
        }
        ours.reply(prompts(ours, 3 * rounds)[0], max_tokens=1)  # the system prompt is cached on both sides
        llama.create_chat_completion([{"role": "system", "content": SYSTEM}], temperature=0.0, max_tokens=1)
        return interleave(sides, rounds)


def main(arguments: Sequence[str]) -> int:
    chosen = options("concurrent", __doc__).parse_args(arguments)
    served = measure(weights(chosen.model), chosen.threads, chosen.rounds)
    rates = {side: [each.rate for each in some] for side, some in served.items()}
    figures = [
        Figure("8 requests at once / one by one, tokens/s", ratios(rates[TOGETHER], rates[ONE_BY_ONE]), TARGET, True),
        Figure("8 requests at once / llama-cpp-python in a queue", ratios(rates[TOGETHER], rates[PEER])),
    ]
    rows = [("side", "tokens/s", "tokens a round")]
    rows += [
        (side, Spread.of(rates[side]).show(1), Spread.of([each.tokens for each in some]).show(0))
        for side, some in served.items()
    ]
    report(chosen, figures, aligned(rows), {side: [asdict(each) for each in some] for side, some in served.items()})
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
