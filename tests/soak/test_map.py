"""`agentx map`, killed three times: each task has one line in the end."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.cli.conftest import COMMAND, answer, calls, process
from tests.soak.conftest import rounds

KILLS = 3


def test_tasks_that_are_killed_three_times_give_one_line_each(script: Any, tmp_path: Path) -> None:
    count = rounds(90, 1_000)
    tasks, out = tmp_path / "tasks.jsonl", tmp_path / "out.jsonl"
    tasks.write_text("\n".join(json.dumps(f"Task {number}") for number in range(count)))
    # Whatever tasks run side by side, each takes a call and then an answer.
    model = script(*[f"{calls('now()')}", answer("Done.")] * count)
    env = {"AGENTX_DATA_DIR": str(tmp_path / "data"), "AGENTX_STRATEGY": "react"}
    argv = ["map", str(tasks), "-o", str(out), "--model", model, "--tool", "now", "--jobs", "1"]
    for kill in range(KILLS):
        started = subprocess.Popen([*COMMAND, *argv], env=os.environ | env, stderr=subprocess.DEVNULL)
        until = (kill + 1) * count // (KILLS + 1)
        end = time.monotonic() + 300
        while (not out.exists() or out.read_bytes().count(b"\n") < until) and time.monotonic() < end:
            time.sleep(0.002)
        started.send_signal(signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
    assert process(*argv, env=env, timeout=600).code == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(row["line"] for row in rows) == list(range(1, count + 1))
    assert {row["status"] for row in rows} == {"ok"} and all(len(row["calls"]) == 1 for row in rows)
