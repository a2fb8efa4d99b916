"""`python -m benchmarks.decoding.rows`: prompt rows decoded by new prompt tokens over a conversation of ten tasks, in
which one tool is off for a while and one reply is retried. An exact count; nothing is timed."""

import argparse
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from agentx import Agent
from agentx.events import CallFinished, StepFinished
from agentx.journal import Journal
from agentx.model import GREEDY, Delta, Prompt, Sampling, Scores
from agentx.models.llama_cpp import LlamaCppModel
from benchmarks.decoding.requests import KINDS, TOOLS, as_openai
from benchmarks.decoding.rowcount import Count, CountedPeer, Rows, count_engine
from benchmarks.decoding.sides import Ours, open_peer, weights
from benchmarks.decoding.timing import Figure, Spread, aligned, command, options, report

TARGET = 1.02
TASKS = 10
OFF = {4: ("get_weather",), 5: ("get_weather",)}
"""Tasks during which tools are off."""
RETRIED = 7
"""The task whose first reply is thrown away and decoded anew."""
MAX_STEPS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the conversation as a chat API sees it: the messages so far, the tools, and the reply."""

    messages: list[dict[str, str]]
    off: tuple[str, ...]
    reply: str


@dataclass(slots=True)
class Counting:
    """A Model that tells of every request to another, and has the next reply decoded twice where `retry` is set."""

    model: LlamaCppModel
    rows: Rows
    retry: bool = False
    tries: list[list[str]] = field(default_factory=list[list[str]])
    """For each prompt the replies to it; all but the last were thrown away."""
    _last_prompt: list[int] = field(default_factory=list[int])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    async def decode(
        self, prompt: Prompt, *, sampling: Sampling = GREEDY, **options: Any
    ) -> AsyncGenerator[Delta, None]:
        if self.retry:
            self.retry = False
            async for _ in self._once(prompt, sampling=Sampling(0.8, seed=1), **options):
                pass
        async for delta in self._once(prompt, sampling=sampling, **options):
            yield delta

    async def _once(self, prompt: Prompt, **options: Any) -> AsyncGenerator[Delta, None]:
        tokens = self._tokens(prompt)
        self.rows.begin(tokens)
        if tokens != self._last_prompt:
            self.tries.append([])
        self._last_prompt = tokens
        text = ""
        async for delta in self.model.decode(prompt, **options):
            text += delta.text
            if delta.finish:
                self.tries[-1].append(text)
            yield delta

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        self.rows.begin(self._tokens(prompt), probe=True)
        return await self.model.score(prompt, continuations)

    def _tokens(self, prompt: Prompt) -> list[int]:
        return self.model._tokens(prompt)[0]  # pyright: ignore[reportPrivateUsage]


def task(number: int) -> str:
    return KINDS[number % len(KINDS)].task(number)


def converse(ours: Ours, strategy: str) -> tuple[Count, list[Asked]]:
    """Holds the conversation with our agent; the count, and the requests that a chat API would have had."""
    rows = Rows()
    count_engine(ours.model._engine.llama, rows)  # pyright: ignore[reportPrivateUsage]
    counting = Counting(ours.model, rows)
    limits: dict[str, Any] = {"strategy": strategy, "max_steps": MAX_STEPS}
    agent = Agent(counting, TOOLS, journal=Journal(":memory:"), **limits)  # type: ignore[arg-type]
    asked: list[Asked] = []

    async def all_tasks() -> None:
        session = agent.session()
        messages: list[dict[str, str]] = []
        for number in range(TASKS):
            off = OFF.get(number, ())
            before = len(counting.tries)
            counting.retry = number == RETRIED
            results: list[list[dict[str, str]]] = [[]]  # of each step
            async for event in session.stream(task(number), without=off):
                if isinstance(event, CallFinished):
                    results[-1].append({"role": "tool", "content": event.result.text})
                elif isinstance(event, StepFinished):
                    results.append([])
            messages = [*messages, {"role": "user", "content": task(number)}]
            for tries, shown in zip(counting.tries[before:], results, strict=False):
                asked.extend(Asked(messages, off, reply) for reply in tries)
                messages = [*messages, {"role": "assistant", "content": tries[-1]}, *shown]

    ours.runner.run(all_tasks())
    return rows.count(), asked


def tools_without(off: Sequence[str]) -> list[dict[str, Any]]:
    return [as_openai(tool) for tool in TOOLS if tool.name not in off]


def peer_count(llama: Any, asked: Sequence[Asked]) -> Count:
    """The same conversation through `create_chat_completion`, each reply forced to be the one of our conversation."""
    llama.rows = rows = Rows()
    for request in asked:
        wanted = iter([*llama.tokenize(request.reply.encode(), add_bos=False), llama.token_eos()])
        llama.create_chat_completion(
            request.messages,
            tools=tools_without(request.off),
            tool_choice="auto",
            temperature=0.0,
            max_tokens=2000,
            logits_processor=[lambda ids, scores, wanted=wanted: only(next(wanted), scores)],
        )
    return rows.count()


def only(token: int, scores: Any) -> Any:
    """Scores that leave a sampler no choice."""
    scores[:] = -1e9
    scores[token] = 0.0
    return scores


def reread_count(llama: Any, asked: Sequence[Asked]) -> Count:
    """The same requests to a loop that keeps no KV cache between them, as smolagents' TransformersModel does: counted
    with the tokenizer and the chat template, nothing is decoded."""
    rows = Rows()
    for request in asked:
        prompt = rendered(llama, request.messages, tools_without(request.off))
        rows.begin(prompt)
        rows.decoded([], prompt)
        rows.decoded(prompt, llama.tokenize(request.reply.encode(), add_bos=False))
    return rows.count()


def appended_tokens(llama: Any, asked: Sequence[Asked]) -> int:
    """Prompt tokens of the conversation if all tools stay in the prompt and nothing is read twice."""
    return reread_count(llama, [replace(request, off=()) for request in asked]).prompt_new


def rendered(llama: Any, messages: list[dict[str, str]], tools: list[dict[str, Any]]) -> list[int]:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    template = llama.metadata["tokenizer.chat_template"]
    formatter = Jinja2ChatFormatter(template, eos_token="<|im_end|>", bos_token="")
    prompt: str = formatter(messages=messages, tools=tools).prompt  # type: ignore[arg-type]
    return llama.tokenize(prompt.encode(), add_bos=False, special=True)


def table(counts: dict[str, tuple[Count, int]]) -> str:
    rows = [("side", "prompt rows", "new pairs", "new in the conversation", "reply rows", "probe rows", "read again")]
    for side, (count, new) in counts.items():
        numbers = (count.prompt, count.prompt_new, new, count.reply, count.probe, count.again)
        rows.append((side, *map(str, numbers)))
    return aligned(rows)


def main(arguments: Sequence[str]) -> int:
    chosen: argparse.Namespace = options("rows", __doc__).parse_args(arguments)
    path, threads = weights(chosen.model), chosen.threads
    counts: dict[str, tuple[Count, int]] = {}
    asked: list[Asked] = []
    for strategy in ("react", "direct"):
        with Ours(path, threads) as ours:
            count, asked = converse(ours, strategy)
            counts[f"ours, strategy {strategy}"] = count, count.prompt_new
    llama = open_peer(path, threads, CountedPeer)
    new = appended_tokens(llama, asked)
    counts["llama-cpp-python"] = peer_count(llama, asked), new
    counts["a loop without a cache (smolagents)"] = reread_count(llama, asked), new
    figures = [
        Figure(f"{side}: prompt rows / new tokens", Spread.of([count.prompt / new]), TARGET if "ours" in side else None)
        for side, (count, new) in counts.items()
    ]
    measured = {side: {**asdict(count), "new_in_the_conversation": new} for side, (count, new) in counts.items()}
    report(chosen, figures, table(counts), {"counts": measured, "requests": [asdict(request) for request in asked]})
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
