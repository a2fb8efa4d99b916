"""What the status bar says, from a view and a clock: pure, so that each width is a test."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agentx_tui.glyphs import Glyphs

if TYPE_CHECKING:
    from agentx.messages import Usage
    from agentx_tui.view import Phase, View

NO_MODEL = "no model"
"""In the place of a model's name where a demo answers."""
WARN_AT, FULL_AT = 0.80, 0.95
BAR_CELLS = 8
PHASES: "dict[Phase, str]" = {
    "idle": "ready",
    "loading": "loading the model",
    "reading": "reading the prompt",
    "thinking": "thinking",
    "calling": "writing a call",
    "answering": "answering",
    "tool": "running a tool",
    "approval": "waits for your word",
    "asking": "asks you something",
}


class Status(NamedTuple):
    """What there is to tell beside the view.

    Attributes:
        loading: what the model waits for, "" where it is there.
        fraction: of that, None where that is not known.
        failed: why there is no model, "" where there is one.
        elapsed_s: of the turn that is under way, None where none is.
        stopping: the turn was told to stop and has not yet.
        pulling: on a model that is being fetched meanwhile.
    """

    loading: str = ""
    fraction: float | None = None
    failed: str = ""
    elapsed_s: float | None = None
    ram_bytes: int = 0
    stopping: bool = False
    pulling: str = ""


def doing(view: "View", status: Status) -> str:
    """One phrase on what is going on."""
    if status.stopping:
        return "stopping"
    if status.loading and view.phase in ("idle", "loading"):
        return status.loading + (f" {status.fraction:.0%}" if status.fraction is not None else "")
    if status.failed and not view.busy:
        return "no model"
    return PHASES[view.phase]


def context(view: "View", glyphs: Glyphs, bar: bool) -> tuple[str, float]:
    """How much of the model's context is used, and that as a fraction."""
    if not view.context_tokens or not view.used_tokens:
        return "", 0.0
    fraction = min(1.0, view.used_tokens / view.context_tokens)
    numbers = f"{thousands(view.used_tokens)}/{thousands(view.context_tokens)}"
    if not bar:
        return numbers, fraction
    full = max(1, round(fraction * BAR_CELLS))
    return f"ctx {glyphs.full * full}{glyphs.empty * (BAR_CELLS - full)} {numbers}", fraction


def speeds(usage: "Usage") -> tuple[str, str]:
    """Prompt tokens read a second, and tokens generated a second; "" where nothing was measured."""
    read = f"pp {usage.prompt_tokens / usage.prompt_s:.0f} t/s" if usage.prompt_s > 0 and usage.prompt_tokens else ""
    made = f"tg {usage.output_tokens / usage.decode_s:.1f} t/s" if usage.decode_s > 0 and usage.output_tokens else ""
    return read, made


def sparkline(values: Sequence[float], glyphs: Glyphs) -> str:
    """A sign for each value, as high as it is beside the highest."""
    top = max(values, default=0.0)
    last = len(glyphs.levels) - 1
    return "".join(glyphs.levels[round(value / top * last) if top else 0] for value in values)


def thousands(number: int) -> str:
    """`812`, `3.1k`, `131k`."""
    if number < 1_000:
        return str(number)
    if number < 999_500:
        return f"{number / 1_000:.1f}k" if number < 99_950 else f"{number / 1_000:.0f}k"
    return f"{number / 1_000_000:.1f}M"


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def gigabytes(number: int) -> str:
    return f"{number / 1e9:.1f}G" if number >= 1e9 else f"{number / 1e6:.0f}M"


def ram_bytes() -> int:
    """Memory of this process that lies in RAM; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
