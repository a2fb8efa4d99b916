"""The /commands, which are the palette's too: one table of names, what they do, and the app's action behind each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    text: str
    action: str


COMMANDS = (
    Command("help", "the keys and commands", "show_keys"),
    Command("new", "a new conversation, without a past", "new_conversation"),
    Command("resume", "go on with a task that broke off", "go_on"),
    Command("tools", "the tools that the agent has", "show_tools"),
    Command("copy", "copy the last answer as it was written", "copy_answer"),
    Command("stop", "stop the turn; what was said stays", "stop_turn"),
    Command("fold", "fold or unfold all cards", "toggle_folds"),
    Command("sidebar", "show or hide the sidebar", "toggle_sidebar"),
    Command("history", "search what you sent", "search_history"),
    Command("editor", "write in $EDITOR", "open_editor"),
    Command("theme", "dark or light", "switch_theme"),
    Command("quit", "end", "quit"),
)


def find(text: str) -> Command | None:
    """The command that a line names, as `/name`; None where it names none."""
    name = text.strip().removeprefix("/").lower()
    name = {"exit": "quit", "keys": "help", "clear": "new"}.get(name, name)
    return next((command for command in COMMANDS if command.name == name), None)
