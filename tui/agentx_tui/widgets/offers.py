"""The completions above the prompt: drawn and moved in here, taken by the prompt, which keeps the focus."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from agentx_tui.completion import Completion


class Offers(Static):
    """A list of which one is pointed at; not there where it is empty."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self._offers: list[Completion] = []
        self._at = 0
        self.display = False

    @property
    def is_open(self) -> bool:
        return bool(self._offers)

    @property
    def current(self) -> "Completion | None":
        return self._offers[self._at] if self._offers else None

    def show(self, offers: "list[Completion]") -> None:
        if offers != self._offers:
            self._offers, self._at = offers, 0
            self._draw()

    def move(self, by: int) -> None:
        self._at = (self._at + by) % len(self._offers)
        self._draw()

    def close(self) -> None:
        self.show([])

    def on_resize(self) -> None:
        self._draw()  # where it has to give way, what is pointed at stays in sight

    def _most(self) -> int:
        """The rows that it may have."""
        from agentx_tui.completion import MAX_SHOWN

        limit = self.styles.max_height
        return MAX_SHOWN if limit is None else max(1, min(MAX_SHOWN, int(limit.value)))

    def _draw(self) -> None:
        self.display = self.is_open
        most = self._most()
        first = max(0, min(self._at - most // 2, len(self._offers) - most))
        width = max((len(offer.shown) for offer in self._offers), default=0)
        rows: list[Content] = []
        for at, offer in enumerate(self._offers[first : first + most], first):
            here = at == self._at
            name = Content.styled(f" {offer.shown:<{width}} ", "$foreground on $primary 30%" if here else "$foreground")
            rows.append(name + Content.styled(f"  {offer.about}", "$foreground 55%"))
        self.update(Content("\n").join(rows))
