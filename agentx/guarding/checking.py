"""Asks the guards that are on, and puts together what they find."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentx import plugins
from agentx.errors import AgentXError, ConfigError, GuardFailed
from agentx.guard import Finding, Guard, Place
from agentx.guarded import Found
from agentx.guarding.actions import GuardSettings

GROUP = "agentx.guards"


class Guards:
    """The guards of an agent, with what the user wants done about their findings. Safe to use from several threads.

    Args:
        guards: those that look at texts.
        settings: what is done about findings; its `on` is not looked at.
    """

    def __init__(self, guards: Sequence[Guard], settings: GuardSettings | None = None) -> None:
        self.guards = tuple(guards)
        self.settings = settings or GuardSettings()

    @classmethod
    def of(cls, table: Mapping[str, Any] | GuardSettings) -> "Guards":
        """The guards that the table `[guard]` turns on (see `agentx.guarding.actions`).

        Raises:
            ConfigError: the table is off, or one of them cannot be made.
            PluginError: one cannot be loaded.
        """
        settings = table if isinstance(table, GuardSettings) else _read(table)
        return cls([make(name, settings.settings.get(name, {})) for name in settings.on], settings)

    @property
    def withholds(self) -> bool:
        """Whether an answer may have to be kept back, in whole or in part, so that it is not shown as it is written."""
        kinds = frozenset[str]().union(*(guard.kinds for guard in self.guards))
        return any(self.settings.rule(kind, "output").action in ("mask", "ask", "block") for kind in kinds)

    def look(self, text: str, place: Place) -> list[Found]:
        """What is to be done about a text: nothing where the list is empty. Blocks.

        Raises:
            AgentXError: a guard cannot do its work.
        """
        settings, found = self.settings, dict[tuple[str, str, str], Found]()
        for finding in self.findings(text, place):
            rule = settings.rule(finding.kind, place)
            if rule.action == "allow" or finding.score < rule.threshold:
                continue
            span = [] if finding.start is None or finding.end is None else [[finding.start, finding.end]]
            score = float(finding.score)
            key = (finding.guard, finding.kind, finding.reason)
            old = found.get(key)
            if old is None:
                found[key] = Found(finding.kind, score, finding.reason, finding.guard, rule.action, span)
            elif old.spans and span:
                old.spans.extend(span)
                found[key] = replace(old, score=max(old.score, score))
            else:  # one that means the whole text stands for all
                found[key] = replace(old, score=max(old.score, score), spans=[])
        return list(found.values())

    def findings(self, text: str, place: Place) -> list[Finding]:
        """All that the guards find, however unsure, each with its guard's name. Blocks.

        Raises:
            AgentXError: a guard cannot do its work.
        """
        # Libraries in C refuse half of a surrogate pair; what stands in its place is as long.
        text = text.encode("utf-8", "replace").decode()
        return [
            replace(item, guard=guard.name, reason=item.reason or item.kind)
            for guard in self.guards
            for item in _checked(guard, text, place)
        ]


def make(name: str, settings: Mapping[str, Any]) -> Guard:
    """A guard by its name.

    Raises:
        ConfigError: there is none of that name, or it cannot be made with these settings.
        PluginError: it cannot be loaded.
    """
    known = plugins.names(GROUP)
    if name not in known:
        raise ConfigError(f"There is no guard `{name}`; the guards are: {', '.join(known) or 'none'}.")
    factory = plugins.load(GROUP, name)
    try:
        return factory(settings)
    except AgentXError:
        raise
    except Exception as error:
        raise ConfigError(f"The guard `{name}` cannot be made ({type(error).__name__}: {error}).") from error


def _read(table: Mapping[str, Any]) -> GuardSettings:
    try:
        return GuardSettings.of(table)
    except ConfigError as error:
        raise ConfigError(f"The guards cannot be set up: {error}.") from None


def _checked(guard: Guard, text: str, place: Place) -> Iterable[Finding]:
    try:
        found = list(guard.check(text, place))
        wrong = next((item for item in found if not _is_sound(item, guard.kinds, len(text))), None)
    except AgentXError:
        raise
    except (Exception, SystemExit) as error:
        # What was not looked at is not passed on.
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise GuardFailed(f"The guard `{guard.name}` failed ({why}); take it out of `guard.on`, or mend it.") from error
    if wrong is not None:
        raise GuardFailed(f"The guard `{guard.name}` found what it cannot ({wrong}); take it out of `guard.on`.")
    return found


def _is_sound(item: Finding, kinds: frozenset[str], length: int) -> bool:
    """Whether a finding can be what it says; what is none raises whatever it raises."""
    if item.kind not in kinds or not 0 <= item.score <= 1 or type(item.reason) is not str:
        return False
    if item.start is None or item.end is None:
        return item.start is item.end
    return type(item.start) is type(item.end) is int and 0 <= item.start <= item.end <= length
