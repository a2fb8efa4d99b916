"""What F2 and `/settings` do, and what becomes of a setting that was changed there."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from agentx_tui import preferences, theme
from agentx_tui.conversation import CONVERSATION, START

if TYPE_CHECKING:
    from agentx_tui.actions import Actions
    from agentx_tui.settings_rows import Row


def open_page(app: "Actions") -> None:
    from agentx_tui.screens.settings import SettingsPage
    from agentx_tui.settings_rows import rows

    setup = app.conversation.setup
    if setup is None:  # which says what the command line has set
        app.tell("AgentX is starting; try again in a moment.")
        return

    def read() -> "list[Row]":
        return rows(setup.workspace, setup, preferences.load())

    app.push_screen(SettingsPage(read, app.conversation.changes, lambda row: took(app, row), app.wanted_keys))


def took(app: "Actions", row: "Row") -> None:
    """Has a changed setting count where it can, and remembers what it waits for."""
    conversation = app.conversation
    match row.key:
        case "screen.theme":
            app.theme = theme.wanted(row.value, os.environ)
        case "screen.reduced_motion":
            app.preferences = replace(app.preferences, reduced_motion=row.value)
            app.show()
        case _ if row.waits == CONVERSATION:
            conversation.change(row.key, row.value)
        case _:
            conversation.changes[row.key] = START
