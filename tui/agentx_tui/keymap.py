"""Every key of the screen in one table: bindings and the help page are made of it, `keymap.toml` changes it by id."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from textual.binding import Binding

Place: TypeAlias = Literal[
    "everywhere",
    "prompt",
    "decision",
    "blocks",
    "sessions",
    "replay",
    "rewind",
    "memory",
    "settings",
    "models",
    "setup",
]


class Key(NamedTuple):
    """What one key does.

    Attributes:
        id: by which `keymap.toml` names it.
        keys: as Textual writes them, separated by commas.
        shown: as the help shows them.
        action: of the widget or the app of that place.
        priority: goes before what the focused widget would do with the key.
        label: as the foot of its page shows it; "" where that leaves it out.
    """

    id: str
    keys: str
    shown: str
    action: str
    text: str
    place: Place = "everywhere"
    priority: bool = False
    label: str = ""


KEYS = (
    Key("send", "enter", "Enter", "submit", "send; while the agent works, queue", "prompt"),
    Key(
        "newline",
        "ctrl+j,shift+enter,alt+enter",
        "Ctrl+J",
        "newline",
        "a new line; so does \\ Enter, and Shift+Enter where the terminal tells it apart",
        "prompt",
    ),
    Key("steer", "ctrl+s", "Ctrl+S", "steer", "add this to the task under way, from its next step on", "prompt"),
    Key("previous", "up", "Up", "previous", "back in what was sent; what is queued comes first", "prompt"),
    Key("next", "down", "Down", "next", "forward in what was sent", "prompt"),
    Key("complete", "tab", "Tab", "complete", "take the completion of a /command or an @file", "prompt"),
    Key("history", "ctrl+r", "Ctrl+R", "search_history", "search what was sent"),
    Key("editor", "ctrl+g", "Ctrl+G", "open_editor", "write in $EDITOR"),
    Key("stop", "escape", "Esc", "stop", "close what is open, else stop the turn; twice: rewind"),
    Key(
        "copy",
        "ctrl+c",
        "Ctrl+C",
        "copy_or_clear",
        "copy the selection, else drop the draft; twice ends",
        priority=True,
    ),
    Key("fold", "ctrl+o", "Ctrl+O", "toggle_folds", "unfold or fold all cards", priority=True),
    Key("sidebar", "ctrl+b", "Ctrl+B", "toggle_sidebar", "show or hide the sidebar", priority=True),
    Key("page-up", "pageup", "PageUp", "page_up", "scroll up", priority=True),
    Key("page-down", "pagedown", "PageDown", "page_down", "scroll down", priority=True),
    Key("end", "ctrl+end", "Ctrl+End", "to_end", "to the end, and along with it", priority=True),
    Key("block-up", "alt+up", "Alt+Up", "block(-1)", "point at the block above", priority=True),
    Key("block-down", "alt+down", "Alt+Down", "block(1)", "point at the block below", priority=True),
    Key("mode", "shift+tab", "Shift+Tab", "cycle_mode", "what the agent may do unasked: the next mode", priority=True),
    Key("settings", "f2", "F2", "show_settings", "the settings"),
    Key("memory", "f3", "F3", "show_memory", "what is kept between sessions"),
    Key("sessions", "f4", "F4", "show_sessions", "the sessions: find, resume, fork, replay"),
    Key("trace", "f5", "F5", "show_trace", "what the session did, and how long it took"),
    Key("models", "ctrl+l", "Ctrl+L", "show_models", "the models"),
    Key("palette", "ctrl+p", "Ctrl+P", "command_palette", "all commands"),
    Key("help", "f1", "F1", "show_keys", "this page"),
    Key("quit", "ctrl+q", "Ctrl+Q", "quit", "end", priority=True),
    Key("once", "alt+y", "Alt+Y", "decide('once')", "allow this call; to a question: answer", "decision", True),
    Key(
        "session", "alt+s", "Alt+S", "decide('session')", "allow each call of this tool this session", "decision", True
    ),
    Key(
        "pattern",
        "alt+p",
        "Alt+P",
        "decide('pattern')",
        "allow calls of a pattern, in later sessions too",
        "decision",
        True,
    ),
    Key("edit", "alt+e", "Alt+E", "decide('edit')", "allow it with other arguments", "decision", True),
    Key("deny", "alt+n", "Alt+N", "decide('deny')", "do not allow it; to a question: say nothing", "decision", True),
    Key("why", "alt+r", "Alt+R", "decide('why')", "do not allow it, and tell the agent why", "decision", True),
    Key("block-copy", "c", "c", "copy_block", "copy its text as it is, not as it is drawn", "blocks"),
    Key("block-code", "y", "y", "copy_code", "copy the code in it", "blocks"),
    Key("block-fold", "enter", "Enter", "fold_block", "unfold or fold it", "blocks"),
    Key("session-resume", "enter", "Enter", "resume", "go on with the session", "sessions", label="resume"),
    Key(
        "session-find",
        "slash",
        "/",
        "find",
        "find by words of the name or of all that was said",
        "sessions",
        label="find",
    ),
    Key("session-fork", "f", "f", "fork", "go on with a copy of it", "sessions", label="fork"),
    Key("session-replay", "p", "p", "replay", "see it again as it happened", "sessions", label="replay"),
    Key("session-rename", "r", "r", "rename", "give it a name", "sessions", label="rename"),
    Key("session-export", "e", "e", "export", "write it to a file", "sessions", label="export"),
    Key("session-delete", "d,delete", "d", "delete", "delete it for good", "sessions", label="delete"),
    Key("session-scope", "a", "a", "scope", "those of this folder, or of all", "sessions", label="all folders"),
    Key("replay-pause", "space", "Space", "pause", "pause, and go on", "replay", label="pause"),
    Key("replay-back", "left", "Left", "step(-1)", "an event back", "replay", label="back"),
    Key("replay-on", "right", "Right", "step(1)", "an event on", "replay", label="on"),
    Key("replay-speed", "s", "s", "speed", "1, 4 or 16 times as fast", "replay", label="speed"),
    Key("replay-end", "end", "End", "end", "all at once", "replay", label="all at once"),
    Key("replay-start", "home", "Home", "start", "back to the beginning", "replay", label="beginning"),
    Key(
        "rewind-choose",
        "enter",
        "Enter",
        "choose",
        "go back to before the turn",
        "rewind",
        label="go back to before it",
    ),
    Key("memory-search", "slash", "/", "search", "search by words and meaning", "memory", label="search"),
    Key("memory-add", "a", "a", "add", "add files, folders or a page of the web", "memory", label="add"),
    Key("memory-forget", "x", "x", "forget", "forget what is pointed at", "memory", label="forget"),
    Key("memory-collection", "c", "c", "next_collection", "the next collection", "memory", label="collection"),
    Key("memory-skipped", "k", "k", "show_skipped", "what could not be added, and why", "memory"),
    Key("memory-stop", "s", "s", "stop_adding", "stop adding", "memory"),
    Key("model-fetch", "p", "p", "fetch", "fetch it, pause, go on", "models", label="fetch, pause"),
    Key("model-verify", "v", "v", "verify", "check that its bytes are the right ones", "models", label="verify"),
    Key("model-remove", "x", "x", "remove", "remove what was fetched of it", "models", label="remove"),
    Key("model-scan", "s", "s", "scan", "look again what is here", "models", label="look again"),
    Key("model-prefer", "d", "d", "prefer", "make it the default of later starts", "models", label="default"),
    Key("setup-pause", "p", "p", "pause", "pause the fetching, and go on", "setup", label="pause"),
    Key("setup-file", "f", "f", "name_file", "use a file of yours", "setup", label="a file"),
    Key("setup-mirror", "m", "m", "name_mirror", "fetch from a mirror", "setup", label="a mirror"),
    Key("setup-tour", "t", "t", "tour", "the tour", "setup", label="tour"),
    Key("setup-ask", "r", "r", "ask", "ask the sources again", "setup", label="ask again"),
    Key("setting-unset", "u", "u", "unset", "back to the default", "settings", label="back to the default"),
)
PLACES: dict[Place, str] = {
    "prompt": "Writing",
    "everywhere": "Everywhere",
    "decision": "While a decision is due (once nothing was typed for 0.4 s)",
    "blocks": "On the block that is pointed at",
    "sessions": "In the sessions",
    "replay": "In a replay",
    "rewind": "Where a turn is chosen to go back before (Esc Esc)",
    "memory": "In the memory",
    "settings": "In the settings",
    "models": "In the models",
    "setup": "Where a model is to be had",
}


def bindings(*places: Place) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The bindings of these places."""
    return [
        Binding(key.keys, key.action, key.text, show=False, priority=key.priority, id=key.id)
        for key in KEYS
        if key.place in places
    ]


def actions(place: Place, wanted: Mapping[str, str]) -> dict[str, str]:
    """For each key of a place the action that it stands for."""
    return {
        name.strip(): key.action
        for key in KEYS
        if key.place == place
        for name in wanted.get(key.id, key.keys).split(",")
    }


def remapped(wanted: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The part of a keymap that can be used, and a sentence about the rest: an unknown id, a key that is taken."""
    known = {key.id: key for key in KEYS}
    usable: dict[str, str] = {}
    problems = [f"keymap.toml: there is no action `{id}`." for id in wanted if id not in known]
    for id, keys in wanted.items():
        if id not in known:
            continue
        clash = next(
            (
                other.id
                for other in KEYS
                if other.id != id and _meet(known[id], other) and _share(keys, wanted.get(other.id, other.keys))
            ),
            None,
        )
        if clash:
            problems.append(f"keymap.toml: `{keys}` for {id} is taken by {clash}.")
        else:
            usable[id] = keys
    return usable, problems


def shown(key: Key, wanted: Mapping[str, str]) -> str:
    """How a key, which may have been changed, is written."""
    return wanted.get(key.id, key.shown).replace(",", "  ")


def names(wanted: Mapping[str, str]) -> dict[str, str]:
    """By its id, how each key is written; of several the first."""
    return {key.id: shown(key, wanted).partition("  ")[0] for key in KEYS}


def _meet(one: Key, other: Key) -> bool:
    """Whether both keys can be pressed in the same place."""
    return (
        one.place == other.place
        or "everywhere" in (one.place, other.place)
        or {one.place, other.place}
        == {
            "prompt",
            "decision",
        }
    )


def _share(one: str, other: str) -> bool:
    return bool({key.strip() for key in one.split(",")} & {key.strip() for key in other.split(",")})
