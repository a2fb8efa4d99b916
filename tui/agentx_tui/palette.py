"""What the command palette offers: the /commands, with the keys that reach the same actions."""

from collections.abc import Iterable, Mapping

from textual.app import App, SystemCommand

from agentx_tui.commands import COMMANDS
from agentx_tui.keymap import KEYS, names


def offered(app: App[int], wanted: Mapping[str, str]) -> Iterable[SystemCommand]:
    """One entry a command; what is chosen runs the app's action.

    Args:
        wanted: keys that were changed, by the ids of their actions.
    """
    # The keys of a page, such as `e` of the sessions, are letters in the prompt.
    written = names(wanted)
    keys = {key.action: written[key.id] for key in KEYS if key.place == "everywhere"}
    for command in COMMANDS:
        key = f" ({keys[command.action]})" if command.action in keys else ""
        yield SystemCommand(f"/{command.name}", f"{command.text}{key}", _running(app, command.action))


def _running(app: App[int], action: str):
    async def run() -> None:
        await app.run_action(action)

    return run
