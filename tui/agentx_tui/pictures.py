"""Pictures that a call has made or names: which they are, and what of them a card can hold. Knows no widgets.

Only files of the workspace are opened, and nothing is fetched. A file may be a bomb, a few bytes that unfold to
gigabytes: its size and the size that it declares are held against a limit before a pixel of it is decoded.
"""

import os
import re
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentx.messages import ToolResult

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PICTURES = 3
"""Of one call."""
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
SHOWN_PIXELS = (960, 640)
"""To which a picture is brought down: more a terminal does not show."""
MAX_TEXT = 20_000
"""Characters of a result in which names are looked for."""

_one_at_a_time = threading.Lock()
"""A picture takes up to 160 MB while it is decoded, and a session that is opened again may show many of them."""

Way: TypeAlias = Literal["kitty", "sixel", "blocks", "off"]
"""How a picture is drawn; `blocks` are half a cell each and need colours alone."""

_ENDINGS = (".png", ".jpg", ".jpeg")
_SIGN = r"[^\s\"'`<>|:*?()\[\]{},;]"
# From the beginning of a word alone: from each of its signs, a result of dots would be half a second of work.
_NAME = re.compile(rf"(?<!{_SIGN}){_SIGN}{{1,200}}\.(?:png|jpe?g)\b", re.IGNORECASE)
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)
"""The tag of EXIF, and its values for a picture whose height and width have changed places."""
_KITTY = {"TERM": ("xterm-kitty", "xterm-ghostty"), "TERM_PROGRAM": ("ghostty",)}
_SIXEL = {"TERM": ("foot", "mlterm", "contour"), "TERM_PROGRAM": ("WezTerm", "iTerm.app"), "WT_SESSION": ("",)}


class NotShown(Exception):
    """Why a picture cannot be shown, in a few words that follow its name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the workspace, brought down and upright; `width` and `height` are the whole one's, in pixels."""

    name: str
    image: "Image"
    width: int
    height: int


def named(result: ToolResult) -> list[str]:
    """The names of the pictures to look for: those of files that the call has changed, then those in its result.

    A result that names many is a list of files, and shows none of them.
    """
    if not result.ok:
        return []
    changed = [path for path in result.changed if path.lower().endswith(_ENDINGS)]
    told = list(dict.fromkeys(_NAME.findall(result.text[:MAX_TEXT])))
    return list(dict.fromkeys([*changed, *(told if len(told) <= MAX_PICTURES else ())]))[:MAX_PICTURES]


def load(workspace: Path, name: str) -> Picture | None:
    """The picture; None where the workspace has no such file.

    Raises:
        NotShown: it is too large, is broken, or the library for it is missing.
    """
    place = _within(workspace, name)
    if place is None:
        return None
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise NotShown("needs `pip install 'agentx-local[pictures]'` to be shown") from None
    try:
        with _one_at_a_time, open(os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:  # noqa: PTH123
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None
            if found.st_size > MAX_BYTES:
                raise NotShown(f"has {found.st_size / 1e6:.0f} MB, and {MAX_BYTES / 1e6:.0f} at most are shown")
            with Image.open(file, formats=("PNG", "JPEG")) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise NotShown(f"has {width:,} x {height:,} pixels, which is too much to be shown")
                picture.draft("RGB", SHOWN_PIXELS)
                picture.thumbnail(SHOWN_PIXELS)
                upright, turned = _upright(picture)
                return Picture(name, upright.convert("RGBA"), *((height, width) if turned else (width, height)))
    except NotShown:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotShown("has too many pixels to be shown") from None
    # Decoders raise whatever they like at bytes that they did not expect.
    except Exception as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise NotShown(f"cannot be shown ({cause:.80})") from None


def _upright(picture: "Image") -> "tuple[Image, bool]":
    """A camera that was held sideways says so, instead of turning the pixels; also whether the sides changed places."""
    from PIL import ImageOps

    try:
        turned = picture.getexif().get(_ORIENTATION) in _SIDEWAYS
        return ImageOps.exif_transpose(picture), turned
    except Exception:  # what it says of itself is broken, and the picture is not
        return picture, False


def _within(workspace: Path, name: str) -> Path | None:
    """Where the file is, if it is one and lies in the workspace, links followed."""
    try:
        root = workspace.resolve()
        place = (root / name).resolve()
        return place if place.is_relative_to(root) and place.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def way(wanted: str, environment: Mapping[str, str], ascii_only: bool) -> Way:
    """How this terminal gets pictures. It is not asked, since while the screen is open its answer would be typed text.

    Args:
        wanted: of the preferences: a way, or `auto`.
    """
    if wanted in ("kitty", "sixel", "blocks", "off"):
        return wanted
    if ascii_only or environment.get("NO_COLOR"):
        return "off"
    # A multiplexer passes neither on, whatever terminal it runs in; a browser's knows neither.
    if environment.get("TMUX") or environment.get("STY") or environment.get("TERM_PROGRAM") == "textual":
        return "blocks"
    if _is_one(environment, _KITTY):
        return "kitty"
    return "sixel" if _is_one(environment, _SIXEL) else "blocks"


def _is_one(environment: Mapping[str, str], known: Mapping[str, tuple[str, ...]]) -> bool:
    return any(
        environment[name].startswith(begin) for name, begins in known.items() if name in environment for begin in begins
    )


def cells(width: int, height: int, room: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of a picture in a room of so many; a cell is taken to be twice as high as wide.

    A small picture is not blown up beyond a pixel a column.
    """
    columns = min(room[0], width)
    rows = height * columns / width / 2
    if rows > room[1]:
        columns, rows = columns * room[1] / rows, room[1]
    return max(1, round(columns)), max(1, round(rows))
