"""The person at the screen, as the agent knows one: asked from the engine's thread, answers come back in it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest, Decision
from agentx_tui.signals import Asked, Asking, Withdrawn

if TYPE_CHECKING:
    from agentx.doubt import Settlement


class Person:
    """Args: post: shows what is asked, and takes it back."""

    def __init__(self, post: Callable[[Asking | Withdrawn], None]) -> None:
        self._post = post
        self.asked = self.approve, self.ask, self.settle

    async def approve(self, request: ApprovalRequest) -> Decision:
        return await self._say(request) or Decision(False, "the user said no")

    async def ask(self, question: str) -> str | None:
        return await self._say(question)

    async def settle(self, call: ToolCall) -> "Settlement":
        return await self._say(call) or "stop"

    async def _say(self, asked: Asked) -> Any:
        asking = Asking(asked, asyncio.get_running_loop().create_future())
        self._post(asking)
        try:
            return await asking.answer
        finally:
            self._post(Withdrawn(asking))
