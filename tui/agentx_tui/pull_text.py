"""How far a model's fetching has come, in words and as a bar."""

from textual.content import Content

from agentx.models.progress import megabytes
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.pulling import Progress

BAR_CELLS = 20


def short(progress: Progress, glyphs: Glyphs) -> str:
    """For the status line: `↓ 34% qwen2.5-coder-1.5b 01:02`."""
    name = line(progress.spec.rpartition("/")[2], 28)
    percent = "" if progress.fraction is None else f"{progress.fraction:.0%}"
    rest = "paused" if progress.state == "paused" else left(progress)
    return " ".join(filter(None, [glyphs.down, percent, name, rest]))


def long(progress: Progress, glyphs: Glyphs, width: int) -> Content:
    """Two lines for a page: a bar with its figures, and what is being done or has gone wrong."""
    fraction = progress.fraction or 0.0
    cells = max(6, min(BAR_CELLS, width - 44))
    full = round(fraction * cells)
    sizes = f"{megabytes(progress.done)} of {megabytes(progress.total)}" if progress.total and width >= 60 else ""
    figures = [f"{fraction:4.0%}", sizes, _speed(progress), f"{left(progress)} left" if left(progress) else ""]
    state = {"paused": "paused, p goes on", "done": "here", "failed": "stopped, p tries again"}.get(progress.state, "")
    bar = Content.assemble(
        (glyphs.full * full, "$primary"),
        (glyphs.empty * (cells - full), "$foreground 30%"),
        (f" {'  '.join(filter(None, [*figures, state]))}", "$foreground 80%"),
    )
    said, colour = line(progress.told or progress.label, 600), "$foreground 60%"
    if progress.state == "failed":
        colour = "$error"
    return bar + Content("\n") + Content.styled(said, colour)


def left(progress: Progress) -> str:
    """The time until the end, as `01:02`; "" where it is not known."""
    seconds = progress.left_s
    if progress.state != "running" or seconds is None or seconds > 86_400:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes:02}:{rest:02}"


def _speed(progress: Progress) -> str:
    return f"{megabytes(int(progress.speed))}/s" if progress.speed > 0 and progress.state == "running" else ""
