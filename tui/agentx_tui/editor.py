"""The draft is written on in the person's own editor, which has the terminal meanwhile."""

import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from textual.app import SuspendNotSupported

from agentx_tui.printable import line


class NotWritten(Exception):
    """Why the draft stays as it was, in a sentence."""


def written(draft: str, away: AbstractContextManager[None]) -> str:
    """What the editor makes of a draft; blocks until it ends.

    Args:
        away: the screen gives the terminal up in it.

    Raises:
        NotWritten: the editor cannot be opened, or its end says that the text is not to be taken.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    name = line(editor, 60)
    try:
        with tempfile.TemporaryDirectory(prefix="agentx-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "prompt.md"
            path.write_text(draft, encoding="utf-8")
            command = [*shlex.split(editor), str(path)]
            with away:
                problem = _problem_of(command)
            if problem:
                raise NotWritten(f"{name} {problem}")
            if not path.is_file():
                raise NotWritten(f"{name} left no text; the draft stays as it was.")
            return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except (OSError, ValueError, SuspendNotSupported) as error:
        raise NotWritten(f"{name} {_not_opened(error)}") from None


def _problem_of(command: list[str]) -> str:
    """Runs an editor; why what it leaves is not to be taken. Raises nothing, which would leave the screen away."""
    try:
        # The descriptors 1 and 2 are a log meanwhile (see `agentx_tui.terminal`), and these are the terminal.
        code = subprocess.run(command, stdout=sys.__stdout__, stderr=sys.__stderr__, check=False).returncode
    except (OSError, ValueError) as error:
        return _not_opened(error)
    return f"ended with code {code}; the draft stays as it was." if code else ""


def _not_opened(error: Exception) -> str:
    return f"cannot be opened ({error}); set EDITOR to another."
