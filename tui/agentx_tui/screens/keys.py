"""The page of keys and commands, made of the tables that they are bound by."""

from collections.abc import Mapping

from textual.content import Content

from agentx_tui.commands import COMMANDS
from agentx_tui.keymap import KEYS, PLACES, shown

_HINT = 'keymap.toml in the settings folder gives an action other keys: newline = "ctrl+n"'


def content(wanted: Mapping[str, str]) -> Content:
    """All keys by place, as they are now, and the commands."""
    width = max(len(shown(key, wanted)) for key in KEYS)
    parts: list[Content] = []
    for place, title in PLACES.items():
        parts.append(Content.styled(title, "bold $primary"))
        parts += [
            Content.assemble((f"  {shown(key, wanted):<{width}}  ", "bold"), (key.text, "$foreground 75%"))
            for key in KEYS
            if key.place == place
        ]
        parts.append(Content(""))
    parts.append(Content.styled("Commands", "bold $primary"))
    parts += [
        Content.assemble((f"  /{command.name:<{width - 1}}  ", "bold"), (command.text, "$foreground 75%"))
        for command in COMMANDS
    ]
    return Content("\n").join([*parts, Content(""), Content.styled(_HINT, "$foreground 50%")])
