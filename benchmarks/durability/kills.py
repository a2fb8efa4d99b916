"""`python -m benchmarks.durability kills`: processes killed at labelled points and random moments, and what is left."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.columns import aligned
from benchmarks.durability.audit import JournalAuditor
from benchmarks.durability.rounds import Contender, Nursery, Played, Round, nursery, play, undisturbed
from benchmarks.durability.schedule import COMMON, MOMENT, rounds
from benchmarks.durability.workload import FOLDS, SHARED

KINDS = {"post": "probe", "transfer": "key", "shout": "neither", "edit_file": "edit_file", "append": "program"}
RESULTS = Path(__file__).parents[1] / "results" / "durability-kills.json"

AGENTX = Contender("AgentX", sys.executable, "benchmarks.durability.agentx_worker", JournalAuditor)


def peers(python: str) -> list[Contender]:
    """The peers, in the environment of this interpreter."""
    return [
        Contender("LangGraph", python, "benchmarks.peers.langgraph_kills"),
        Contender("DBOS", python, "benchmarks.peers.dbos_kills"),
    ]


def measure(
    contender: Contender,
    kills: int,
    seed: int = 0,
    jobs: int = 1,
    workloads: Sequence[str] = SHARED,
    labelled: int | None = None,
    tell: Callable[[int], None] = lambda hit: None,
) -> list[Played]:
    """Plays rounds until so many kills have hit.

    Args:
        jobs: rounds played side by side.
        tell: called after each round with the number of kills so far.
    """
    with ExitStack() as stack:
        nurseries = [stack.enter_context(nursery(contender)) for _ in range(jobs)]
        known = {name: undisturbed(nurseries[0], name) for name in workloads}
        plan = rounds({name: passed for name, (passed, _) in known.items()}, seed, labelled)
        played: list[Played] = []
        lock = Lock()

        def next_round() -> Iterator[Round]:
            while True:
                with lock:
                    if sum(len(each.kills) for each in played) >= kills:
                        return
                    planned = next(plan)
                yield planned

        def work(of: Nursery) -> None:
            for planned in next_round():
                done = play(of, planned, known[planned.workload][1])
                with lock:
                    played.append(done)
                    tell(sum(len(each.kills) for each in played))

        with ThreadPoolExecutor(jobs) as pool:
            for future in [pool.submit(work, each) for each in nurseries]:
                future.result()
    return played


def row(name: str, played: Sequence[Played], *, doubts: bool) -> list[str]:
    """A contender's line of the table."""
    kills = sum(len(each.kills) for each in played)
    duplicated = sum((each.duplicated for each in played), Counter[str]())
    cells = [name, str(kills), *(str(duplicated[kind]) for kind in KINDS)]
    cells.append(f"{duplicated.total() / max(kills, 1):.3f}")
    cells += [str(sum(len(each.lost) for each in played))]
    cells += [str(sum(len(each.silent) for each in played)) if doubts else "-"]
    cells += [str(sum(each.asked for each in played)) if doubts else "-"]
    return [*cells, str(sum(bool(each.wrong) for each in played))]


def table(results: dict[str, list[Played]]) -> str:
    """All kills, and those of the schedule that the contenders share."""
    head = ["", "kills", *KINDS.values(), "a kill", "lost", "silent", "asked", "wrong end"]
    lines = [head]
    for name, played in results.items():
        lines.append(row(name, played, doubts=name == AGENTX.name))
    lines.append(["shared schedule:", *[""] * (len(head) - 1)])
    for name, played in results.items():
        shared = [each for each in played if set(each.kills) <= {*COMMON, MOMENT}]
        lines.append(row(name, shared, doubts=name == AGENTX.name))
    return "Duplicated effects by what a call of the tool can be told by, then what was lost.\n\n" + aligned(lines)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="kills that hit, of each contender (default: 500)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="rounds side by side (default: 2)")
    parser.add_argument("--peers", metavar="PYTHON", help="the interpreter of the peers' own environment")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="contenders")
    parser.add_argument("--folds", action="store_true", help="AgentX alone, in a context that is too small")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Runs the command; the exit code is 1 where AgentX misses one of its targets."""
    options = parse(arguments)
    contenders = [AGENTX, *(peers(options.peers) if options.peers and not options.folds else [])]
    results: dict[str, list[Played]] = {}
    for contender in contenders:
        if options.only and contender.name not in options.only:
            continue
        began = time.monotonic()

        def tell(hit: int, name: str = contender.name, began: float = began) -> None:
            print(f"\r{name}: {hit} kills, {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)

        workloads = (FOLDS.name,) if options.folds else SHARED
        results[contender.name] = measure(contender, options.kills, options.seed, options.jobs, workloads, tell=tell)
        print(file=sys.stderr)
    print(table(results))
    options.out.parent.mkdir(exist_ok=True)
    told = {name: [as_json(each) for each in played] for name, played in results.items()}
    options.out.write_text(json.dumps({"seed": options.seed, "rounds": told}, indent=1))
    print(f"\nresults: {options.out}")
    return int(any(map(is_bad, results.get(AGENTX.name, ()))))


def as_json(played: Played) -> dict[str, Any]:
    return {**vars(played), "round": asdict(played.round)}


def is_bad(played: Played) -> bool:
    """Whether a round shows what must not be."""
    return bool(played.duplicated or played.lost or played.silent or played.wrong)
