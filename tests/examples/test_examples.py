"""The examples run as they stand, on the real default model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
pytestmark = pytest.mark.model


def run(name: str, model: Path, *arguments: str) -> str:
    environment = {**os.environ, "AGENTX_MODEL": str(model)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments], capture_output=True, text=True, env=environment, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_multi_step_example_reads_a_file_and_answers(default_model: Path) -> None:
    printed = run("multi_step.py", default_model)
    assert "→ read_file(path='orders/september.csv')" in printed
    assert "169.65" in printed.splitlines()[-1]


def test_the_custom_tool_example_calls_the_tool(default_model: Path) -> None:
    printed = run("custom_tool.py", default_model)
    assert "→ stock(fruit='plum')" in printed
    assert "→ quote(fruit='plum', pieces=20" in printed


def test_the_typed_output_example_gives_an_instance(default_model: Path) -> None:
    printed = run("typed_output.py", default_model)
    invoice = json.loads(printed[: printed.rindex("total:")])
    assert invoice["number"] == 4711
    assert invoice["issued"] == "2026-05-03"
    assert {item["name"].rstrip("s").lower() for item in invoice["items"]} == {"lamp", "desk"}
