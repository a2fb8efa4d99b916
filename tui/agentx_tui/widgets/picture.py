"""The pictures of a call: each a line that names it and, where the terminal can, the picture below that."""

import contextlib
import fcntl
import io
import os
import struct
import sys
import termios
from collections.abc import Generator
from pathlib import Path
from typing import Any

from textual.containers import Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Static

from agentx.messages import ToolResult
from agentx.threads import in_thread
from agentx_tui import pictures
from agentx_tui.printable import line

ROOM = (72, 18)
"""Columns and rows that a picture takes at most."""


class Pictures(Vertical):
    """Filled once the call has ended; not there where it has no picture."""

    def __init__(self, way: pictures.Way) -> None:
        super().__init__()
        self._way = way
        self.display = False

    def show(self, workspace: Path, result: ToolResult) -> None:
        """Looks for the pictures of a result, beside the screen."""
        if names := pictures.named(result):
            self.run_worker(self._look(workspace, names), exclusive=True)

    async def _look(self, workspace: Path, names: list[str]) -> None:
        shown: list[Widget] = []
        for name in names:
            try:
                found = await in_thread(lambda name=name: pictures.load(workspace, name), name="agentx-picture")
            except pictures.NotShown as reason:
                shown.append(self._told(f"{line(name, 80)} {line(str(reason), 120)}", "$warning"))
            else:
                if found is not None:
                    size = f"  {found.width:,} x {found.height:,}"
                    shown += [self._told(line(name, 80), "$foreground 75%", size), *self._drawn(found)]
        with contextlib.suppress(NoMatches):
            await self.remove_children()
            await self.mount_all(shown)
            self.display = bool(shown)

    def _told(self, text: str, style: str, rest: str = "") -> Static:
        return Static(Content.assemble((text, style), (rest, "$foreground 45%")), classes="picture-name")

    def _drawn(self, picture: pictures.Picture) -> list[Widget]:
        if self._way == "off":
            return []
        room = (min(ROOM[0], max(self.app.size.width - 8, 8)), min(ROOM[1], max(self.app.size.height // 2, 4)))
        columns, rows = pictures.cells(picture.width, picture.height, room)
        try:
            widget = _widgets()[self._way](picture.image, classes="picture")
        except ModuleNotFoundError:  # the name of it is still of use
            return []
        widget.styles.width, widget.styles.height = columns, rows
        return [widget]


def way_of(app: Any) -> pictures.Way:
    """How the app's terminal gets pictures."""
    chosen = app.preferences
    return pictures.way(chosen.pictures, os.environ, chosen.ascii)


def _widgets() -> dict[str, Any]:
    """For each way the widget of textual-image, imported without the questions that it asks a terminal."""
    with _unasked():
        from textual_image.widget import HalfcellImage, SixelImage, TGPImage
    return {"kitty": TGPImage, "sixel": SixelImage, "blocks": HalfcellImage}


@contextlib.contextmanager
def _unasked() -> Generator[None]:
    """Whoever looks whether stdout is a terminal finds none: the answer to a question would come as typed text.

    How large a cell is, in pixels, is said in the way that it looks for where there is no terminal.
    """
    if "textual_image.widget" in sys.modules:
        yield
        return
    terminal = sys.__stdout__
    for name, pixels in zip(("TEXTUAL_CELL_WIDTH", "TEXTUAL_CELL_HEIGHT"), _cell_pixels(terminal), strict=False):
        os.environ.setdefault(name, str(pixels))
    sys.__stdout__ = io.StringIO()  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stdout__ = terminal  # type: ignore[misc]


def _cell_pixels(terminal: Any) -> tuple[int, ...]:
    """Width and height of a cell; nothing where the terminal does not tell."""
    try:
        rows, columns, width, height = struct.unpack(
            "HHHH", fcntl.ioctl(terminal.fileno(), termios.TIOCGWINSZ, bytes(8))
        )
        return (width // columns, height // rows) if width and height else ()
    except (OSError, AttributeError, ValueError, ZeroDivisionError):
        return ()
