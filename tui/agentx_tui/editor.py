"""The draft is written on in the person's own editor, which has the terminal meanwhile."""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from textual.app import SuspendNotSupported

from agentx_tui.printable import line


class NotWritten(Exception):
    """Why the draft stays as it was, in a sentence.

    Attributes:
        text: what was written all the same; empty where that is the draft or nothing.
    """

    def __init__(self, sentence: str, text: str = "") -> None:
        super().__init__(sentence)
        self.text = text


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
            with _deaf(), away:
                problem = _problem_of(command)
            text = path.read_text(encoding="utf-8", errors="replace").rstrip("\n") if path.is_file() else None
            if problem:
                raise NotWritten(f"{name} {problem}", text if text and text != draft.rstrip("\n") else "")
            if text is None:
                raise NotWritten(f"{name} left no text; the draft stays as it was.")
            return text
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


@contextmanager
def _deaf() -> Generator[None]:
    """Ctrl-C in the editor's terminal goes to AgentX too, which it is not meant for, and would end it."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    # A function, and not SIG_IGN, which the editor would inherit.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _not_opened(error: Exception) -> str:
    return f"cannot be opened ({error}); set EDITOR to another."
