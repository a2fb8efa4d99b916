import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, answer, calls, environment

DICE = random.Random(7)
MOMENTS = [round(DICE.uniform(0.1, 0.8), 2) for _ in range(8)]
SLOW = calls('python(code="import time; time.sleep(60)")')


def start(*argv: str, **env: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**env),
    )


def test_ctrl_c_in_a_tool_ends_the_run_and_the_object_tells_so(script, workspace: Path) -> None:
    argv = ["run", "t", "--model", script(SLOW, answer("x")), "--tool", "python", "--allow", "all", "--stream-json"]
    run = start(*argv, "--workspace", str(workspace))
    assert run.stdout is not None
    for line in run.stdout:
        if json.loads(line)["kind"] == "CallStarted":
            break
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20)
    last = json.loads(out.splitlines()[-1])
    assert run.returncode == 130
    assert last["status"] == "interrupted"
    assert [call["name"] for call in last["calls"]] == ["python"]
    assert last["session"]
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err


def test_the_journal_says_that_the_run_was_interrupted(script, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    run = start(
        *["run", "t", "--model", script(SLOW, answer("x")), "--tool", "python", "--allow", "all"], AGENTX_DATA_DIR=data
    )
    assert run.stderr is not None
    for line in run.stderr:
        if "python(" in line:
            break
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)
    from agentx.journal import Journal

    with Journal(Path(data) / "sessions.sqlite3") as journal:
        assert [row.status for row in journal.sessions()] == ["interrupted"]


def interrupted_after(delay_s: float, *argv: str) -> tuple[int, str, str]:
    run = start(*argv)
    time.sleep(delay_s)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20)
    return run.returncode, out, err


@pytest.mark.parametrize("delay_s", MOMENTS)
def test_ctrl_c_at_any_moment_is_one_line(script, delay_s: float) -> None:
    argv = ["run", "t", "--model", script(SLOW, answer("x")), "--tool", "python", "--allow", "all", "--json"]
    code, out, err = interrupted_after(delay_s, *argv)
    assert code == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "interrupted"
    if out:
        assert json.loads(out)["status"] == "interrupted"


def test_a_second_ctrl_c_breaks_off_a_tool_that_holds_on(plugin, script) -> None:
    source = '''
import asyncio
from agentx.tool import tool

@tool
async def stubborn() -> str:
    """Does not let itself be cancelled."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
'''
    env = plugin(source, "stubborn")
    run = start("run", "t", "--model", script(calls("stubborn()"), answer("x")), "--tool", "stubborn", "--json", **env)
    assert run.stderr is not None
    for line in run.stderr:
        if "stubborn(" in line:
            break
    run.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20)
    assert run.returncode == 130
    assert json.loads(out)["status"] == "interrupted"
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("thread", "code", "said"),
    [(True, 130, "saved"), (False, 130, "saved torn down"), (True, 1, "saved torn down")],
)
def test_nothing_is_torn_down_under_a_thread_that_ctrl_c_broke_off(thread: bool, code: int, said: str) -> None:
    script = f"""
import atexit, sys, threading, time
atexit.register(print, "torn down")
from agentx.cli import process
process.prepare()
atexit.register(print, "saved")
if {thread}:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
process.leave({code})
sys.exit({code})
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stdout.split()) == (code, said.split())
