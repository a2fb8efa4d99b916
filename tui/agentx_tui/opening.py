"""Which page each key, /command and row of the palette opens; a page itself is a module of `screens`."""

from agentx_tui.glyphs import Glyphs
from agentx_tui.history import History
from agentx_tui.late import Late
from agentx_tui.preferences import Preferences
from agentx_tui.widgets.prompt import Prompt


class Opening(Late):
    """The part of the app that puts pages over the conversation."""

    glyphs: Glyphs
    history: History
    preferences: Preferences
    wanted_keys: dict[str, str]

    @property
    def prompt(self) -> Prompt: ...

    def action_show_keys(self) -> None:
        from agentx_tui.screens import keys as keys_page
        from agentx_tui.screens.page import Page, text_columns

        self.push_screen(Page(keys_page.content(self.wanted_keys, text_columns(self.size.width))))

    def action_show_tools(self) -> None:
        from agentx_tui.screens import tools as tools_page
        from agentx_tui.screens.page import Page

        setup = self.conversation.setup
        self.push_screen(Page(tools_page.content(setup.tools if setup else ())))

    def action_show_trace(self) -> None:
        from agentx_tui.screens.trace import TracePage

        self.push_screen(TracePage(self.conversation, self.glyphs, self.preferences.ascii))

    def action_show_memory(self, words: str = "") -> None:
        from agentx_tui import remembering

        remembering.open_page(self, self.desk, words)  # pyright: ignore[reportArgumentType]

    def action_show_settings(self) -> None:
        from agentx_tui import setting

        setting.open_page(self)  # pyright: ignore[reportArgumentType]

    def keep_note(self, note: str) -> None:
        from agentx_tui import remembering

        remembering.keep_note(self, self.desk, note)  # pyright: ignore[reportArgumentType]

    def action_show_models(self) -> None:
        from agentx_tui.screens.models import ModelsPage

        self.push_screen(ModelsPage(self, self.glyphs, self.wanted_keys))  # pyright: ignore[reportArgumentType]

    def action_show_setup(self) -> None:
        from agentx_tui.screens.setup import SetupPage

        self.push_screen(SetupPage(self, self.glyphs, self.wanted_keys))  # pyright: ignore[reportArgumentType]

    def action_show_tour(self) -> None:
        from agentx_tui.screens.tour import TourPage

        self.push_screen(TourPage(self, self.glyphs))  # pyright: ignore[reportArgumentType]

    def action_search_history(self) -> None:
        from agentx_tui.screens.history import HistoryPage

        def taken(entry: str | None) -> None:
            if entry is not None:
                self.prompt.put_aside(entry)

        self.push_screen(HistoryPage(self.history), taken)
