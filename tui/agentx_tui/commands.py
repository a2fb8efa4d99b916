"""The /commands, which are the palette's too: one table of names, what they do, and the app's action behind each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One /command.

    Attributes:
        takes: what may be written behind it, as the help shows it; "" for nothing. The action gets it as one text.
    """

    name: str
    text: str
    action: str
    takes: str = ""


COMMANDS = (
    Command("help", "the keys and commands", "show_keys"),
    Command("new", "a new conversation, without a past", "new_conversation"),
    Command("resume", "go on with a task that broke off", "go_on"),
    Command("sessions", "find, resume, fork, replay sessions", "show_sessions"),
    Command("rename", "give this session a name", "rename", "NAME"),
    Command("fork", "go on with a copy of this session", "fork"),
    Command("rewind", "go back to before a turn, and its files too", "rewind"),
    Command("export", "write this session to a file", "export", "md, html, json, svg"),
    Command("tools", "the tools that the agent has", "show_tools"),
    Command("memory", "what is kept between sessions", "show_memory", "add PATH, search WORDS, forget WORDS"),
    Command("settings", "what is set, and where", "show_settings"),
    Command("mode", "what the agent may do unasked", "set_mode", "read-only, ask, auto-edit, full"),
    Command("trace", "what the session did, and how long it took", "show_trace"),
    Command("model", "the models: which one answers, and getting others", "show_models"),
    Command("setup", "where a model can be had from", "show_setup"),
    Command("tour", "five cards on what AgentX is", "show_tour"),
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
    """The command that a line names, as `/name` with or without words behind it; None where it names none."""
    name = text.strip().partition(" ")[0].removeprefix("/").lower()
    name = {"exit": "quit", "keys": "help", "clear": "new"}.get(name, name)
    return next((command for command in COMMANDS if command.name == name), None)


def is_command(text: str) -> bool:
    """Whether a message means a command, be there such a one or not; a path at its beginning is none."""
    return text.startswith("/") and "\n" not in text and "/" not in text.partition(" ")[0][1:]
