"""The page of keys and commands, made of the tables that they are bound by."""

from collections.abc import Mapping
from textwrap import wrap

from textual.content import Content

from agentx_tui.commands import COMMANDS, Command
from agentx_tui.keymap import KEYS, PLACES, shown

LEAST_COLUMNS = 20
_HINT = 'keymap.toml in the settings folder gives an action other keys: newline = "ctrl+n"'


def content(wanted: Mapping[str, str], columns: int) -> Content:
    """All keys by place, as they are now, and the commands, broken for so many columns."""
    width = max(len(shown(key, wanted)) for key in KEYS)
    parts: list[Content] = []
    for place, title in PLACES.items():
        parts.append(Content.styled(title, "bold $primary"))
        parts += [_row(shown(key, wanted), key.text, width, columns) for key in KEYS if key.place == place]
        parts.append(Content(""))
    parts.append(Content.styled("Commands", "bold $primary"))
    parts += [_row(f"/{command.name}", _about(command), width, columns) for command in COMMANDS]
    return Content("\n").join([*parts, Content(""), Content.styled(_HINT, "$foreground 50%")])


def _row(name: str, text: str, width: int, columns: int) -> Content:
    """A name and what it does, whose later lines begin below its first one and not below the name."""
    indent = width + 4
    lines = wrap(text, max(LEAST_COLUMNS, columns - indent)) or [""]
    said = f"\n{' ' * indent}".join(lines)
    return Content.assemble((f"  {name:<{width}}  ", "bold"), (said, "$foreground 75%"))


def _about(command: Command) -> str:
    return f"{command.text}: {command.takes}" if command.takes else command.text
