"""What the sidebar says: what this turn has done, which files it changed, what waits in the queue, what it costs."""

from collections.abc import Sequence

from textual.content import Content

from agentx_tui.card_text import summary
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.status import sparkline, thousands
from agentx_tui.view import Card, View

MAX_STEPS, MAX_FILES = 14, 10
WIDTH = 34


def content(view: View, queue: Sequence[str], glyphs: Glyphs) -> Content:
    """Sections of what there is; one line where there is nothing."""
    cards = [item for item in view.turn.items if isinstance(item, Card)] if view.turn else []
    done = [f"{glyphs.of(card.status)} {_named(card)}" for card in cards]
    if len(done) > MAX_STEPS:
        done = [f"{glyphs.ellipsis} {len(done) - MAX_STEPS} before", *done[-MAX_STEPS:]]
    turns = view.turns
    changed = sorted(
        {
            path
            for turn in turns
            for item in turn.items
            if isinstance(item, Card) and item.result
            for path in item.result.changed
        }
    )
    files = [line(path, WIDTH - 4) for path in changed[:MAX_FILES]]
    if len(changed) > MAX_FILES:
        files.append(f"{glyphs.ellipsis} {len(changed) - MAX_FILES} more")
    usage = view.turn.usage if view.turn else None
    cost = (
        [
            f"read {thousands(usage.prompt_tokens)}, reused {thousands(usage.reused_tokens)}",
            f"written {thousands(usage.output_tokens)}",
        ]
        if usage and usage.output_tokens
        else []
    )
    # One reply alone has nothing to be higher or lower than.
    speed = [f"{sparkline(view.pace, glyphs)} {view.pace[-1]:.1f} t/s"] if len(view.pace) > 1 else []
    sections = [
        ("THIS TURN", done),
        ("CHANGED FILES", files),
        ("QUEUE", [line(text, WIDTH - 4) for text in queue]),
        ("TOKENS", cost),
        ("SPEED", speed),
    ]
    parts = [
        Content.styled(title, "bold $foreground 50%") + Content("\n" + "\n".join(rows))
        for title, rows in sections
        if rows
    ]
    return Content("\n\n").join(parts) if parts else Content.styled("nothing done yet", "$foreground 40%")


def _named(card: Card) -> str:
    return line(f"{card.call.name} {summary(card.call.arguments)}", WIDTH - 6)
