"""What a call leaves behind that must not stay: rights taken from its own folders, and files that are obeyed later."""

import os
import stat
import subprocess
import time
from contextlib import suppress

from agentx_tools.protected import PROTECTED
from agentx_tools.sandbox.disk import Growth


class Leftovers:
    """Looks at the folders before a call, and mends them after it.

    Args:
        workspace: what lies there under a name of `PROTECTED` in a repository that was there before is moved aside if
            it is new.
        scratch: the temporary files.
        most_scratch_bytes: what may lie there for the next call.
    """

    def __init__(self, workspace: str, scratch: str, most_scratch_bytes: int) -> None:
        self._scratch = scratch
        self._most_scratch_bytes = most_scratch_bytes
        self._modes = {folder: stat.S_IMODE(os.stat(folder).st_mode) for folder in (workspace, scratch)}
        self._absent = [
            f"{workspace}/{name}"
            for name in PROTECTED
            if name.startswith(".git/")
            and os.path.isdir(f"{workspace}/.git")
            and not os.path.lexists(f"{workspace}/{name}")
        ]

    def mend(self) -> list[str]:
        """Mends; returns the names of what was moved aside."""
        for folder, mode in self._modes.items():
            with suppress(OSError):
                # Setting the mode that it has would be a change too: see `agentx.changes.fingerprint`.
                if stat.S_IMODE(os.stat(folder).st_mode) != mode:
                    os.chmod(folder, mode, follow_symlinks=True)
        moved: list[str] = []
        for path in self._absent:
            with suppress(OSError):
                # A folder that was made a link leads elsewhere, where nothing is to be moved.
                if os.path.lexists(path) and not os.path.islink(os.path.dirname(path)):
                    os.rename(path, f"{path}.refused-{time.time_ns()}")
                    moved.append(os.path.basename(path))
        return moved

    def too_many(self) -> bool:
        """Whether so much lies in the temporary files that the sandbox should be given up with them."""
        return Growth([self._scratch], self._most_scratch_bytes, self._most_scratch_bytes, whole=True).is_over()


def remove(path: str) -> None:
    """However deep it is, and whatever rights were taken from it."""
    for command in (["rm", "-rf", path], ["chmod", "-R", "u+rwX", path], ["rm", "-rf", path]):
        if os.path.lexists(path):
            subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
