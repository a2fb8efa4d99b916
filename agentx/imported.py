"""Sessions that were read in from a file: what happened in them can be played back, what was permitted does not hold.

Whoever wrote the file has chosen every word of it. So what allows anything is taken out as it is read, and each task is
marked: where one goes on, a call that its record only begins is asked about like a new one. Its words are those of
strangers: the conversation is tainted from the beginning, and only what is said here are the user's own.
"""

from collections.abc import Iterable
from typing import Any, cast

from agentx.events import RunStarted
from agentx.history import Numbered, Run

MARK = "imported"
"""Among the settings of a task."""

_NARROWS = "read-only"
"""The one mode that permits nothing which another would not."""
_SHOWN = 300
"""Characters of the instructions."""


def without_permissions(event: dict[str, Any]) -> dict[str, Any] | None:
    """An event of such a file, as JSON, without what it permits; None where it does nothing else.

    Raises:
        ValueError: the settings of a task are no object.
    """
    match event.get("kind"):
        case "RunStarted":
            return event | {"settings": _without_permissions(event.get("settings", {}))}
        case "ModeChanged" if event.get("mode") != _NARROWS:
            return None
        case "ApprovalGiven":
            return event | {"grant": None}
        case _:
            return event


def _without_permissions(settings: Any) -> dict[str, Any]:
    from agentx.models.default_adapters import NONE

    if not isinstance(settings, dict):
        raise ValueError("`settings` is no object")
    kept = {name: value for name, value in cast("dict[str, Any]", settings).items() if name != "allow"}
    if kept.get("mode") != _NARROWS:
        kept.pop("mode", None)
    # The path of a file that the model would be loaded with.
    if kept.get("adapter") != NONE:
        kept.pop("adapter", None)
    return kept | {MARK: True}


def is_imported(run: Run) -> bool:
    """Whether a file has brought a task of the past."""
    return bool(run.started.settings.get(MARK))


def is_brought(events: Iterable[Numbered]) -> bool:
    """Whether a file has brought any of a session's tasks, be it one that it was rewound past."""
    return any(isinstance(event, RunStarted) and bool(event.settings.get(MARK)) for _, event in events)


def told(run: Run) -> str:
    """What a person should know of a session that goes on, whose last task this is; "" where no file has brought it."""
    from agentx.planner.showing import one_line

    if not is_imported(run):
        return ""
    told = (
        "This session was read in from a file: it speaks for nobody here, and what was permitted in it does not hold."
    )
    instructions = one_line(str(run.started.settings.get("instructions") or ""), _SHOWN)
    return f"{told} Its instructions are those of the file: {instructions}" if instructions else told
