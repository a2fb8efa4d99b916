"""`python -m benchmarks.decoding.seam`: does it change the call that is chosen whether what the grammar forces is fed
without sampling, or every token is sampled under the mask? Prompts and grammars are those of the strategy `direct`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentx import plugins
from agentx.decoding.ledger import common_prefix
from agentx.dialects.base import Dialect, DialectError
from agentx.messages import ToolCall, Usage
from agentx.model import GREEDY, Constraint, Delta, Fragment
from agentx.models import acquire
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions
from agentx.planner.base import Turn
from agentx.planner.direct import Direct
from agentx.planner.replies import MAX_CALL_TOKENS
from agentx.planner.requests import judged
from agentx.toolbox import Toolbox
from benchmarks.decoding.seam_cases import Case, cases


@dataclass(frozen=True)
class Choice:
    """What was decoded: the calls, or None where the reply is cut off."""

    calls: list[tuple[str, dict[str, Any]]] | None
    text: str
    tokens: tuple[int, ...]
    usage: Usage


def opening(model: LlamaCppModel, dialect: Dialect, case: Case) -> list[Fragment]:
    """The prompt of the strategy `direct`, as far as where the call is decoded."""
    turn = Turn(
        model=model,
        dialect=dialect,
        toolbox=Toolbox(case.tools),
        task=case.request,
        sampling=GREEDY,
        emit=lambda event: None,
        new_call=lambda name, arguments: ToolCall("", name, arguments),
    )
    return [*Direct().opening(turn, follow_up=False), judged(yes=True)]


async def choose(model: LlamaCppModel, dialect: Dialect, case: Case, fast_forward: bool) -> Choice:
    grammar = Constraint(f"start: calls\n{dialect.grammar(case.tools)}", fast_forward=fast_forward)
    last = Delta("")
    prompt = opening(model, dialect, case)
    async for delta in model.decode(prompt, constraint=grammar, max_tokens=MAX_CALL_TOKENS):
        last = delta
    text = "".join(fragment.text for fragment in last.fragments)
    tokens = tuple(token for fragment in last.fragments for token in fragment.tokens or ())
    try:
        calls = dialect.parse(text, case.tools)
    except DialectError:
        calls = None
    return Choice(calls, text, tokens, last.usage)


async def parting(model: LlamaCppModel, dialect: Dialect, case: Case, on: Choice, off: Choice) -> str:
    """Where two replies part: the tokens before, and how much likelier one next token is than the other."""
    count = common_prefix(list(on.tokens), list(off.tokens))
    if count == min(len(on.tokens), len(off.tokens)):
        return "one is the beginning of the other"

    def piece(token: int) -> str:
        return model._engine.llama.piece(token).decode(errors="replace")

    before = "|".join(map(piece, on.tokens[:count]))
    common = Fragment("", tokens=on.tokens[:count])
    nexts = [piece(choice.tokens[count]) for choice in (on, off)]
    scores = await model.score([*opening(model, dialect, case), common], nexts)
    gap = scores.logprobs[0] - scores.logprobs[1]
    return f"after {before!r}: {nexts[0]!r} or {nexts[1]!r}, {gap:+.3f} nats"


async def run(model: LlamaCppModel, dialect: Dialect, chosen: Sequence[Case]) -> list[tuple[Case, Choice, Choice]]:
    pairs: list[tuple[Case, Choice, Choice]] = []
    for case in chosen:
        # Both find the whole prompt in the cache, read in the same batches.
        await model.score(opening(model, dialect, case), ["a"])
        on, off = [await choose(model, dialect, case, way) for way in (True, False)]
        pairs.append((case, on, off))
        if on.calls != off.calls:
            print(f"{case.request}\n  on:  {on.text!r}\n  off: {off.text!r}")
            print(f"  {await parting(model, dialect, case, on, off)}", flush=True)
    return pairs


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding.seam", description=__doc__)
    parser.add_argument("--model", default="", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--dialect", default="python")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--part", default="1/1", help="1/2 and 2/2 run one half each")
    options = parser.parse_args(arguments)
    resolved = acquire.ensure(options.model or None)
    model = LlamaCppModel(resolved.path, resolved.name, options=LlamaOptions(context_tokens=4096, drafts=False))
    part, parts = map(int, options.part.split("/"))
    every = cases(options.cases)
    chosen = every[len(every) * (part - 1) // parts : len(every) * part // parts]
    started = time.perf_counter()
    pairs = asyncio.run(run(model, plugins.load("agentx.dialects", options.dialect)(), chosen))
    seconds = time.perf_counter() - started
    same = sum(on.calls == off.calls and on.calls is not None for _, on, off in pairs)
    letters = sum(on.text == off.text for _, on, off in pairs)
    on, off = (sum((pair[i].usage for pair in pairs), Usage()) for i in (1, 2))
    print(
        f"the same call with fast-forward as without for {same} of {len(pairs)} requests, by the letter for {letters}\n"
        f"output tokens: on {on.output_tokens} ({on.forced_tokens} forced), off {off.output_tokens}; "
        f"seconds for them: on {on.decode_s:.0f}, off {off.decode_s:.0f}; all {seconds:.0f}"
    )
    model.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
