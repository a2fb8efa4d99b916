"""`python -m benchmarks.memory superseded`: does a new fact take the place of an old one, and of no other?

Sixty pairs of facts (`data/facts.txt`): in half of them the new one repeats, corrects or ends the old, in the others
both hold. Each pair goes the way that a fact goes which was found in a conversation: nearness first, then the probe.
`dev` was for prompts and limits, `held` is run to report.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agentx_memory.embedder import MiniLmEmbedder
from agentx_memory.learning.facts import NEAR
from agentx_memory.learning.superseding import DOUBTFUL, SUPERSEDED, superseded

from agentx.models import open_model

DATA = Path(__file__).with_name("data") / "facts.txt"


@dataclass(frozen=True)
class Pair:
    """`kind` begins with "out" where the old one is to go, with "both" where it is to stay."""

    half: str
    kind: str
    old: str
    new: str

    @property
    def goes(self) -> bool:
        return self.kind.startswith("out")


@dataclass(frozen=True)
class Judged:
    """`probability` is 0 where the two were not near enough to be asked about."""

    pair: Pair
    similarity: float
    probability: float

    @property
    def verdict(self) -> str:
        if self.probability >= SUPERSEDED:
            return "out"
        return "asked" if self.probability >= DOUBTFUL else "both"


def pairs() -> list[Pair]:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [Pair(*line.split(" | ", 3)) for line in lines if line and not line.startswith("#")]


async def judged(asked: Sequence[Pair], model_name: str | None, threads: int | None) -> list[Judged]:
    embedder, model = MiniLmEmbedder(), open_model(model_name, threads=threads)
    found: list[Judged] = []
    for pair in asked:
        one, other = embedder.embed([pair.old, pair.new])
        similarity = float(one @ other)
        probability = (await superseded(model, [pair.old], pair.new))[0][0] if similarity >= NEAR else 0.0
        found.append(Judged(pair, similarity, probability))
        said = found[-1].verdict
        print(f"{said:5} {probability:.2f} {pair.kind} | {pair.old} | {pair.new}", file=sys.stderr, flush=True)
    return found


def summary(found: Sequence[Judged]) -> str:
    lines = ["half   the old one is to   goes   a person is asked   stays"]
    for half in dict.fromkeys(one.pair.half for one in found):
        for goes, name in ((True, "go"), (False, "stay")):
            said = [one.verdict for one in found if one.pair.half == half and one.pair.goes == goes]
            out, asked, both = map(said.count, ("out", "asked", "both"))
            lines.append(f"{half:5}  {name:17}  {out:5}  {asked:18}  {both:6}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory superseded", description=__doc__)
    parser.add_argument("--half", choices=["dev", "held", "both"], default="both")
    parser.add_argument("--model", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--threads", type=int, help="CPU threads of the decoder")
    parser.add_argument("--out", type=Path, help="write what was judged as JSON")
    options = parser.parse_args(arguments)
    asked = [pair for pair in pairs() if options.half in ("both", pair.half)]
    started = time.perf_counter()
    found = asyncio.run(judged(asked, options.model, options.threads))
    print(summary(found))
    print(f"{(time.perf_counter() - started) / len(found):.1f} s a pair, the loading included")
    if options.out:
        options.out.write_text(json.dumps([asdict(one) for one in found], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
