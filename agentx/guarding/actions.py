"""What the user wants done about findings: for each kind and place an action, and the score from which on it is taken.

[guard]
on = ["secrets", "personal"]

[guard.actions]
secret = "mask"                                            # wherever it is found
personal = { output = "mask", threshold = 0.8 }            # elsewhere as by default
injection = { tool_result = { action = "block", threshold = 0.9 } }

[guard.settings.words]                                     # a guard's own table
languages = ["en", "de"]
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast, get_args

from agentx.errors import ConfigError
from agentx.guard import PLACES, Place

Action: TypeAlias = Literal["allow", "warn", "mask", "ask", "block"]
"""`allow` passes over a finding; `warn` tells of it; `mask` puts `[kind]` in its place; `ask` asks a person, and blocks
where nobody can be asked; `block` passes nothing of the text on."""

ACTIONS: tuple[Action, ...] = get_args(Action)
"""From the mildest to the strictest."""

THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done about a finding of this score or a higher one."""

    action: Action
    threshold: float = THRESHOLD


_DEFAULTS: Mapping[str, Mapping[Place, Action]] = {
    # Whoever turns this guard on wants keys kept from the model and from the answer. What the user types is theirs.
    "secret": {"input": "warn", "tool_result": "mask", "output": "mask"},
    # Ordinary files and pages are full of both; what counts is what the answer hands on.
    "personal": {"input": "allow", "tool_result": "allow", "output": "warn"},
    "profanity": {"input": "allow", "tool_result": "allow", "output": "warn"},
}
"""Other kinds are warned of everywhere: a finding is advice until the user says more."""


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The table `[guard]`.

    Attributes:
        on: names of the guards that look at texts.
        actions: what is set for a kind; the defaults hold for what is not.
        settings: for each guard its own table.
    """

    on: tuple[str, ...] = ()
    actions: Mapping[str, Mapping[Place, Rule]] = field(default_factory=dict[str, Mapping[Place, Rule]])
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "GuardSettings":
        """Reads the table.

        Raises:
            ConfigError: what is wrong in it, and what it may be.
        """
        for key in table:
            if key not in ("on", "actions", "settings"):
                raise ConfigError(f"there is no `guard.{key}`; [guard] has on, actions and settings")
        actions = {kind: _rules(kind, value) for kind, value in _table(table, "actions").items()}
        settings = {name: _table(_table(table, "settings"), name, "settings.") for name in _table(table, "settings")}
        return cls(_names(table.get("on", [])), actions, settings)

    def rule(self, kind: str, place: Place) -> Rule:
        default = Rule(_DEFAULTS.get(kind, {}).get(place, "warn"))
        return self.actions.get(kind, {}).get(place, default)


def _table(table: Mapping[str, Any], key: str, within: str = "") -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"`guard.{within}{key}` must be a table, not {value!r:.100}")
    return cast("Mapping[str, Any]", value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in cast("list[Any]", value)):
        raise ConfigError(f"`guard.on` must be a list of guards' names, not {value!r:.100}")
    return tuple(dict.fromkeys(cast("list[str]", value)))


def _rules(kind: str, value: Any) -> Mapping[Place, Rule]:
    where = f"`guard.actions.{kind}`"
    if isinstance(value, str):
        return dict.fromkeys(PLACES, Rule(_action(where, value)))
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be one of {', '.join(ACTIONS)}, or a table of places, not {value!r:.100}")
    table = cast("Mapping[str, Any]", value)
    threshold = _threshold(where, table.get("threshold", THRESHOLD))
    rules: dict[Place, Rule] = {}
    for key, given in table.items():
        if key in PLACES:
            rules[key] = _rule(f"`guard.actions.{kind}.{key}`", given, threshold)
        elif key != "threshold":
            raise ConfigError(f"{where} has no `{key}`; it has {', '.join(PLACES)} and threshold")
    default = GuardSettings()
    # A threshold holds for the places that nothing else is said of, too.
    return {place: rules.get(place, Rule(default.rule(kind, place).action, threshold)) for place in PLACES}


def _rule(where: str, value: Any, threshold: float) -> Rule:
    if not isinstance(value, Mapping):
        return Rule(_action(where, value), threshold)
    table = cast("Mapping[str, Any]", value)
    if "action" not in table or table.keys() - {"action", "threshold"}:
        raise ConfigError(f"{where} must have an action and may have a threshold, and nothing else")
    return Rule(_action(where, table["action"]), _threshold(where, table.get("threshold", threshold)))


def _action(where: str, value: Any) -> Action:
    if value not in ACTIONS:
        raise ConfigError(f"{where} must be one of {', '.join(ACTIONS)}, not {value!r:.100}")
    return value


def _threshold(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigError(f"{where}: a threshold must be a number from 0 to 1, not {value!r:.100}")
    return float(value)
