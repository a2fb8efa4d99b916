"""Where the texts of a conversation come from: the user, strangers, the user's files.

Text of strangers (the web, foreign servers) taints the conversation: from then on a model may do what they wrote and
not what the user wants. What is the user's own word, and what a search has found, is known by comparing texts, never
by asking the model. The idea of labels that follow the data and are judged at the sinks is that of information flow
control; for agents see Debenedetti et al., "Defeating Prompt Injections by Design" (CaMeL, 2025,
https://arxiv.org/abs/2503.18813), and Costa et al., "Securing AI Agents with Information-Flow Control" (FIDES, 2025,
https://arxiv.org/abs/2505.23643).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from agentx import wording
from agentx.messages import ToolCall, ToolResult
from agentx.planner.lexical import STOP
from agentx.tool import Tool

_OPAQUE_CHARACTERS = 20
_INNER_CHARACTERS = 6
"""From this length on, a private piece is known inside of a longer one, and in another code."""

_FURNITURE = frozenset(("http", "https", "www", "com", "org", "net", "html", "htm", "php", "index"))
"""What most addresses are made of."""


class Provenance:
    """What a conversation has read and from whom.

    Attributes:
        tainted: text of strangers was read.
    """

    def __init__(self) -> None:
        self.tainted = False
        self._said: set[str] = set()
        self._addresses: set[str] = set()
        self._public: set[str] = set()
        self._private: set[str] = set()
        self._files: set[str] = set()

    def said(self, text: str) -> None:
        """Takes the user's own words."""
        self._said.update(wording.words(wording.undated(text)))
        self._public.update(wording.pieces(text))

    def take(self, tool: Tool, call: ToolCall, result: ToolResult) -> ToolResult:
        """Takes what a call has brought; the result as it is to be kept, marked where it may be text of strangers."""
        may = tool.capabilities
        strangers = result.untrusted or "ingests_untrusted" in may
        # A program may have read any file. What is made of private text is private, but not word of a write.
        if may & {"reads_private", "executes"} or ("writes" not in may and self._copied(call.arguments, None)):
            self._private.update(wording.pieces(result.text))
        elif strangers:
            # A program gets more of a result than the model is shown.
            self._public.update(wording.pieces(result.text if result.full_text is None else result.full_text))
        # A name with room for words in it is no address: whoever gave it may have written a letter.
        for address in (address for address in result.addresses if len(address.split()) == 1):
            self._addresses.update(wording.words(address))
        self.tainted = self.tainted or strangers
        if self.tainted:
            strangers = strangers or "executes" in may or self._names_tainted_file(call)
            self._files.update(result.changed)
        return replace(result, untrusted=strangers)

    def foreign(self, tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
        """Names of the arguments that hold text which is neither the user's words nor an address that a search found.

        Numbers, dates and times of day are no text: they may be wrong, but lead nowhere and say nothing.
        """
        properties = cast("Mapping[str, Any]", tool.parameters.get("properties", {}))
        return [
            name
            for name, value in arguments.items()
            if not (_offered(properties.get(name), value) or self._is_owned_text(value))
        ]

    def private_text(self, value: Any, program: str | None = None) -> str | None:
        """A piece of the value that stems from the user's files and from nowhere else; None if there is none.

        Args:
            program: the text of the program that makes the call. It may have read any file: what is neither in its own
                text nor in what the user and the web have said may be anything.
        """
        return self._copied(value, program) or self._hidden(_text(value))

    def _is_owned_text(self, value: Any) -> bool:
        if isinstance(value, int | float | None):
            return True
        if isinstance(value, list):
            return all(map(self._is_owned_text, cast("list[Any]", value)))
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return all(self._is_owned_text(key) and self._is_owned_text(item) for key, item in items)
        return all(word in self._said or word in self._addresses for word in wording.words(wording.undated(value)))

    def _copied(self, value: Any, program: str | None) -> str | None:
        if not self._private and program is None:
            return None
        written = {*wording.pieces(program or "")}
        for word in wording.words(value):
            if word in self._addresses:
                continue
            found = {*wording.pieces(wording.unescaped(word))} - self._public - _FURNITURE
            if program is not None and (computed := found - written):
                return min(computed)
            if held := [piece for piece in found if (piece in self._private and _tells(piece)) or _is_opaque(piece)]:
                return min(held)
        return None

    def _hidden(self, text: str) -> str | None:
        """A private piece that is spelled out, run together with others, or written in another code."""
        private = [piece for piece in self._private - self._public if len(piece) >= _INNER_CHARACTERS]
        if not private:
            return None
        text = wording.unescaped(text)
        for reading in (text, *wording.readings(text)):
            left = [piece for piece in wording.pieces(reading) if len(piece) < 3 or piece not in self._public]
            joined = "".join(left)
            if found := next((piece for piece in private if piece in joined), None):
                return found
        return None

    def _names_tainted_file(self, call: ToolCall) -> bool:
        return any(value in self._files for value in call.arguments.values() if isinstance(value, str))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _tells(piece: str) -> bool:
    """Whether a piece says anything of its source: most texts share their short words."""
    return len(piece) > 1 if any(map(str.isdigit, piece)) else len(piece) > 2 and piece not in STOP


def _is_opaque(piece: str) -> bool:
    """Nobody can tell what a long run of letters and digits means."""
    return len(piece) >= _OPAQUE_CHARACTERS and any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))


def _offered(schema: Any, value: Any) -> bool:
    """Whether the value is one that the tool itself offers: its default, or one of an enumeration."""
    if not isinstance(schema, Mapping):
        return False
    known = cast("Mapping[str, Any]", schema)
    if value in known.get("enum", ()) or ("const" in known and known["const"] == value):
        return True
    if "default" in known and known["default"] == value:
        return True
    if isinstance(value, list) and value and "items" in known:
        return all(_offered(known["items"], item) for item in cast("list[Any]", value))
    return any(_offered(one, value) for key in ("anyOf", "oneOf") for one in known.get(key, ()))
