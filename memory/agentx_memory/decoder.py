"""The decoder of the commands that take one, with the adapter that the command line would give it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentx.config import Settings
    from agentx.model import Model


def settings(model: str | None, threads: int | None) -> "Settings":
    """The settings of this folder with what was typed. A default adapter that is left out is told of on stderr.

    Raises:
        ConfigError, UsageError: a setting is off.
        ModelFileError: the adapter that is named is none.
    """
    from agentx import config
    from agentx.cli import adapter

    loaded = config.load(Path.cwd(), {"model": model, "threads": threads})
    found = adapter.chosen(loaded)
    for notice in found.notices[len(loaded.notices) :]:
        sys.stderr.write(f"{notice}\n")
    return found.settings


def opened(settings: "Settings") -> "Model":
    """The model of these settings, with progress on stderr."""
    from agentx.models import open_configured
    from agentx.models.progress import narrator

    with narrator() as progress:
        return open_configured(settings, progress)
