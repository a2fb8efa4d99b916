"""What a file that has brought a session may not choose of the setup it goes on with: model, tools and adapter.

A session of one's own goes on as it was begun. In a file all of that is somebody's choice, which would be weights to
fetch and load, and tools that the user has left out. So it names what is the user's already, or the user names it.
"""

from collections.abc import Iterable
from pathlib import Path

from agentx import config, config_fields, offered
from agentx.cli.setup import Options
from agentx.errors import UsageError
from agentx.events import ModelLoaded
from agentx.history import Run
from agentx.models import catalog, default_adapters
from agentx.models.default_adapters import NONE
from agentx.models.digest import sha256
from agentx.planner.showing import one_line

_SHOWN = 200
"""Characters of a name that the file gives."""


def check(run: Run, typed: Options, workspace: Path) -> None:
    """Refuses a model and tools that are the file's choice alone.

    Raises:
        UsageError: which, and where one names them.
        ConfigError: the settings cannot be read.
    """
    settings, begun = config.load(workspace).settings, run.started
    known = [*(model.name for model in catalog.load()), "default", config_fields.anywhere("model", settings.model)]
    if not typed.model and begun.model not in known:
        raise UsageError(
            f"The session was read in from a file, and its model {_shown(begun.model)} is neither one of the catalogue "
            "nor the one that is set here; if you trust it type it after --model, or another one, or set `model`."
        )
    enabled = offered.enabled(settings.enabled_tools) | {name.removeprefix("+") for name in typed.tools or ()}
    if beyond := [name for name in _names(run) if offered.is_known(name) and name not in enabled]:
        raise UsageError(
            f"The session was read in from a file, and these tools of it are not enabled here: "
            f"{_shown(', '.join(beyond))}; to let it have them type each after --tool, or add them to `enabled_tools`."
        )


def adapter(run: Run, workspace: Path) -> tuple[str | None, list[str]]:
    """The file of the user's own whose bytes are the adapter that the session was begun under, `none` where it was
    begun under one that is not here, None where it was begun under none; and what a person should know of that.
    """
    loaded = next((event for event in run.events if isinstance(event, ModelLoaded)), None)
    digest = loaded and loaded.build.get("adapter")
    if digest in (None, NONE):
        return run.started.settings.get("adapter"), []
    settings = config.load(workspace).settings
    known = default_adapters.of_model(catalog.named(run.started.model)).adapter
    for path in filter(None, (known and known.path, settings.adapter)):
        if path != NONE and _digest(Path(path).expanduser()) == digest:
            return str(Path(path).expanduser()), []
    told = (
        "The session was begun under an adapter, which a file does not bring; it goes on without one, unless --adapter "
        "names it."
    )
    return NONE, [told]


def _names(run: Run) -> Iterable[str]:
    return [*run.started.tools, *run.started.settings.get("without", ())]


def _digest(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:
        return ""


def _shown(name: str) -> str:
    return one_line(name, _SHOWN)
