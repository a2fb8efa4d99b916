"""What a person has chosen about the screen: `ui.toml` and `keymap.toml` in the configuration folder.

`AGENTX_UI_THEME` and `AGENTX_UI_GLYPHS` go before the file.
"""

import json
import locale
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentx import folders

CHOICES = {
    "theme": ("auto", "dark", "light"),
    "glyphs": ("auto", "unicode", "ascii"),
    "pictures": ("auto", "kitty", "sixel", "blocks", "off"),
}
SWITCHES = ("reduced_motion", "mouse")


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the screen looks and what its keys are.

    Attributes:
        pictures: how those that a call has made are drawn (see `agentx_tui.pictures`).
        reduced_motion: nothing spins.
        keys: for an action's id, the keys that reach it, separated by commas.
        problems: a sentence about each thing that could not be read.
    """

    theme: str = "auto"
    glyphs: str = "auto"
    pictures: str = "auto"
    reduced_motion: bool = False
    mouse: bool = True
    keys: dict[str, str] = field(default_factory=dict[str, str])
    problems: tuple[str, ...] = ()

    @property
    def ascii(self) -> bool:
        if self.glyphs != "auto":
            return self.glyphs == "ascii"
        encoding = locale.getpreferredencoding(False).lower().replace("-", "")
        return encoding != "utf8" or os.environ.get("TERM") in ("linux", "dumb", "vt100")


def load() -> Preferences:
    """The preferences; what is off in a file is told of in `problems`, and the rest holds."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in _read(folders.config_dir() / "ui.toml", problems).items():
        allowed = CHOICES.get(key)
        if value in allowed if allowed else key in SWITCHES and isinstance(value, bool):
            values[key] = value
        else:
            expected = (
                f"one of {', '.join(allowed)}" if allowed else "one of theme, glyphs, pictures, reduced_motion, mouse"
            )
            problems.append(f"ui.toml: {key} = {value!r} is not known; write {expected}.")
    for key, allowed in CHOICES.items():
        if (given := os.environ.get(f"AGENTX_UI_{key.upper()}")) in allowed:
            values[key] = given
    keys = {
        key: value
        for key, value in _read(folders.config_dir() / "keymap.toml", problems).items()
        if isinstance(value, str)
    }
    return Preferences(**values, keys=keys, problems=tuple(problems))


def origins() -> dict[str, str]:
    """Where each preference was set: an environment variable, "ui.toml" or "default"."""
    written = _read(folders.config_dir() / "ui.toml", [])
    found: dict[str, str] = {}
    for key in (*CHOICES, *SWITCHES):
        variable = f"AGENTX_UI_{key.upper()}"
        is_given = key in CHOICES and os.environ.get(variable) in CHOICES[key]
        found[key] = variable if is_given else "ui.toml" if key in written else "default"
    return found


def remember(key: str, value: str | bool | None) -> None:
    """Writes a choice into `ui.toml`, None takes it out; what else stands there stays. Raises OSError."""
    path = folders.config_dir() / "ui.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    row = f"{key} = {json.dumps(value)}"
    if value is None:
        changed = re.sub(rf"^{key}\s*=.*(\n|$)", "", text, count=1, flags=re.MULTILINE)
    else:
        changed, found = re.subn(rf"^{key}\s*=.*$", row, text, count=1, flags=re.MULTILINE)
        changed = changed if found else f"{row}\n{text}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(changed, encoding="utf-8")


def _read(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        import tomllib  # most people have no such file

        return tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        problems.append(f"{path.name} cannot be read ({' '.join(str(error).split())}).")
        return {}
