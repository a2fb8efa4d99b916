"""The table `[guard]` of the settings: what it may hold, and the tables of several files put together.

Its reading is in `agentx.guarding.actions`, which is imported only where there is such a table.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, cast

from agentx.errors import ConfigError

PREFIX = "guard."


def checked(value: Any) -> dict[str, Any]:
    """The table as it may stand in a file; raises ConfigError, without a full stop, where it may not."""
    from agentx.guarding.actions import GuardSettings

    if not isinstance(value, Mapping):
        raise ConfigError(f'`guard` is a table, as [guard] with `on = ["secrets"]`, not {value!r:.100}')
    table = cast("dict[str, Any]", value)
    GuardSettings.of(table)
    return table


def merge(into: dict[str, Any], table: Mapping[str, Any]) -> None:
    """Adds a stronger table: what it says of a kind, or of one setting of a guard, replaces what was said before."""
    for key, value in copy.deepcopy(dict(table)).items():
        if key == "on":
            into["on"] = value
        elif key == "actions":
            into.setdefault(key, {}).update(value)
        else:
            for name, settings in value.items():
                into.setdefault(key, {}).setdefault(name, {}).update(settings)


def items(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value with its key in full: `guard.on`, `guard.actions.secret`, `guard.settings.words.languages`."""
    if "on" in table:
        yield "guard.on", table["on"]
    yield from ((f"guard.actions.{kind}", value) for kind, value in table.get("actions", {}).items())
    for name, settings in table.get("settings", {}).items():
        yield from ((f"guard.settings.{name}.{key}", value) for key, value in settings.items())


def check_names(value: Any) -> None:
    """Raises ConfigError where `guard.on` names a guard that is not installed."""
    from agentx import plugins

    known = plugins.names("agentx.guards")
    for name in value:
        if name not in known:
            raise ConfigError(f"`guard.on`: there is no guard `{name}`; the guards are: {', '.join(known) or 'none'}.")
