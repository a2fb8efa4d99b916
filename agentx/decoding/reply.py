"""A reply as it grows: tokens to text, piece by piece, with stop strings and a guard against running away."""

import codecs
from collections.abc import Callable, Sequence

from agentx.model import Fragment

_LONGEST_PERIOD = 32
_RUNAWAY_TOKENS = 96


class Reply:
    """Collects a reply's tokens; says which text may be shown and when a stop string ended it.

    Args:
        piece: bytes of a token.
        stops: strings that end the reply and are not part of it.
    """

    def __init__(self, piece: Callable[[int], bytes], stops: Sequence[str] = ()) -> None:
        self._piece = piece
        self._stops = [stop for stop in stops if stop]
        self._held = max((len(stop) for stop in self._stops), default=1) - 1
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._shown = 0
        self.tokens: list[int] = []
        self.text = ""
        self.stopped = False

    def add(self, token: int) -> str:
        """Takes a token and returns the text that may be shown since the last call."""
        self.tokens.append(token)
        start = max(0, len(self.text) - self._held)
        self.text += self._decoder.decode(self._piece(token))
        ends = [end for stop in self._stops if (end := self.text.find(stop, start)) >= 0]
        if ends:
            self.stopped = True
            self.text = self.text[: min(ends)]
            return self._show(len(self.text))
        return self._show(len(self.text) - self._held)

    def flush(self) -> str:
        """What was held back, at the end of a reply that no stop string ended."""
        if not self.stopped:
            self.text += self._decoder.decode(b"", final=True)
        return self._show(len(self.text))

    def _show(self, end: int) -> str:
        shown = self.text[self._shown : max(end, self._shown)]
        self._shown += len(shown)
        return shown

    def fragments(self) -> tuple[Fragment, ...]:
        """The reply for the next prompt: whole tokens as decoded, and as text what a stop string cut out of one."""
        if not self.stopped:
            return (Fragment(self.text, tokens=tuple(self.tokens)),) if self.tokens else ()
        wanted = self.text.encode()
        kept = 0
        length = 0
        while kept < len(self.tokens) and length + len(self._piece(self.tokens[kept])) <= len(wanted):
            length += len(self._piece(self.tokens[kept]))
            kept += 1
        whole, rest = wanted[:length].decode(errors="replace"), wanted[length:].decode(errors="replace")
        parts = (Fragment(whole, tokens=tuple(self.tokens[:kept])), Fragment(rest))
        return tuple(part for part in parts if part.text)

    def ran_away(self) -> bool:
        """True when the last tokens only repeat a short period: a small model's endless loop."""
        tail = self.tokens[-_RUNAWAY_TOKENS:]
        if len(tail) < _RUNAWAY_TOKENS or len(self.tokens) % 8:
            return False
        return any(tail[period:] == tail[:-period] for period in range(1, _LONGEST_PERIOD + 1))
