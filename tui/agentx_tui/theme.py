"""The two looks, dark and light, and which of them a terminal asks for."""

from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.theme import Theme

DARK = Theme(
    name="agentx-dark",
    dark=True,
    background="#12141a",
    surface="#191c24",
    panel="#232733",
    foreground="#d9dce6",
    primary="#86a8f0",
    secondary="#b59ae0",
    accent="#e3b26b",
    success="#8cc084",
    warning="#e3b26b",
    error="#e8787f",
    variables={"footer-key-foreground": "#86a8f0", "border": "#2f3544"},
)
LIGHT = Theme(
    name="agentx-light",
    dark=False,
    background="#fcfbf8",
    surface="#f4f2ec",
    panel="#e8e5dc",
    foreground="#15161b",
    primary="#2f64b0",
    secondary="#7650a8",
    accent="#9a5d0a",
    success="#37763a",
    warning="#9a5d0a",
    error="#b3313d",
    variables={"footer-key-foreground": "#2f64b0", "border": "#cfcabd"},
)


def wanted(choice: str, environment: Mapping[str, str]) -> str:
    """The name of the theme for a choice of `dark`, `light` or `auto`, which asks what the terminal says of itself."""
    if choice == "auto":
        background = environment.get("COLORFGBG", "").rpartition(";")[2]
        choice = "light" if background in ("7", "15") else "dark"
    return LIGHT.name if choice == "light" else DARK.name


def begin_with(app: App[Any], name: str) -> None:
    """Has an app that is being made know our themes and begin with one: set later, all style sheets would be read a
    second time."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
    if not app.available_themes[name].dark:
        app.theme = name  # which has the colours of ANSI text changed too
        return
    app.set_reactive(App.theme, name)
    app.add_class(f"-theme-{name}", "-dark-mode", update=False)
    app.stylesheet.set_variables(app.get_css_variables())
