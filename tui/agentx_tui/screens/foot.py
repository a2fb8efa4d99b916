"""The line at the foot of a page: its keys, as they are now, as many as fit."""

from collections.abc import Mapping

from textual.content import Content

from agentx_tui.keymap import KEYS, Place, shown

ESC = ("Esc", "close")


def keys_of(place: Place, wanted: Mapping[str, str]) -> list[tuple[str, str]]:
    """The keys of a page that have a label, with it."""
    return [(shown(key, wanted).partition("  ")[0], key.label) for key in KEYS if key.place == place and key.label]


def foot(keys: list[tuple[str, str]], width: int) -> Content:
    """Keys and what they do on one line; where it is short, those before the last are left out from the end."""
    *others, last = keys
    gap = 3 if _size(keys, 3) <= width else 2
    while others and _size([*others, last], gap) > width:
        others.pop()
    parts = [
        Content.assemble((key, "bold $foreground 80%"), (f" {label}", "$foreground 50%"))
        for key, label in (*others, last)
    ]
    return Content(" " * gap).join(parts)


def _size(keys: list[tuple[str, str]], gap: int) -> int:
    return sum(len(key) + len(label) + 1 + gap for key, label in keys) - gap
