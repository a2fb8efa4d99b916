"""Cuts growing Markdown into segments, each a widget of its own: what is done is never parsed or laid out again.

A segment ends at a blank line outside of code once it is long enough; code is closed and opened again where it runs on.
"""

import re

LONG_CHARACTERS = 1_200
LONG_LINES = 24
FORCED_CHARACTERS = 4_000
"""A paragraph without an end is cut here, at a space where there is one."""

_FENCE = re.compile(r" {0,3}(`{3,40}|~{3,40})(?![`~])(.{0,80})")


class Splitter:
    """Fed with pieces of text; `segments` depends on the whole text alone, not on how it was cut.

    Attributes:
        segments: Markdown of each segment; all but the last never change again.
    """

    def __init__(self) -> None:
        self.segments: list[str] = [""]
        self._lines = 0
        self._fence = ""
        self._line = ""

    def feed(self, text: str) -> None:
        while text:
            head, newline, text = text.partition("\n")
            self._add(head + newline)

    def _add(self, piece: str) -> None:
        """A piece of one line, perhaps its last."""
        while len(self.segments[-1]) + len(piece) > FORCED_CHARACTERS:
            room = FORCED_CHARACTERS - len(self.segments[-1])
            self._keep(piece[:room])
            self._cut_within_line()
            piece = piece[room:]
        self._keep(piece)
        if piece.endswith("\n"):
            self._end_of_line()

    def _keep(self, piece: str) -> None:
        self.segments[-1] += piece
        self._line += piece

    def _cut_within_line(self) -> None:
        last = self.segments[-1]
        space = last.rfind(" ", len(last) - len(self._line)) + 1
        place = space if space > len(last) - 200 and not self._fence else len(last)
        closing, opening = self._seam()
        self.segments[-1] = last[:place] + closing
        self.segments.append(opening + last[place:])
        self._lines = 0
        self._line = last[place:]

    def _end_of_line(self) -> None:
        line, self._line = self._line, ""
        self._lines += 1
        if match := _FENCE.fullmatch(line.rstrip("\n")):
            mark, info = match[1], match[2]
            if not self._fence:
                self._fence = line.rstrip("\n") if mark[0] == "~" or "`" not in info else ""
            elif mark[0] == self._mark[0] and len(mark) >= len(self._mark) and not info.strip():
                self._fence = ""
        segment = self.segments[-1]
        is_long = len(segment) > LONG_CHARACTERS or self._lines > LONG_LINES
        if (self._fence and self._lines > 4 * LONG_LINES) or (is_long and not self._fence and not line.strip()):
            closing, opening = self._seam()
            self.segments[-1] = segment + (closing.lstrip("\n") if closing else "")
            self.segments.append(opening)
            self._lines = 0

    @property
    def _mark(self) -> str:
        match = _FENCE.fullmatch(self._fence)
        return match[1] if match else "```"

    def _seam(self) -> tuple[str, str]:
        """What closes the code that a cut falls into, and what opens it again."""
        return (f"\n{self._mark}\n", f"{self._fence}\n") if self._fence else ("", "")


def split(text: str) -> list[str]:
    """The segments of a whole text."""
    splitter = Splitter()
    splitter.feed(text)
    return splitter.segments
