"""Torch is loaded when a model is, and not before."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "tokenizers", "numpy", "llama_cpp")


def loaded_by(code: str) -> list[str]:
    script = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()


def test_the_entry_point_loads_nothing_heavy() -> None:
    code = "from agentx import plugins\nassert plugins.load('agentx.models', 'transformers')"
    assert loaded_by(code) == []


def test_torch_does_not_bring_llama_cpp_along() -> None:
    assert "llama_cpp" not in loaded_by("import agentx_learn.decoder.model")


def test_neither_the_guard_nor_the_verbs_of_tuning_load_anything_heavy() -> None:
    code = "from agentx import plugins\nassert plugins.load('agentx.commands', 'tune')\n"
    assert loaded_by(f"{code}assert plugins.load('agentx.guards', 'injection')({{}}).kinds") == []
