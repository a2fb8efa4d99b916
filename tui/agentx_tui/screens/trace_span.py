"""The page of one span of a trace: its figures, and all there is to read of it, the prompt that was sent included."""

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from agentx import trace_layout as layout
from agentx.cli import failures
from agentx.trace import Span
from agentx_tui.conversation import Conversation
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line, output, prose

MAX_CHARACTERS = 200_000
"""Of a text; `agentx sessions show --json` has the whole."""
PROMPT = "Prompt as sent"
LOOKING = "looking…"
BUSY = "The agent works; once it rests, the prompt can be made again from the journal (r)."
HOW = "Made again by playing the session back, since the journal keeps a digest alone: {digest}, which this one has."
NO_PROMPT = "The prompt cannot be shown, and the journal keeps its digest alone ({digest}): {why}"
FOOT = (("Up Down", "scroll"), ("c", "copy all"), ("Esc", "back"))


class SpanPage(ModalScreen[None]):
    """Scrolled by the keys that scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", show=False),
        Binding("c", "copy_all", show=False),
        Binding("r", "look", show=False),
    ]

    def __init__(self, span: Span, conversation: Conversation, glyphs: Glyphs) -> None:
        super().__init__()
        self._span = span
        self._conversation = conversation
        self._glyphs = glyphs
        self._prompt = ""

    def compose(self) -> ComposeResult:
        yield Static(self._head(), id="span-head")
        with VerticalScroll(id="span-body"):
            for head, text in self._span.texts:
                yield Static(head, classes="span-title", markup=False)
                yield Static(self._shown(head, text), classes="span-text")
            if self._span.request:
                yield Static(PROMPT, classes="span-title", markup=False)
                yield Static("", id="span-how")
                yield Static("", id="span-prompt", classes="span-text")
        foot = Content("   ").join(
            [Content.assemble((key, "bold $foreground 70%"), (f" {text}", "$foreground 45%")) for key, text in FOOT]
        )
        yield Static(foot, id="span-keys")

    def on_mount(self) -> None:
        self.query_one("#span-body").focus()
        self.action_look()

    def _head(self) -> Content:
        span = self._span
        usage = layout.usage_line(span.usage) if span.usage else ""
        return Content.assemble(
            (line(span.name, 80), "bold $primary"),
            (f"  {span.status}" if span.status else "", "$error" if span.status != "open" else "$foreground 55%"),
            (f"  {layout.elapsed(span.elapsed_s)}", "$foreground 75%"),
            (f"  at {layout.elapsed(span.start)}", "$foreground 45%"),
            (f"\n{usage}" if usage else "", "$foreground 60%"),
        )

    def _shown(self, head: str, text: str) -> Content:
        cut = text[:MAX_CHARACTERS]
        clean = output(cut) if head == "Result" else prose(cut)
        rest = len(text) - len(cut)
        more = f"\n{self._glyphs.ellipsis} {rest:,} more characters" if rest else ""
        return Content(clean or "(empty)") + Content.styled(more, "$foreground 45%")

    def action_look(self) -> None:
        """Makes the prompt again, if the span has one that is not there yet."""
        if not self._span.request or self._prompt:
            return
        if self._conversation.busy:
            self._tell(BUSY)
            return
        self._tell(LOOKING)
        self.run_worker(self._look(), exclusive=True)

    async def _look(self) -> None:
        from agentx.prompts_sent import prompts_sent

        span = self._span
        engine = self._conversation.engine
        try:
            made = engine.with_agent(lambda agent: prompts_sent(agent, span.session_id, span.request))
            found = await asyncio.wrap_future(made)
        except Exception as error:
            self._tell(NO_PROMPT.format(digest=span.request[:12], why=failures.describe(error)[0]))
            return
        self._prompt = found[span.request]
        self._tell(HOW.format(digest=span.request[:12]))
        self.query_one("#span-prompt", Static).update(self._shown(PROMPT, self._prompt))

    def _tell(self, text: str) -> None:
        self.query_one("#span-how", Static).update(Content(prose(text)))

    def action_copy_all(self) -> None:
        texts = [*self._span.texts, *([(PROMPT, self._prompt)] if self._prompt else [])]
        whole = "\n\n".join(f"{head}\n{text}" for head, text in texts)
        self.app.copy_to_clipboard(whole)
        self.app.notify(f"Copied {len(whole):,} characters, if the terminal lets programs copy.", markup=False)
