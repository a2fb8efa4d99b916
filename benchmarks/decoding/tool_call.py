"""`python -m benchmarks.decoding.tool_call`: wall time of a reply that calls a tool, ours constrained with
fast-forward, llama-cpp-python's `create_chat_completion` unconstrained; new requests by turns behind a warm prefix."""

import json
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from agentx import Agent
from agentx.model import Delta, Prompt, Scores
from benchmarks.decoding.requests import KINDS, TOOLS, as_openai
from benchmarks.decoding.sides import Ours, Reply, open_peer, weights
from benchmarks.decoding.timing import Figure, aligned, command, interleave, options, ratios, report

TARGET = 0.40
MAX_TOKENS = 256
OURS, PROBED, PEER = "ours", "ours, with the probe", "llama-cpp-python"


class ProbeLast:
    """A Model that times the reply to a request, and afterwards the probe that should have come before it: so the reply
    finds no more of its request read than the peer's does, and both together cost what they cost in their order."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._put_off: tuple[Prompt, Sequence[str]] | None = None
        self._replies: list[Reply] = []
        self._agent = Agent(self, TOOLS)  # type: ignore[arg-type]
        self.probes: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ours.model, name)

    async def decode(self, prompt: Prompt, **options: Any) -> AsyncGenerator[Delta, None]:
        reply = await self._ours.decode(prompt, **options)
        self._replies.append(reply)
        yield Delta(reply.text, "stop")

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        self._put_off = prompt, continuations
        return Scores([0.0, -9.0])

    def reply(self, task: str) -> Reply:
        self._ours.runner.run(self._agent.propose(task))
        assert self._put_off
        started = time.perf_counter()
        self._ours.runner.run(self._ours.model.score(*self._put_off))
        self.probes.append(time.perf_counter() - started)
        return self._replies[-1]


class Chatting:
    """The peer: the tools through its API and the template of the weights."""

    def __init__(self, path: Path, threads: int) -> None:
        self._llama = open_peer(path, threads)
        self._tools = list(map(as_openai, TOOLS))

    def reply(self, task: str) -> Reply:
        messages = [{"role": "user", "content": task}]
        started = time.perf_counter()
        answer = self._llama.create_chat_completion(
            messages, tools=self._tools, tool_choice="auto", temperature=0.0, max_tokens=MAX_TOKENS
        )
        seconds = time.perf_counter() - started
        choice = answer["choices"][0]
        ended = choice["finish_reason"] == "stop"  # the end token is sampled too
        return Reply(choice["message"]["content"] or "", seconds, answer["usage"]["completion_tokens"] + ended)


def measure(path: Path, threads: int, rounds: int) -> dict[str, list[Reply]]:
    """Replies of each side, the kinds of requests in turn within each round, after one unmeasured round."""
    with Ours(path, threads) as ours:
        probing = ProbeLast(ours)
        sides = {OURS: probing, PEER: Chatting(path, threads)}
        for number in range(len(KINDS)):  # warm: prefixes are cached, grammars compiled
            for side in sides.values():
                side.reply(task(number))
        probing.probes.clear()
        turns = {name: lambda number, side=side: side.reply(task(number + len(KINDS))) for name, side in sides.items()}
        replies = interleave(turns, rounds * len(KINDS))
        probed = zip(replies[OURS], probing.probes, strict=True)
        replies[PROBED] = [replace(reply, seconds=reply.seconds + seconds) for reply, seconds in probed]
    return replies


def task(number: int) -> str:
    """The request of a turn: all kinds in order, then all kinds of the next round."""
    return KINDS[number % len(KINDS)].task(number // len(KINDS))


def figures(replies: Mapping[str, Sequence[Reply]]) -> list[Figure]:
    def by_round(side: str) -> list[float]:
        seconds = [reply.seconds for reply in replies[side]]
        return [sum(seconds[i : i + len(KINDS)]) for i in range(0, len(seconds), len(KINDS))]

    peer = by_round(PEER)
    return [
        Figure("tool-call reply / llama-cpp-python, unconstrained", ratios(by_round(OURS), peer), TARGET),
        Figure("relevance probe and reply / llama-cpp-python", ratios(by_round(PROBED), peer)),
    ]


def details(replies: Mapping[str, Sequence[Reply]]) -> str:
    """For each kind and side the median seconds, output tokens, and how many replies name the right tool."""
    rows: list[Sequence[str]] = [("request for", "side", "s", "tokens", "forced", "right tool")]
    for i, kind in enumerate(KINDS):
        for side, all_of_them in replies.items():
            some = all_of_them[i :: len(KINDS)]
            right = sum(kind.tool in reply.text for reply in some)
            middle = (median(getattr(reply, what) for reply in some) for what in ("seconds", "tokens", "forced"))
            seconds, tokens, forced = middle
            rows.append((kind.tool, side, f"{seconds:.2f}", f"{tokens:g}", f"{forced:g}", f"{right} of {len(some)}"))
    shown = [f"{side}: {json.dumps(all_of_them[0].text)}" for side, all_of_them in replies.items()]
    return "\n".join([aligned(rows), "", f"replies to {task(len(KINDS))!r}:", *shown])


def main(arguments: Sequence[str]) -> int:
    chosen = options("tool_call", __doc__).parse_args(arguments)
    replies = measure(weights(chosen.model), chosen.threads, chosen.rounds)
    measured = {side: [asdict(reply) for reply in some] for side, some in replies.items()}
    report(chosen, figures(replies), details(replies), measured)
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
