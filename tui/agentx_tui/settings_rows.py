"""The settings as the page lists them: AgentX's own, those of its tools, and those of the screen."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentx import config
from agentx.cli.setup import Setup
from agentx.cli.text import visible
from agentx.config_fields import Kind, fields, written
from agentx.errors import ConfigError
from agentx.redaction import redact
from agentx_tui import preferences
from agentx_tui.conversation import CONVERSATION, START
from agentx_tui.preferences import Preferences

SCREEN = "screen"
LATER = frozenset(
    {"strategy", "dialect", "max_steps", "timeout_s", "instructions", "principles", "temperature", "seed"}
)
"""What a new conversation takes up; all else waits for the next start, but for what the screen does at once."""
AT_ONCE = frozenset({"theme", "reduced_motion"})
TITLES = {
    "model": "Model",
    "agent": "Agent",
    "approvals": "Approvals",
    "sessions": "Sessions",
    "tools": "Tools' own",
    SCREEN: "Screen",
}
_ABOUT = {
    "theme": "dark or light; auto asks the terminal",
    "glyphs": "signs beyond ASCII; auto asks the terminal",
    "pictures": "how pictures that a call has made are drawn",
    "reduced_motion": "nothing spins",
    "mouse": "the screen hears the mouse, and the terminal selects no text",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting.

    Attributes:
        key: a preference of the screen has `screen.` before it.
        value: None where AgentX chooses.
        origin: in a word or two; "default" where nobody set it.
        fixed: a sentence that says why it cannot be changed here, "" where it can.
        waits: what a change of it waits for; "" where it counts at once.
    """

    key: str
    group: str
    about: str
    expected: str
    kind: Kind
    choices: tuple[str, ...]
    value: Any
    origin: str = "default"
    fixed: str = ""
    waits: str = START

    @property
    def name(self) -> str:
        return self.key.removeprefix(f"{SCREEN}.").removeprefix("tools.")

    @property
    def shown(self) -> str:
        """The value for a person, on one line; no password in a URL."""
        match self.value:
            case None:
                return "unset"
            case bool():
                return "on" if self.value else "off"
            case str():
                return redact(self.value)
            case list():
                listed = cast("list[object]", self.value)
                return redact(", ".join(map(str, listed))) or "none"
            case _:
                return redact(json.dumps(self.value, ensure_ascii=False, default=str))

    @property
    def written(self) -> str:
        """What its editor begins with; empty where that would show a secret."""
        text = written(self.value)
        return text if redact(text) == text else ""

    @property
    def is_line(self) -> bool:
        """Whether it can be edited on one line, as it is."""
        text = written(self.value)
        return visible(text) == text and "\n" not in text and "\t" not in text


def rows(workspace: Path, setup: Setup | None, chosen: Preferences) -> list[Row]:
    """All settings, by group. Reads the files.

    Raises:
        ConfigError: a settings file cannot be read.
    """
    loaded = config.load(workspace)
    return [*_own(loaded, setup, workspace), *_of_tools(loaded, workspace), *_of_screen(chosen)]


def _own(loaded: config.Loaded, setup: Setup | None, workspace: Path) -> Iterator[Row]:
    for field in fields():
        key = field.key
        origin, fixed = _origin(key, loaded.origins[key], workspace)
        value = getattr(loaded.settings, key)
        if setup is not None and setup.origins.get(key) == "command line":
            value = getattr(setup.settings, key)
            origin = "session" if setup.resumed else "command line"
            said = "The session that goes on" if setup.resumed else "The command line"
            fixed = f"{said} has set it; it can be changed where AgentX is started without."
        waits = CONVERSATION if key in LATER else START
        yield Row(key, field.group, field.about, field.expected, field.kind, field.choices, value, origin, fixed, waits)


def _of_tools(loaded: config.Loaded, workspace: Path) -> Iterator[Row]:
    for name, table in sorted(loaded.settings.tool_settings.items()):
        for item, value in table.items():
            key = f"tools.{name}.{item}"
            origin, fixed = _origin(key, loaded.origins.get(key, "default"), workspace)
            yield Row(
                key, "tools", f"the tool {name} has it", "a value as TOML writes it", "text", (), value, origin, fixed
            )


def _of_screen(chosen: Preferences) -> Iterator[Row]:
    origins = preferences.origins()
    for name in (*preferences.CHOICES, *preferences.SWITCHES):
        choices = preferences.CHOICES.get(name, ())
        origin = origins[name]
        fixed = "" if origin in ("ui.toml", "default") else f"The environment has set it, by {origin}."
        yield Row(
            f"{SCREEN}.{name}", SCREEN, _ABOUT.get(name, ""), ", ".join(choices) or "true or false",
            "choice" if choices else "switch", choices, getattr(chosen, name),
            "yours" if origin == "ui.toml" else origin if fixed == "" else "environment", fixed,
            "" if name in AT_ONCE else START,
        )  # fmt: skip


def _origin(key: str, origin: str, workspace: Path) -> tuple[str, str]:
    """Where a value is from in a word, and why it cannot be changed for that."""
    if origin == "default":
        return "default", ""
    if origin == str(config.user_file()):
        return "yours", ""
    if origin == str(config.project_file(workspace)):
        return "project", f"The project has set it, in {origin}, which goes before your own file."
    return "environment", f"The environment has set it, by {origin}, which goes before your own file."


def write(row: Row, text: str | None) -> None:
    """Keeps what was typed for a setting, None for its default.

    Raises:
        ConfigError: it is not what the setting may be, or the file cannot be written.
    """
    if row.group == SCREEN:
        try:
            preferences.remember(row.name, text if row.choices else None if text is None else text == "true")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise ConfigError(f"ui.toml cannot be changed ({reason}); mend or delete it.") from None
    elif text is None:
        config.write_user_value(row.key, None)
    else:
        config.set_user_value(row.key, text)
