"""Runs the cases one after the other on one loaded model."""

import sys
import time
from collections.abc import Sequence

from agentx.errors import AgentXError, ModelError
from agentx.messages import ToolCall, Usage
from agentx.model import Model, Sampling
from benchmarks.bfcl import multi, single
from benchmarks.bfcl.cases import MULTI_TURN, Case
from benchmarks.bfcl.records import Record, Settings
from benchmarks.bfcl.report import progress
from benchmarks.tasks.results import ResultsFile, counts, without

DEFAULT_STRATEGY = {True: "auto", False: "direct"}
"""By whether the case has several turns: what the product itself takes in `agent.session` and in `agent.propose`."""


async def run_all(
    cases: Sequence[Case], settings: Settings, results: ResultsFile[Record], model: Model, *, resume: bool = False
) -> list[Record]:
    """Runs the cases that have no record yet; returns the records of all, in order.

    Raises:
        UsageError, StorageError: see `ResultsFile`.
        ModelError: the decoder failed.
    """
    records = results.open(settings, resume=resume)
    wanted = {case.id: case for case in cases}
    for case_id in without(records, list(wanted)):
        record = await run_case(wanted[case_id], settings, model)
        results.append(record)
        records.append(record)
        print(progress(record), file=sys.stderr, flush=True)
    by_id = {record.id: record for record in records}
    return [by_id[case_id] for case_id in wanted]


async def run_case(case: Case, settings: Settings, model: Model) -> Record:
    """Runs and judges one case. A schema or a prompt that the product refuses costs it the case."""
    several = case.category in MULTI_TURN
    strategy = DEFAULT_STRATEGY[several] if settings.strategy == "default" else settings.strategy
    sampling = Sampling(seed=settings.seed)
    calls: list[ToolCall] = []
    answer, usage = None, Usage()
    started = time.perf_counter()
    try:
        if several:
            done = await multi.converse(case, model, strategy, sampling)
            calls, usage = [call for turn in done.turns for step in turn for call in step], done.usage
            answer = "; ".join(done.endings)
            seconds = time.perf_counter() - started
            valid, error = multi.judge(case, done)
        else:
            proposal = await single.propose(case, model, strategy, sampling)
            calls, answer, usage = proposal.calls, proposal.answer, proposal.usage
            seconds = time.perf_counter() - started
            valid, error = single.judge(case, calls)
    except ModelError:
        raise
    except AgentXError as refused:
        seconds = time.perf_counter() - started
        valid, error = False, f"refused: {refused}"
    return _record(case, settings, (valid, error), calls, answer, usage, seconds)


def _record(
    case: Case,
    settings: Settings,
    verdict: tuple[bool, str],
    calls: list[ToolCall],
    answer: str | None,
    usage: Usage,
    seconds: float,
) -> Record:
    return Record(
        id=case.id,
        category=case.category,
        number=case.number,
        settings=settings,
        valid=verdict[0],
        error=verdict[1][:1000],
        calls=[str(call) for call in calls],
        answer=answer,
        seconds=round(seconds, 3),
        **counts(usage),
    )
