"""The page of the settings: each with its value and where that is from, changed in place."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agentx import config
from agentx.cli import failures
from agentx.threads import in_thread
from agentx_tui import keymap
from agentx_tui.conversation import CONVERSATION
from agentx_tui.printable import line
from agentx_tui.screens import foot
from agentx_tui.screens import settings_text as text
from agentx_tui.settings_rows import Row, write
from agentx_tui.widgets.line_input import LineInput

SAID_BEFORE = "agentx config set: "


class SettingsPage(ModalScreen[None]):
    """Lists the settings by group and edits the one that is pointed at.

    Args:
        read: gives the settings as they are; called in a thread.
        waiting: of settings that were changed, those that do not count yet, with what each waits for.
        took: called with each setting that was changed, as it is now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("settings"),
        Binding("escape", "back", show=False),
        Binding("f2", "close", show=False),
    ]

    def __init__(
        self,
        read: Callable[[], list[Row]],
        waiting: Mapping[str, str],
        took: Callable[[Row], None],
        wanted_keys: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._read, self._waiting, self._took, self._wanted = read, waiting, took, wanted_keys
        self._listed: list[Row | str] = []
        self._edited: Row | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="title")
        yield OptionList(compact=True, markup=False, id="rows")
        with Vertical(id="detail"):
            yield Static("", id="about")
            yield OptionList(compact=True, markup=False, id="choices")
            yield LineInput(id="field")
            yield Static("", id="wrong")
        yield Static("looking…", id="told")
        yield Static("", id="foot")

    def on_mount(self) -> None:
        self._rows.focus()
        self._close_editor()
        self.look()

    def on_resize(self) -> None:
        # Once the rows have their new size too.
        self.call_after_refresh(self._show_rows)
        self._show_frame()

    def look(self, told: str = "", changed: str = "") -> None:
        """Reads the settings anew, then says something, and of which setting it was changed."""
        self.run_worker(self._look(told, changed), exclusive=True, group="settings-look", exit_on_error=False)

    async def _look(self, told: str, changed: str) -> None:
        try:
            found = await in_thread(self._read, name="agentx-settings")
        except Exception as error:
            self._tell(failures.describe(error)[0], wrong=True)
            return
        if (row := next((row for row in found if row.key == changed), None)) is not None:
            self._took(row)
        self._listed = text.grouped(found)
        self._show_rows()
        self._tell(told)

    # What is shown.

    @property
    def _rows(self) -> OptionList:
        return self.query_one("#rows", OptionList)

    @property
    def _pointed(self) -> Row | None:
        at = self._rows.highlighted
        item = self._listed[at] if at is not None and at < len(self._listed) else None
        return item if isinstance(item, Row) else None

    def _show_rows(self) -> None:
        rows = self._rows
        at = rows.highlighted
        width = max(30, rows.size.width - 2)
        rows.clear_options()
        rows.add_options([self._option(item, width) for item in self._listed])
        if self._listed:
            rows.highlighted = at if at is not None and at < len(self._listed) else 1
        self._show_detail()

    def _option(self, item: Row | str, width: int) -> Option:
        if isinstance(item, str):
            return Option(text.head(item), disabled=True)
        return Option(text.row(item, width, self._waiting.get(item.key, "")))

    def _show_frame(self) -> None:
        width = max(20, self.scrollable_content_region.width)
        path = str(config.user_file())
        self.query_one("#title", Static).update(text.title(path, width))
        if self._edited is not None:
            keys = [("Enter", "keep"), ("Esc", "leave as it was")]
        else:
            keys = [("Enter", "change"), *foot.keys_of("settings", self._wanted), foot.ESC]
        self.query_one("#foot", Static).update(foot.foot(keys, width))

    def _show_detail(self) -> None:
        row = self._pointed
        waits = self._waiting.get(row.key, "") if row else ""
        self.query_one("#about", Static).update(text.about(row, waits) if row else Content(""))

    def _tell(self, words: str, wrong: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.set_class(wrong, "-wrong")
        told.update(Content(line(words, 600)))

    # What the person does.

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list.id == "rows" and self._edited is None:
            self._show_detail()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.id == "choices":
            assert self._edited is not None
            self._keep(self._edited, self._edited.choices[event.option_index])
            return
        row = self._pointed
        if row is None:
            return
        if row.fixed:
            self._tell(row.fixed)
        elif row.kind == "switch":
            self._keep(row, "false" if row.value else "true")
        elif not row.is_line:
            self._tell(f"It holds several lines or signs that cannot be shown; change it in {config.user_file()}.")
        else:
            self._open_editor(row)

    def _open_editor(self, row: Row) -> None:
        self._edited = row
        self._tell("")
        if row.choices:
            choices = self.query_one("#choices", OptionList)
            choices.clear_options()
            choices.add_options(
                [Option(text.choice(row, name, self.scrollable_content_region.width - 2)) for name in row.choices]
            )
            choices.display = True
            choices.highlighted = row.choices.index(row.value) if row.value in row.choices else 0
            choices.focus()
        else:
            field = self.query_one("#field", Input)
            field.placeholder, field.value = row.expected, row.written
            field.display = True
            field.cursor_position = len(field.value)
            field.focus()
        self._show_frame()
        self.call_after_refresh(self._rows.scroll_to_highlight)

    def _close_editor(self) -> None:
        self._edited = None
        for name in ("#choices", "#field", "#wrong"):
            self.query_one(name).display = False
        self._rows.focus()
        self._show_frame()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        row = self._edited
        if row is not None and event.value == row.written:
            self.action_back()  # nothing was changed, which an empty field for a secret is too
        elif row is not None:
            self._keep(row, event.value.strip() or None)

    def on_input_changed(self) -> None:
        self.query_one("#wrong").display = False

    def action_unset(self) -> None:
        row = self._pointed
        if row is None or self._edited is not None:
            return
        if row.fixed or row.origin == "default":
            self._tell(row.fixed or f"`{row.name}` has its default.")
        else:
            self._keep(row, None)

    def _keep(self, row: Row, value: str | None) -> None:
        self.run_worker(self._write(row, value), group="settings-write", exit_on_error=False)

    async def _write(self, row: Row, value: str | None) -> None:
        try:
            await in_thread(lambda: write(row, value), name="agentx-settings")
        except Exception as error:
            self._refuse(failures.describe(error)[0].removeprefix(SAID_BEFORE))
            return
        if self._edited is row or self._edited is None:  # else the editor of another was opened meanwhile
            self._close_editor()
        what = f"`{row.name}` is kept" if value is not None else f"`{row.name}` has its default again"
        later = {"": "", CONVERSATION: "; it counts from the next new conversation on (/new)"}
        self.look(f"{what}{later.get(row.waits, '; it counts from the next start on')}.", row.key)

    def _refuse(self, why: str) -> None:
        """What was typed cannot be: said under it, where it stays."""
        if self._edited is None:
            self._tell(why, wrong=True)
            return
        wrong = self.query_one("#wrong", Static)
        wrong.update(Content(line(why, 400)))
        wrong.display = True

    def action_back(self) -> None:
        if self._edited is not None:
            self._close_editor()
            self._show_detail()
        else:
            self.dismiss()

    def action_close(self) -> None:
        self.dismiss()
