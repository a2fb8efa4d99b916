"""The process that fetches a model: who is told to stop, and who is not."""

import os
import signal
import sys
from typing import Any

import pytest
from agentx_tui.pulling import Pull


def pull(program: str) -> Pull:
    return Pull("tiny", [sys.executable, "-c", program], lambda progress: None)


def test_only_a_process_that_has_not_ended_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(os, "killpg", lambda *given: told.append(given))
    ended = pull("pass")
    ended._thread.join(30)
    ended.stop()
    assert ended.progress.state == "failed" and told == [], "its number may be that of another by now"
    runs = pull("import time; time.sleep(60)")
    runs.stop()
    assert told == [(runs._process.pid, signal.SIGTERM)]
    runs._process.kill()
    runs._thread.join(30)
    assert runs.progress.state == "paused"
