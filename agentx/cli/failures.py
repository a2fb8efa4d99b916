"""Turns whatever was raised into one sentence and an exit code."""

import errno
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from agentx import folders
from agentx.cli.process import INTERRUPTED
from agentx.errors import AgentXError

KEEP_BYTES = 1_000_000


def describe(error: BaseException) -> tuple[str, int]:
    """The sentence for a person, and the exit code; the traceback of what nobody foresaw goes to a file."""
    if isinstance(error, AgentXError):
        return " ".join(str(error).split()), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space is left on the disk{_at(error)}; free some and try again", 1
    if isinstance(error, OSError) and error.errno == errno.EBADF and not error.filename:
        return "stdout is closed, so that nothing can be written there; send it to a file or to /dev/null", 1
    text = " ".join(str(error).split())[:300]
    cause = f"{type(error).__name__}: {text}" if text else type(error).__name__
    path = record(error)
    where = f"the traceback is in {path}" if path else "its traceback could not be written anywhere"
    return f"internal error ({cause}); {where}", 1


def _at(error: OSError) -> str:
    return f" of {error.filename}" if error.filename else ""


def record(error: BaseException) -> Path | None:
    """Appends a traceback to the crash log and returns its path; None where no folder can be written."""
    text = f"--- {datetime.now(UTC).isoformat()}\n{''.join(traceback.format_exception(error))}\n"
    for folder in (folders.data_dir(), Path(tempfile.gettempdir())):
        path = folder / "crash.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            grown = path.exists() and path.stat().st_size > KEEP_BYTES
            with path.open("w" if grown else "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            return path
        except OSError:
            continue
    return None
