"""Where things lie on disk. Moving one folder moves no other; none is created before something is written there."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Weights and KV snapshots: what can be had again. `AGENTX_CACHE_DIR` moves it."""
    return _folder("AGENTX_CACHE_DIR", platformdirs.user_cache_dir("agentx", appauthor=False))


def data_dir() -> Path:
    """Sessions, memory, undo, variables of programs, calibration: what cannot. `AGENTX_DATA_DIR` moves it."""
    return _folder("AGENTX_DATA_DIR", platformdirs.user_data_dir("agentx", appauthor=False))


def config_dir() -> Path:
    """Settings. `AGENTX_CONFIG_DIR` moves it."""
    return _folder("AGENTX_CONFIG_DIR", platformdirs.user_config_dir("agentx", appauthor=False))


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).expanduser().absolute()
