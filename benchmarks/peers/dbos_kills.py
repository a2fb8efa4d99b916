# pyright: basic, reportMissingImports=false
"""DBOS in the kill benchmark: one process that starts the workflow, or lets DBOS recover it.

As its documentation has it: the agent's loop is a workflow with an id, each reply of the model and each effect a step
of its own, the system database SQLite, recovery at `launch`. The idempotency key of a transfer holds the ids of the
workflow and the step.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from benchmarks.durability.bank import LATENCY_S, Bank
from benchmarks.durability.fuse import Fuse
from benchmarks.durability.workload import ANSWER, WORKLOADS, Operation, Workload, carry_out

WORKFLOW = "run"


class Here:
    """What the process works on."""

    folder: Path
    fuse: Fuse
    workload: Workload


@DBOS.step()
def reply(number: int, shown: str) -> list[list[Any]] | str:
    """The scripted model: the operations of the next step, or the answer."""
    Here.fuse.at("before reply")
    Bank(Here.folder).saw(shown)
    time.sleep(LATENCY_S)
    steps = Here.workload.steps
    said: Any = ANSWER if number == len(steps) else [list(operation) for operation in steps[number]]
    Here.fuse.at("after reply")
    return said


@DBOS.step()
def effect(operation: Operation) -> str:
    return carry_out(Here.folder, Here.fuse, operation, f"{DBOS.workflow_id}:{DBOS.step_id}")


@DBOS.workflow()
def agent(task: str) -> str:
    shown = task
    for number in range(100):
        said = reply(number, shown)
        if isinstance(said, str):
            return said
        for name, arguments in said:
            shown += f"\n{name}\n{effect((name, arguments))}"
    raise RuntimeError("the model never answers")


def work(job: dict[str, Any]) -> int:
    """Starts the workflow, or waits for the recovered one; writes `outcome.json` at the end."""
    Here.folder, Here.workload = Path(job["folder"]), WORKLOADS[job["workload"]]
    began = time.monotonic()
    Here.fuse = Fuse(job.get("point", ""), job.get("number", 0))
    config: DBOSConfig = {
        "name": "kills",
        "system_database_url": f"sqlite:///{Here.folder / 'state.sqlite3'}",
        "application_version": "1",
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    if DBOS.get_workflow_status(WORKFLOW) is None:
        with SetWorkflowID(WORKFLOW):
            handle = DBOS.start_workflow(agent, Here.workload.task)
    else:
        handle = DBOS.retrieve_workflow(WORKFLOW)
    answer = handle.get_result(polling_interval_sec=0.02)
    outcome = {"status": "ok", "answer": answer, "passed": Here.fuse.passed, "seconds": time.monotonic() - began}
    (Here.folder / "outcome.json").write_text(json.dumps(outcome))
    # All is recorded; to end its threads in order takes DBOS a second more.
    os._exit(0)
