"""The app under measurement: its model says one long answer at a pace; at the end it writes how its loop lagged."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

from agentx_tui import garbage
from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from agentx_tui.weights import Weights

from agentx import Agent
from agentx.cli.setup import Setup
from agentx.config import Settings
from agentx.journal import Journal
from agentx.messages import Usage
from agentx.model import GREEDY, Constraint, Delta, Fragment, Model, Prompt, Sampling
from agentx.models.scripted import ScriptedModel

PROBE_S = 0.02


class Paced(ScriptedModel):
    """Says its one reply word by word, so many a second."""

    def __init__(self, tokens: int, per_second: float) -> None:
        super().__init__([])
        self._words = [_word(at) for at in range(tokens)]
        self._per_second = per_second

    async def decode(
        self,
        prompt: Prompt,
        *,
        constraint: Constraint | None = None,
        stop: Sequence[str] = (),
        max_tokens: int = 512,
        sampling: Sampling = GREEDY,
    ) -> AsyncGenerator[Delta, None]:
        started = time.perf_counter()
        for at, word in enumerate(self._words):
            late = started + at / self._per_second - time.perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            yield Delta(word)
        said = "".join(self._words)
        yield Delta("", "stop", (Fragment(said),), Usage(sampled_tokens=len(self._words)))


def _word(at: int) -> str:
    """Markdown of paragraphs, lists and code, as answers are."""
    if at % 400 == 0:
        return "\n\n## part\n\n"
    if at % 400 == 200:
        return "\n\n```python\n"
    if at % 400 == 260:
        return "\n```\n\n"
    if 200 < at % 400 < 260:
        return "x = 1\n" if at % 3 else "for n in y: "
    return "\n- item " if at % 40 == 0 and at % 400 > 300 else "\n\n" if at % 80 == 79 else "word "


class PacedWeights(Weights):
    """Has the paced model loaded, whatever is asked for."""

    def open(self, settings: Settings, progress: Any) -> Model:
        return Paced(int(sys.argv[2]), float(sys.argv[3]))


class PacedSetup(Setup):
    """A setup whose agent has no tools, and a journal in memory."""

    def agent(self, approve: Any = None, ask: Any = None, settle: Any = None) -> Agent:
        return Agent(self.settings.model, (), workspace=self.workspace, journal=Journal(":memory:"))


class Probed(AgentXApp):
    """Looks 50 times a second how late its own loop is."""

    lags: list[float]
    cpu: list[tuple[float, float]]
    frames = 0

    def take(self) -> None:
        self.frames += self.conversation.busy
        super().take()

    def on_mount(self) -> None:
        self.lags, self.cpu = [], []
        self._probe = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while True:
            due = time.perf_counter() + PROBE_S
            await asyncio.sleep(PROBE_S)
            if self.conversation.busy:
                self.lags.append(time.perf_counter() - due)
                self.cpu.append((time.perf_counter(), time.thread_time()))


def main() -> None:
    """Arguments: a file for the figures, tokens, tokens a second."""
    folder = Path(sys.argv[1]).parent
    (folder / "replies.json").write_text("[]")
    setup = PacedSetup(Settings(model=f"scripted:{folder / 'replies.json'}"), folder, [])
    app = Probed(lambda: setup, Preferences(theme="dark"), PacedWeights())
    garbage.only_at_rest()
    app.run()
    (begun, cpu_begun), (ended, cpu_ended) = app.cpu[0], app.cpu[-1]
    share = (cpu_ended - cpu_begun) / (ended - begun)
    frame_s = (cpu_ended - cpu_begun) / max(app.frames, 1)
    told = {"lags": app.lags, "screen cpu": share, "frames": app.frames / (ended - begun), "frame ms": 1e3 * frame_s}
    Path(sys.argv[1]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
