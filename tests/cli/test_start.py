import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agentx_start import main


def test_the_command_is_the_start_package() -> None:
    from importlib.metadata import entry_points

    [script] = entry_points(group="console_scripts", name="agentx")
    assert script.load() is main


@pytest.mark.parametrize("delay_s", [0.005, 0.015, 0.03])
def test_ctrl_c_while_the_package_is_imported_ends_in_one_line(tmp_path: Path, delay_s: float) -> None:
    # The child tells when it stands before the import, since how long Python takes to start is not ours to say.
    code = "import agentx_start, sys; print(flush=True); sys.exit(agentx_start.main())"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "doctor"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay_s)
    child.send_signal(signal.SIGINT)
    _, narration = child.communicate(timeout=30)
    assert "Traceback" not in narration
    assert child.returncode in (0, 1, 130)
