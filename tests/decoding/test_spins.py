import os
import subprocess
import sys

import pytest

from agentx.cpus import short_spins


def test_the_spin_is_short_while_the_runtime_is_loaded_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with short_spins():
        assert int(os.environ["GOMP_SPINCOUNT"]) < 10_000
    assert "GOMP_SPINCOUNT" not in os.environ


@pytest.mark.parametrize(("name", "value"), [("GOMP_SPINCOUNT", "77"), ("OMP_WAIT_POLICY", "active")])
def test_what_the_user_chose_stands(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv(name, value)
    with short_spins():
        assert os.environ[name] == value
        assert os.environ.get("GOMP_SPINCOUNT") == (value if name == "GOMP_SPINCOUNT" else None)
    assert os.environ[name] == value


def test_the_openmp_runtime_of_the_decoder_takes_it() -> None:
    code = "import agentx.decoding.llama, os; print(os.environ.get('GOMP_SPINCOUNT'))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOMP_", "OMP_"))}
    # libgomp prints the variables as it read them.
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "OPENMP DISPLAY ENVIRONMENT" not in ran.stderr:
        pytest.skip("this build of llama.cpp does without libgomp")
    assert ran.stdout == "None\n"
    assert "GOMP_SPINCOUNT = '1000'" in ran.stderr
