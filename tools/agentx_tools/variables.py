"""The variables of a session's programs as the host has them: bytes that it carries and never looks into.

What a program has left may do anything once it is unpickled. So it comes into no program that may do more than the one
that left it: neither out of the walls nor to hosts that the other did not reach.
"""

import json
from collections.abc import Sequence
from typing import Any

from agentx.threads import in_thread
from agentx.tool import ToolContext
from agentx_tools._variables import BEGUN
from agentx_tools.sandbox.client import Ended
from agentx_tools.sandbox.walls import Level


class Variables:
    """Those of one call.

    Args:
        context: of the call.
        level: the walls around its program.
        hosts: what its program may reach.
    """

    def __init__(self, context: ToolContext, level: Level, hosts: Sequence[str]) -> None:
        self._context = context
        self._level = level
        self._hosts = hosts
        self._given = b""

    async def before(self) -> bytes:
        """What the program before has left for this one; empty where it left nothing, or nothing that is for it."""
        state = self._context.state
        try:
            kept = await in_thread(state.read) if state else None
            line, _, left = (kept or b"{}").partition(b"\n")
            self._given = left if left and self._may_have(json.loads(line)) else b""
        except (OSError, ValueError, KeyError, TypeError):
            self._given = b""
        return self._given

    async def leave(self, ended: Ended) -> None:
        """Keeps what the program has left, where it has left anything; of one that was killed, what there was before.

        What a program did not live to see read is not given to the next, which would end like it.
        """
        begun, left = ended.state[:1] == BEGUN, ended.state[1:]
        was_killed = ended.stopped_by is not None or ended.status < 0
        if not (left and begun and not was_killed) and not (self._given and not begun):
            return
        made = json.dumps({"level": self._level, "hosts": list(self._hosts)}).encode()
        state = self._context.state
        assert state is not None
        try:
            await in_thread(lambda: state.write(made + b"\n" + (left if begun else b"")))
        except OSError as error:
            self._context.progress(f"The variables of the program are not kept ({error.strerror}).")

    def _may_have(self, made: dict[str, Any]) -> bool:
        level = Level(made["level"])
        return self._level >= level and (level == Level.NONE or {*self._hosts} <= {*made["hosts"]})
