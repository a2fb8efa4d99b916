"""`python -m benchmarks.decoding.schemas`: time per output token under twenty JSON Schemas, by the time of a free reply
to the same prompt; with fast-forward and without, llama.cpp's GBNF grammars and outlines beside it."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from agentx.dialects.json_grammar import json_rule
from agentx.model import Constraint, Fragment
from benchmarks.decoding.schema_set import SCHEMAS, Asked
from benchmarks.decoding.sides import Ours, Reply, weights
from benchmarks.decoding.timing import Figure, Spread, aligned, command, interleave, options, report, save

MAX_TOKENS = 64
FREE_TOKENS = 16
"""Enough of a free reply, whose tokens all take as long."""
FORWARD, MASKED, FREE = "ours, fast-forward", "ours, token by token", "ours, free"
GBNF, PEER_FREE, OUTLINES = "llama.cpp GBNF", "llama-cpp-python, free", "outlines"
BASES = {FORWARD: FREE, MASKED: FREE, GBNF: PEER_FREE, OUTLINES: PEER_FREE}
TARGETS = {FORWARD: 0.75, MASKED: 1.02}
WORKER = Path(__file__).parents[1] / "peers" / "constrained_worker.py"
Replies = dict[str, list[Reply]]
"""Of one schema: for each side its reply of each round; a side that does not take the schema is missing."""


class NotTaken(Exception):
    """A peer cannot make a constraint of a schema; the message says why."""


class Worker:
    """A peer in a process of its own, under a Python that has it installed."""

    def __init__(self, python: str, kind: str, path: Path, threads: int) -> None:
        self._command = [python, str(WORKER), str(path), "--kind", kind, "--threads", str(threads)]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def reply(self, prompt: str, schema: Any) -> Reply:
        """Raises NotTaken for a schema that is too much for it; where that ends its process, it gets another one."""
        assert self._process.stdin and self._process.stdout
        request = {"prompt": prompt, "schema": schema, "max_tokens": FREE_TOKENS if schema is None else MAX_TOKENS}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._start()
            raise NotTaken(f"its process ended with code {code}")
        answer = json.loads(line)
        if "error" in answer:
            raise NotTaken(answer["error"])
        return Reply(answer["text"], answer["seconds"], answer["tokens"])


@dataclass(frozen=True, slots=True)
class Sides:
    """What is measured: our engine, llama-cpp-python, and outlines where there is a Python that has it."""

    ours: Ours
    peer: Worker
    outlines: Worker | None

    def of(self, asked: Asked) -> dict[str, Callable[[int], Reply]]:
        prompt = self._prompt(asked)
        text = "".join(fragment.text for fragment in prompt)
        lark = f"start: {json_rule(asked.schema)}"

        def ours(constraint: Constraint | None) -> Callable[[int], Reply]:
            most = MAX_TOKENS if constraint else FREE_TOKENS
            return lambda _: self.ours.reply(prompt, constraint=constraint, max_tokens=most)

        sides = {
            FORWARD: ours(Constraint(lark)),
            GBNF: lambda _: self.peer.reply(text, asked.schema),
            FREE: ours(None),
            PEER_FREE: lambda _: self.peer.reply(text, None),
            MASKED: ours(Constraint(lark, fast_forward=False)),
        }
        if worker := self.outlines:
            sides[OUTLINES] = lambda _: worker.reply(text, asked.schema)
        return sides

    def _prompt(self, asked: Asked) -> list[Fragment]:
        return self.ours.model.chat.opening(
            f"You answer with JSON of this schema: {json.dumps(asked.schema)}", asked.request
        )


def measure(sides: Sides, asked: Asked, rounds: int) -> tuple[Replies, dict[str, str]]:
    """Replies of all sides that take the schema, the first of each unmeasured, and why the others do not."""
    taking: dict[str, Callable[[int], Reply]] = {}
    refusals: dict[str, str] = {}
    for name, side in sides.of(asked).items():
        try:
            side(-1)  # warm: the prompt is cached, the constraint compiled
        except NotTaken as reason:
            refusals[name] = str(reason)
        else:
            taking[name] = side
    return interleave(taking, rounds), refusals


def pooled(all_replies: Mapping[str, Replies], side: str) -> Spread | None:
    """Of each round: seconds per token of a side over all schemas that it takes, by those of its free replies."""
    taken = [replies for replies in all_replies.values() if side in replies]
    if not taken:
        return None

    def per_token(name: str, number: int) -> float:
        replies = [of_schema[name][number] for of_schema in taken]
        return sum(reply.seconds for reply in replies) / sum(reply.tokens for reply in replies)

    rounds = range(min(len(replies[side]) for replies in taken))
    return Spread.of([per_token(side, number) / per_token(BASES[side], number) for number in rounds])


def figures(all_replies: Mapping[str, Replies]) -> list[Figure]:
    found: list[Figure] = []
    for side, base in BASES.items():
        if value := pooled(all_replies, side):
            count = sum(side in replies for replies in all_replies.values())
            found.append(Figure(f"{side} / {base.split(', ')[-1]} ({count} schemas)", value, TARGETS.get(side)))
    return found


def valid(asked: Asked, text: str) -> bool:
    import jsonschema

    try:
        jsonschema.validate(json.loads(text), asked.schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def details(all_replies: Mapping[str, Replies], refusals: Mapping[str, Mapping[str, str]]) -> str:
    """For each schema and side the median time per token by that of the free replies; at the end what else is told."""
    rows: list[Sequence[str]] = [("schema", *BASES, "free, ms a token", "tokens", "forced")]
    by_name = {asked.name: asked for asked in SCHEMAS}
    right = dict.fromkeys(BASES, 0)
    for name, replies in all_replies.items():
        each = {side: median(reply.seconds / reply.tokens for reply in some) for side, some in replies.items()}
        shares = [f"{each[side] / each[base]:.2f}" if side in each else "-" for side, base in BASES.items()]
        forward = replies[FORWARD][0]
        rows.append((name, *shares, f"{1000 * each[FREE]:.1f}", str(forward.tokens), str(forward.forced)))
        for side in right:
            right[side] += side in replies and valid(by_name[name], replies[side][0].text)
    notes = [
        f"{side}: {count} of {len(all_replies)} whole and valid in {MAX_TOKENS} tokens" for side, count in right.items()
    ]
    why = [f"{side} does not take `{name}`: {text}" for name, some in refusals.items() for side, text in some.items()]
    return "\n".join([aligned(rows), "", *notes, *why])


def earlier(path: Path) -> tuple[dict[str, Replies], dict[str, dict[str, str]]]:
    """What a run before this one measured, as `as_json` put it."""
    measured = json.loads(path.read_text(encoding="utf-8"))["measured"]
    replies = {
        name: {side: [Reply(**row) for row in rows] for side, rows in of_schema.items()}
        for name, of_schema in measured["replies"].items()
    }
    return replies, measured["refusals"]


def main(arguments: Sequence[str]) -> int:
    parser = options("schemas", __doc__)
    parser.add_argument(
        "--outlines-python", help="a Python with benchmarks/peers/requirements-outlines.txt installed; else left out"
    )
    parser.add_argument("--limit", type=int, default=len(SCHEMAS), help="schemas measured in this run")
    parser.add_argument("--resume", action="store_true", help="go on with --out: its schemas are not measured again")
    chosen = parser.parse_args(arguments)
    path, threads = weights(chosen.model), chosen.threads
    replies, refusals = earlier(chosen.out) if chosen.resume and chosen.out.exists() else ({}, {})
    with ExitStack() as stack:
        python = chosen.outlines_python
        sides = Sides(
            stack.enter_context(Ours(path, threads)),
            stack.enter_context(Worker(sys.executable, "gbnf", path, threads)),
            stack.enter_context(Worker(python, "outlines", path, threads)) if python else None,
        )
        for asked in [asked for asked in SCHEMAS if asked.name not in replies][: chosen.limit]:
            print(asked.name, file=sys.stderr)
            replies[asked.name], refused = measure(sides, asked, chosen.rounds)
            refusals |= {asked.name: refused} if refused else {}
            save(chosen, figures(replies), as_json(replies, refusals))  # a run that is broken off can be resumed
    report(chosen, figures(replies), details(replies, refusals), as_json(replies, refusals))
    return 0


def as_json(replies: Mapping[str, Replies], refusals: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    rows = {
        name: {side: [asdict(reply) for reply in some] for side, some in of_schema.items()}
        for name, of_schema in replies.items()
    }
    return {"replies": rows, "refusals": dict(refusals)}


if __name__ == "__main__":
    sys.exit(command(main))
