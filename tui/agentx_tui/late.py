"""The parts of the app that its first frame does without: each is imported by who needs it first."""

import asyncio
import importlib
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from agentx_tui import garbage

if TYPE_CHECKING:
    from agentx.cli.setup import Setup
    from agentx_tui.conversation import Conversation
    from agentx_tui.memory_desk import Desk
    from agentx_tui.pulling import Progress, Pulls
    from agentx_tui.weights import Weights
    from agentx_tui.widgets.dock import Dock


class Late(App[int]):
    """Args: as of `agentx_tui.conversation.Conversation`."""

    wanted_keys: dict[str, str]
    _begun = False

    class Arrived(Message):
        """The engine has left something in the inbox."""

    class Pulled(Message):
        """The fetching of a model has come further, or to an end."""

        def __init__(self, progress: "Progress") -> None:
            super().__init__()
            self.progress = progress

    def __init__(self, prepare: "Callable[[], Setup]", weights: "Weights | None" = None) -> None:
        super().__init__()
        self._prepare = prepare
        self._weights = weights

    @cached_property
    def weights(self) -> "Weights":
        from agentx_tui.weights import Weights

        return self._weights or Weights()

    @cached_property
    def conversation(self) -> "Conversation":
        """Imports all that runs are made of."""
        from agentx_tui.conversation import Conversation

        return Conversation(self._prepare, lambda: self.post_message(self.Arrived()), self.weights)

    @cached_property
    def dock(self) -> "Dock":
        """On the screen once `furnish` has put it there."""
        from agentx_tui.widgets.dock import Dock

        return Dock(self.wanted_keys, id="dock")

    @cached_property
    def desk(self) -> "Desk":
        from agentx_tui.memory_desk import Desk

        return Desk(lambda: self.conversation.setup.settings.tool_settings if self.conversation.setup else {})

    @cached_property
    def pulls(self) -> "Pulls":
        from agentx_tui.pulling import Pulls

        return Pulls(self.weights.command, lambda progress: self.post_message(self.Pulled(progress)))

    async def furnish(self) -> None:
        """Brings to the screen what its first frame does without."""
        raise NotImplementedError

    def begin(self) -> None:
        """To be called with the first frame on the screen: only now a model is loaded. Does it once."""
        if self._begun:
            return
        self._begun = True

        async def start() -> None:
            await self.furnish()
            # In a thread, so that the prompt takes letters meanwhile.
            await asyncio.to_thread(importlib.import_module, "agentx_tui.conversation")
            if not self.is_headless:
                garbage.only_at_rest()
            self.conversation.engine.start()

        self.run_worker(start())
