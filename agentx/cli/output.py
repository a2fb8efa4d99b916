"""stdout belongs to the answer: whatever else is printed meanwhile, by tools or libraries, goes to stderr."""

import contextlib
import json
import math
import os
import sys
from collections.abc import Generator, Mapping
from typing import Any, TextIO, cast

from agentx.cli.text import is_terminal, visible


class Answers:
    """Writes to the stdout that was there before it was taken."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = is_terminal(stream)

    def text(self, text: str) -> None:
        """One answer; only a terminal gets it without control characters, a file gets it as it is."""
        self.piece(f"{text}\n")

    def piece(self, text: str) -> None:
        """A part of an answer, as it is decoded."""
        self._stream.write(visible(text) if self._terminal else text)
        self._stream.flush()

    def json(self, value: Any) -> None:
        """One value on one line of valid JSON."""
        self._stream.write(to_line(value) + "\n")
        self._stream.flush()


@contextlib.contextmanager
def taken() -> Generator[Answers, None, None]:
    """Takes stdout, the descriptor too, so that what a tool's own subprocess prints goes to stderr as well."""
    real = sys.stdout
    with contextlib.ExitStack() as stack:
        stream = real
        if _descriptor(real) == 1:
            real.flush()
            saved = os.dup(1)
            os.dup2(2, 1)
            stream = open(saved, "w", encoding=real.encoding, errors="backslashreplace")  # noqa: PTH123, SIM115
            stack.callback(_close, stream)
            stack.callback(os.dup2, saved, 1)
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield Answers(stream)


def _close(stream: TextIO) -> None:
    """What is still buffered was refused before, and told of."""
    with contextlib.suppress(OSError):
        stream.close()


def to_line(value: Any) -> str:
    """Valid JSON on one line: no NaN, and what JSON does not know as text."""
    return json.dumps(_plain(value), allow_nan=False)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("list[Any]", value)]
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump(mode="json"))
    return str(value)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None
