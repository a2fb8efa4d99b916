"""Which adapter a run is under: the one that is named, none, or the default of its model."""

from dataclasses import replace
from pathlib import Path

from agentx.config import Loaded, Settings
from agentx.models.default_adapters import NONE, of_model


def chosen(loaded: Loaded, *, default: bool = True) -> Loaded:
    """The settings with the adapter's file, or None; a default that cannot be used is told of in the notices.

    Args:
        default: whether the model's own adapter counts where none is named.

    Raises:
        ModelFileError: the file that is named is no adapter.
    """
    settings = loaded.settings
    if settings.adapter == NONE:
        return replace(loaded, settings=replace(settings, adapter=None))
    if settings.adapter:
        from agentx.models.adapter_file import read_adapter

        read_adapter(Path(settings.adapter).expanduser())
        return loaded
    known = of_model(settings.model) if default else None
    if known is None or known.adapter is None:
        return replace(loaded, notices=[*loaded.notices, known.problem]) if known and known.problem else loaded
    origins = {**loaded.origins, "adapter": "the default adapter of the model"}
    return replace(loaded, settings=replace(settings, adapter=known.adapter.path), origins=origins)


def on_other_model(settings: Settings, model: str | None) -> tuple[Settings, str | None]:
    """The settings with another model, under its own default adapter where the one before was under its own.

    Beside them a sentence for a person, where there is a default that cannot be used.
    """
    before = of_model(settings.model).adapter
    if settings.adapter != (before.path if before else None):
        return replace(settings, model=model), None
    after = of_model(model)
    return replace(settings, model=model, adapter=after.adapter.path if after.adapter else None), after.problem
