import os
import signal
import subprocess
import sys
import time

import pytest
from agentx_start import main

INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"


def test_the_command_is_the_start_package() -> None:
    from importlib.metadata import entry_points

    [script] = entry_points(group="console_scripts", name="agentx")
    assert script.load() is main


def program(within: str, before: str = "") -> str:
    """The command's first step, in which the import begins with a statement of a test's own.

    How long a busy machine takes up to there is not ours to say.
    """
    return f"""
import os, signal, sys, agentx_start

class Callback:
    def __del__(self):
        {INTERRUPT}

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "agentx":
            {within}

{before}
sys.meta_path.insert(0, Finder())
sys.exit(agentx_start.main())
"""


@pytest.mark.parametrize("delay_s", [0, 0.005, 0.015, 0.03])
def test_ctrl_c_while_the_package_is_imported_ends_in_one_line(delay_s: float) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", program("print(flush=True)"), "doctor"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay_s)
    child.send_signal(signal.SIGINT)
    _, narration = child.communicate(timeout=100)
    assert "Traceback" not in narration
    assert child.returncode in (0, 1, 130)
    if child.returncode == 130:
        assert narration.splitlines()[-1] == "interrupted"


@pytest.mark.parametrize("within", [INTERRUPT, "Callback()"])
def test_ctrl_c_at_its_first_step_ends_it(within: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program(within), "doctor"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_who_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    code = program(INTERRUPT, "signal.signal(signal.SIGINT, signal.SIG_IGN)")
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
