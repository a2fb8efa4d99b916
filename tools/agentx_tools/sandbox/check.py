"""Tells `agentx doctor` how well this machine confines programs; registered in the group `agentx.sandboxes`."""

import asyncio
import tempfile
from pathlib import Path
from typing import Literal

from agentx_tools.sandbox.client import Sandbox, SandboxError
from agentx_tools.sandbox.walls import Level


def check() -> tuple[Literal["ok", "warn"], str]:
    """Starts a sandbox, which tests itself, and ends it."""
    return asyncio.run(_check())


async def _check() -> tuple[Literal["ok", "warn"], str]:
    with tempfile.TemporaryDirectory(prefix="agentx-check-") as folder:
        sandbox = Sandbox(Path(folder))
        try:
            await sandbox.start()
        except SandboxError as error:
            return "warn", f"{error}; programs run only with --unsafe-code."
        sandbox.close()
    if sandbox.level >= Level.NAMESPACES:
        return "ok", "programs are confined by namespaces, Landlock and seccomp"
    return "warn", f"programs are confined by Landlock and seccomp alone ({'; '.join(sandbox.reasons)})."
