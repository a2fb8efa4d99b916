"""What `/memory`, F3 and a `#` at the start of a message do."""

import shlex
from typing import TYPE_CHECKING, Any

from agentx.cli import failures
from agentx.threads import in_thread
from agentx_tui.memory_desk import Desk

if TYPE_CHECKING:
    from agentx_tui.actions import Actions

USAGE = "/memory opens the memory; /memory add PATH, search WORDS and forget WORDS begin there."


def open_page(app: "Actions", desk: Desk, words: str) -> None:
    """Opens the page of the memory, at what the words say."""
    from agentx_tui.screens.memory import MemoryPage

    verb, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    given: dict[str, Any]
    match verb:
        case "":
            given = {}
        case "add" if rest and (paths := _split(rest)):
            given = {"add": paths}
        case "search" if rest:
            given = {"words": rest}
        case "forget" if rest:
            given = {"words": rest, "sayings": True}
        case _:
            app.tell(USAGE, "warning")
            return
    setup = app.conversation.setup
    if setup is None:  # which says where the memory lies
        app.tell("AgentX is starting; try again in a moment.")
        return
    app.push_screen(MemoryPage(desk, app.glyphs, setup.workspace, app.wanted_keys, **given))


def keep_note(app: "Actions", desk: Desk, note: str) -> None:
    """Keeps a text as a note, once the person has said so; otherwise it is theirs again."""
    from agentx_tui.screens.asking import YesNo

    async def keep() -> None:
        def work() -> None:
            desk.shelf().note(note, telling=lambda words: None)

        try:
            await in_thread(work, name="agentx-memory")
        except Exception as error:
            app.prompt.give_back(f"# {note}")
            app.tell(failures.describe(error)[0], "error")
        else:
            app.tell("The note is kept; the agent finds it with `recall`.")

    def answered(yes: bool | None) -> None:
        if yes:
            app.run_worker(keep(), group="memory-note", exit_on_error=False)
        else:
            app.prompt.give_back(f"# {note}")

    app.push_screen(YesNo(f"Keep as a note: {note}", "keep", "back to the prompt"), answered)


def _split(text: str) -> tuple[str, ...]:
    """Paths as a shell would take them; a quote that is not closed is a letter."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())
