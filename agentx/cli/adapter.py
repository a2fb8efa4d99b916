"""Which adapter a run is under: the one that is named, none, or the default of its model."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentx.config import Loaded
from agentx.models.default_adapters import NONE, of_model

if TYPE_CHECKING:
    from agentx.cli.setup import Setup

DEFAULT = "the default adapter of the model"
"""The origin of an adapter that nobody has named."""


def chosen(loaded: Loaded) -> Loaded:
    """The settings with the adapter's file, `none` where that is named, or None where there is neither a name nor a
    default; a default that cannot be used is told of in the notices.

    Raises:
        ModelFileError: the file that is named is no adapter.
    """
    settings = loaded.settings
    if settings.adapter == NONE:
        return loaded
    if settings.adapter:
        from agentx.models.adapter_file import read_adapter

        read_adapter(Path(settings.adapter).expanduser())
        return loaded
    known = of_model(settings.model)
    if known.adapter is None:
        return replace(loaded, notices=[*loaded.notices, known.problem]) if known.problem else loaded
    origins = {**loaded.origins, "adapter": DEFAULT}
    return replace(loaded, settings=replace(settings, adapter=known.adapter.path), origins=origins)


def on_other_model(setup: "Setup", model: str | None) -> "tuple[Setup, str | None]":
    """The setup with another model, under its own default adapter unless somebody has named an adapter, or `none`.

    Beside it a sentence for a person, where there is a default that cannot be used.
    """
    setup = replace(setup, settings=replace(setup.settings, model=model))
    if setup.settings.adapter is not None and setup.origins.get("adapter") != DEFAULT:
        return setup, None
    known = of_model(model)
    return unnamed(setup, known.adapter.path if known.adapter else None), known.problem


def unnamed(setup: "Setup", adapter: str | None) -> "Setup":
    """The setup under an adapter that nobody has named, or under none."""
    origins = {**setup.origins, "adapter": DEFAULT if adapter else "default"}
    return replace(setup, settings=replace(setup.settings, adapter=adapter), origins=origins)
