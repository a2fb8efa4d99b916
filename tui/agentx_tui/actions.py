"""What the keys, the /commands and the palette do."""

import time
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.widget import Widget

from agentx_tui import keymap, preferences, theme
from agentx_tui.glyphs import Glyphs
from agentx_tui.opening import Opening
from agentx_tui.printable import line
from agentx_tui.session_actions import SessionActions
from agentx_tui.widgets.prompt import Prompt
from agentx_tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agentx_tui.widgets.dock import Dock

TWICE_S = 1.5
"""Within which a second Ctrl+C ends, and a second Esc goes back to before a turn."""


class Actions(Opening, SessionActions):
    """The half of the app that acts; the other half shows."""

    glyphs: Glyphs
    typed_at = 0.0
    """When a letter was last typed, by `time.monotonic`."""
    _pressed_at = 0.0
    _escaped_at = 0.0

    @property
    def transcript(self) -> Transcript: ...
    def show(self) -> None: ...

    def tell(self, text: str, severity: Any = "information") -> None:
        """A line for a moment."""
        self.notify(line(text, 400), severity=severity, markup=False, timeout=8 if severity != "information" else 4)

    async def on_prompt_sent(self, event: Prompt.Sent) -> None:
        from agentx_tui import commands

        text = event.text
        if commands.is_command(text):
            word, _, words = text.partition(" ")
            await self._command(word, words.strip())
            return
        if text.startswith("#") and "\n" not in text and not text.startswith("##") and (note := text[1:].strip()):
            self.keep_note(note)
            return
        self.conversation.send(text, event.steer)
        self.show()
        await self.transcript.to_end()

    async def _command(self, word: str, words: str) -> None:
        from agentx_tui import commands

        command = commands.find(word)
        if command is None:
            self.tell(f"There is no command {line(word, 60)}; F1 names them.", "warning")
        elif command.takes:
            await self.run_action(("app", command.action, (words,)))
        elif words:
            self.tell(f"/{command.name} takes no words behind it.", "warning")
        else:
            await self.run_action(command.action)

    def on_prompt_queue_wanted(self) -> None:
        if (text := self.conversation.unqueue()) is not None:
            self.prompt.give_back(text)
            self.show()

    def action_stop(self) -> None:
        if self.prompt.offers.is_open:
            self.prompt.offers.close()
        elif self.screen.has_class("-drawer"):
            self.screen.remove_class("-drawer")
        elif self.focused is not self.prompt:
            self.point_at(None)
        elif self.conversation.busy:
            self.action_stop_turn()
        elif time.monotonic() - self._escaped_at < TWICE_S:
            self._escaped_at = 0.0
            self.action_rewind()
        else:
            self._escaped_at = time.monotonic()

    def action_stop_turn(self) -> None:
        queued = self.conversation.queue
        if self.conversation.stop() and queued:
            # Who stops the agent has something else in mind than what waits.
            self.prompt.give_back(*queued)
            queued.clear()
        self.show()

    def action_copy_or_clear(self) -> None:
        selected = self.screen.get_selected_text() or getattr(self.focused, "selected_text", "")
        if selected:
            self.copy(selected, "the selection")
            return
        if self.prompt.text:
            self.prompt.put_aside()
            self.tell("The draft is put aside; Up brings it back.")
        elif time.monotonic() - self._pressed_at < TWICE_S:
            self.exit(0)
        else:
            self.tell("Ctrl+C once more ends.")
        self._pressed_at = time.monotonic()

    async def action_go_on(self) -> None:
        if self.conversation.go_on():
            self.show()
            await self.transcript.to_end()
        else:
            self.tell("No task broke off; write what is to be done.", "warning")

    async def action_quit(self) -> None:
        self.exit(0)

    async def action_new_conversation(self) -> None:
        if refused := self.conversation.renew():
            self.tell(refused, "warning")
            return
        await self.transcript.restart()
        self.tell("A new conversation.")
        self.show()

    def action_decide(self, id: str) -> None:
        self.dock.decide(id, quiet_s=time.monotonic() - self.typed_at)

    def on_dock_decided(self, event: "Dock.Decided") -> None:
        self.conversation.engine.answer(event.asking, event.word)

    def on_dock_focus_back(self) -> None:
        self.prompt.focus()

    def action_cycle_mode(self) -> None:
        from agentx.policy import MODES

        mode = self.conversation.mode
        if mode in MODES:
            self.action_set_mode(MODES[(MODES.index(mode) + 1) % len(MODES)])

    def action_set_mode(self, mode: str = "") -> None:
        from agentx.policy import MEANINGS, MODES

        if mode not in MODES:
            self.tell(f"The mode is {self.conversation.mode}; /mode takes {', '.join(MODES)}.", "warning")
            return
        if refused := self.conversation.set_mode(mode):
            self.tell(refused, "warning")
            return
        self.show()
        self.tell(f"{mode}: {MEANINGS[mode]}", "warning" if mode == "full" else "information")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("cycle_mode", "page_up", "page_down", "to_end", "block"):
            return len(self.screen_stack) == 1
        if action == "decide":
            return len(self.screen_stack) == 1
        if action in ("copy_block", "copy_code", "fold_block"):
            return self.transcript.pointed is not None
        return True

    def action_toggle_folds(self) -> None:
        self.transcript.fold_all(self.transcript.all_unfolded)

    def action_page_up(self) -> None:
        if not self.dock.page(-1):
            self.transcript.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        if not self.dock.page(1):
            self.transcript.scroll_page_down(animate=False)

    async def action_to_end(self) -> None:
        await self.transcript.to_end()

    def action_block(self, by: int) -> None:
        self.point_at(self.transcript.beside(by))

    def point_at(self, block: Widget | None) -> None:
        """Points at a block, which the keys then mean; at none, the prompt has the keys again."""
        self.transcript.point_at(block)
        if block is None:
            self.prompt.focus()

    def action_copy_block(self) -> None:
        block: Any = self.transcript.pointed
        self.copy(block.raw, "the block")

    def action_copy_code(self) -> None:
        block: Any = self.transcript.pointed
        if block.code:
            self.copy(block.code, "the code")
        else:
            self.tell("There is no code in this block.", "warning")

    def action_fold_block(self) -> None:
        block: Any = self.transcript.pointed
        if hasattr(block, "set_folded"):
            block.set_folded(not block.folded)

    def action_copy_answer(self) -> None:
        from agentx_tui.view import Answer

        answers = [item for turn in self.conversation.view.turns for item in turn.items if isinstance(item, Answer)]
        if answers:
            self.copy(str(answers[-1].text), "the answer")
        else:
            self.tell("There is no answer yet.", "warning")

    def copy(self, text: str, what: str) -> None:
        self.copy_to_clipboard(text)
        self.tell(f"Copied {what}, {len(text):,} characters, if the terminal lets programs copy.")

    def action_toggle_sidebar(self) -> None:
        screen = self.screen_stack[0]
        if screen.has_class("-wide"):
            screen.toggle_class("-no-sidebar")
        else:
            screen.toggle_class("-drawer")

    def action_switch_theme(self) -> None:
        choice = "light" if self.theme == theme.DARK.name else "dark"
        self.theme = theme.wanted(choice, {})
        try:
            preferences.remember("theme", choice)
        except (OSError, ValueError) as error:
            self.tell(f"The choice could not be kept ({error}).", "warning")

    def action_open_editor(self) -> None:
        from agentx_tui import editor

        try:
            self.prompt.replace_all(editor.written(self.prompt.whole_text, self.suspend()))
        except editor.NotWritten as reason:
            found = ""
            if reason.text:
                self.history.add(reason.text)
                found = f" {keymap.names(self.wanted_keys)['history']} finds what was written."
            self.tell(f"{reason}{found}", "warning")

    def on_transcript_moved(self, event: Transcript.Moved) -> None:
        below: Any = self.screen_stack[0].query_one("#below")
        wanted = event.rows_below > 0
        if wanted:
            rows = "line" if event.rows_below == 1 else "lines"
            key = keymap.names(self.wanted_keys)["end"]
            below.update(Content(f"{self.glyphs.down} {event.rows_below:,} {rows} below   {key}"))
        if below.display != wanted:
            below.display = wanted

    async def on_click(self, event: Any) -> None:
        if getattr(event.widget, "id", None) == "below":
            await self.transcript.to_end()

    def action_tell_link(self, target: str) -> None:
        """A model's link says one thing and may lead elsewhere: where it leads is shown and copied, never opened."""
        self.copy_to_clipboard(target)
        self.tell(f"Copied {target}")
