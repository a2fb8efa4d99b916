"""Every test has data and settings folders of its own; weights come from the user's cache, fetched once."""

import os
import signal
from pathlib import Path

import pytest

# A suite started in the background inherits an ignored SIGINT, and so would each command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("agentx")
    monkeypatch.setenv("AGENTX_DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(folder / "config"))
    for variable in [name for name in os.environ if name.startswith("AGENTX_")]:
        if variable not in ("AGENTX_DATA_DIR", "AGENTX_CONFIG_DIR", "AGENTX_CACHE_DIR"):
            monkeypatch.delenv(variable)
    # What tests decode is not worth keeping beside the weights.
    monkeypatch.setenv("AGENTX_KV_CACHE_BYTES", "0")


def weights(name: str) -> Path:
    """A catalogued model's file. Without it a test skips with the reason; in CI it fails."""
    from agentx.errors import ModelError
    from agentx.models import acquire

    try:
        return acquire.ensure(name).path
    except ModelError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def default_model() -> Path:
    return weights("qwen2.5-coder-1.5b")


@pytest.fixture(scope="session")
def small_model() -> Path:
    return weights("smollm2-135m")
