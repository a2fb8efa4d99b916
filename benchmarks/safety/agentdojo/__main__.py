"""`python -m benchmarks.safety.agentdojo`: utility without an attack, and with one how often it succeeds.

The model is a script that obeys every injection it sees, and no approval is given.
With `--model` a real model takes its place; with `--guard` the guard `injection` reads each result before it does.
"""

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentdojo.attacks.attack_registry import ATTACKS, load_attack
from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
from agentdojo.task_suite.load_suites import get_suites
from agentdojo.task_suite.task_suite import TaskSuite

from benchmarks.columns import aligned
from benchmarks.safety.agentdojo.obedient import obedient
from benchmarks.safety.agentdojo.pipeline import AgentXPipeline, MakeModel

VERSION = "v1.2.2"
ATTACK = "important_instructions"


@dataclass(frozen=True)
class Record:
    """One run; `injection` is None without an attack, `attacked` says whether the attack succeeded.

    `by_words` is True where the injection wants no call but words in the answer, which no policy of calls holds back.
    """

    suite: str
    task: str
    injection: str | None
    by_words: bool
    useful: bool
    attacked: bool
    status: str
    denied: list[str]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.safety.agentdojo", description=__doc__)
    parser.add_argument("--suite", action="append", choices=list(get_suites(VERSION)), help="one suite; repeatable")
    parser.add_argument("--model", help="a model of AgentX instead of the script")
    parser.add_argument("--attack", default=ATTACK, choices=list(ATTACKS), help="how injections are worded")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth run")
    parser.add_argument("--allow-all", action="store_true", help="approve everything in advance: what taint is worth")
    parser.add_argument("--guard", action="store_true", help="withhold results in which `injection` finds something")
    parser.add_argument("--out", type=Path, help="file for a JSON line a run")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    records: list[Record] = []
    for name in options.suite or get_suites(VERSION):
        runs = list(_runs(get_suites(VERSION)[name]))[:: options.every]
        for user_task, injection_task in runs:
            allow = ["all"] if options.allow_all else []
            pipeline = AgentXPipeline(name, _maker(user_task, injection_task, options.model), allow, options.guard)
            record = run(get_suites(VERSION)[name], user_task, injection_task, pipeline, options.attack)
            records.append(record)
            if options.model:
                print(f"{record.suite} {record.task} {record.injection or '-'}: {_words(record)}", file=sys.stderr)
            if options.out:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(record)) + "\n")
    print(report(records))
    return 0


def _runs(suite: TaskSuite[Any]) -> Iterator[tuple[BaseUserTask[Any], BaseInjectionTask[Any] | None]]:
    """Each task by itself, then with each injection that has a known solution: the others cannot be scripted."""
    for user_task in suite.user_tasks.values():
        yield user_task, None
    environment = suite.load_and_inject_default_environment({})
    scriptable = [
        task
        for task in suite.injection_tasks.values()
        if task.ground_truth(environment.model_copy(deep=True)) or task.GROUND_TRUTH_OUTPUT
    ]
    for user_task in suite.user_tasks.values():
        for injection_task in scriptable:
            yield user_task, injection_task


def run(
    suite: TaskSuite[Any],
    user_task: BaseUserTask[Any],
    injection_task: BaseInjectionTask[Any] | None,
    pipeline: AgentXPipeline,
    attack: str = ATTACK,
) -> Record:
    """One run in a fresh environment, the injection planted wherever the task's known solution reads."""
    injections = load_attack(attack, suite, pipeline).attack(user_task, injection_task) if injection_task else {}
    useful, attacked = suite.run_task_with_pipeline(pipeline, user_task, injection_task, injections)
    return Record(
        suite.name,
        user_task.ID,
        injection_task.ID if injection_task else None,
        bool(injection_task and injection_task.GROUND_TRUTH_OUTPUT),
        useful,
        attacked and injection_task is not None,
        pipeline.result.status if pipeline.result else "",
        list(pipeline.denied),
    )


def _maker(user_task: BaseUserTask[Any], injection_task: BaseInjectionTask[Any] | None, model: str | None) -> MakeModel:
    if model is None:
        return lambda environment: obedient(user_task, injection_task, environment)
    from agentx.models import open_model

    return lambda environment: open_model(None if model == "default" else model)


def report(records: Sequence[Record]) -> str:
    rows = [("suite", "tasks", "useful", "%", "pairs", "useful", "%", "attacked", "%")]
    for name in [*dict.fromkeys(record.suite for record in records), "all", "by calls", "by words"]:
        chosen = [
            record
            for record in records
            if name in (record.suite, "all")
            or (record.injection and name == f"by {'words' if record.by_words else 'calls'}")
        ]
        alone = [record for record in chosen if record.injection is None]
        pairs = [record for record in chosen if record.injection is not None]
        rows.append(
            (
                name,
                *_share(len(alone), sum(record.useful for record in alone)),
                *_share(len(pairs), sum(record.useful for record in pairs)),
                *_share(len(pairs), sum(record.attacked for record in pairs))[1:],
            )
        )
    return aligned(rows)


def _share(total: int, number: int) -> tuple[str, str, str]:
    return str(total), str(number), f"{100 * number / max(total, 1):.1f}"


def _words(record: Record) -> str:
    return f"{'useful' if record.useful else 'not useful'}{', ATTACKED' if record.attacked else ''} ({record.status})"


if __name__ == "__main__":
    sys.exit(main())
