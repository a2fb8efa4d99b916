"""`python -m benchmarks.learn.speed`: time per output token of a constrained call, by that of plain `generate`.

Same weights, threads and prompt, by turns. Ours: the whole reply behind a prompt that is cached, from the request to
the last Delta. `generate`, greedy and with its own cache: 32 tokens, less the time of a call that gives one token,
since it reads the prompt each time.
"""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from agentx.dialects.python_calls import PythonCalls
from agentx.model import Constraint, Prompt
from benchmarks.decoding.requests import KINDS, TOOLS
from benchmarks.decoding.timing import ROUNDS, Figure, Spread, aligned, command, interleave, ratios, report
from benchmarks.learn.loaded import Ours, options

MAX_TOKENS = 64
FREE_TOKENS = 32
FORWARD, MASKED, FREE, PLAIN = "ours, fast-forward", "ours, token by token", "ours, free", "generate"
TARGETS: dict[str, float | None] = {FORWARD: 1.10, MASKED: 1.10, FREE: None}


def constrained(ours: Ours, prompts: Sequence[Prompt], fast_forward: bool) -> Callable[[int], float]:
    constraint = Constraint(f"start: calls\n{PythonCalls().grammar(list(TOOLS))}", fast_forward)
    return lambda _: per_token(ours, prompts, constraint)


def per_token(ours: Ours, prompts: Sequence[Prompt], constraint: Constraint | None) -> float:
    """Seconds a token, over a reply to each prompt."""
    seconds, tokens = 0.0, 0
    for prompt in prompts:
        ours.reply(prompt, max_tokens=1)  # the prompt is cached then
        started = time.perf_counter()
        most = MAX_TOKENS if constraint else FREE_TOKENS
        _, last = ours.reply(prompt, constraint=constraint, max_tokens=most)
        seconds += time.perf_counter() - started
        tokens += last.usage.output_tokens
    return seconds / tokens


def generate(ours: Ours, prompts: Sequence[Prompt]) -> float:
    """Seconds a token of the library's own loop."""
    import torch

    # As many threads as ours, which sets them on its own thread.
    torch.set_num_threads(ours.threads)
    network, seconds, tokens = ours.network, 0.0, 0
    for prompt in prompts:
        ids = torch.tensor([ours.ids(prompt)])

        def run(count: int, ids: Any = ids) -> float:
            started = time.perf_counter()
            with torch.inference_mode():
                network.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=count,
                    min_new_tokens=count,
                    do_sample=False,
                    pad_token_id=0,
                )
            return time.perf_counter() - started

        seconds += run(FREE_TOKENS) - run(1)
        tokens += FREE_TOKENS - 1
    return seconds / tokens


def main(arguments: Sequence[str]) -> int:
    parser = options("speed", __doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(arguments)
    with Ours(chosen.model, chosen.threads) as ours:
        shown = PythonCalls().show_tools(list(TOOLS))
        prompts = [ours.model.chat.opening(shown, kind.task(i)) for i, kind in enumerate(KINDS)]
        sides: dict[str, Callable[[int], float]] = {
            FORWARD: constrained(ours, prompts, fast_forward=True),
            PLAIN: lambda _: generate(ours, prompts),
            MASKED: constrained(ours, prompts, fast_forward=False),
            FREE: lambda _: per_token(ours, prompts, None),
        }
        for side in sides.values():
            side(0)  # warm
        measured = interleave(sides, chosen.rounds)
    figures = [
        Figure(f"time per output token, {side} / generate", ratios(measured[side], measured[PLAIN]), target)
        for side, target in TARGETS.items()
    ]
    rows = [
        ("side", "ms a token"),
        *((side, Spread.of([1000 * s for s in some]).show()) for side, some in measured.items()),
    ]
    report(chosen, figures, aligned(rows), measured)
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
