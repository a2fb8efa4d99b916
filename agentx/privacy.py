"""Which texts stem from the user's files, and whether one of them would leave in a query or an address.

A query goes to a search that the user has set up, so it may hold anything but private text. An address leads to whoever
wrote it, and there is no end of codes: where private text was read it has to be known as a whole, or be made of a known
host and the user's words.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from agentx import wording
from agentx.planner.claims.names import common_words
from agentx.planner.lexical import STOP

_LONGEST_CHARACTERS = 2_000
_OPAQUE_CHARACTERS = 20
_INNER_CHARACTERS = 6
"""From this length on, a private piece is known inside of a longer one, and in another code."""

_MOST_LITTLE = 2
"""So many short pieces of an address may be anything; more of them spell a word."""

_MOST_PUBLIC_CHARACTERS = 8 * 2**20
_FURNITURE = frozenset(("http", "https", "www", "com", "org", "net", "html", "htm", "php", "index"))
"""What most addresses are made of."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|//|www\.|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
_WITH_SCHEME = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://[^\s\"'`<>]+", re.IGNORECASE)
_NAME = re.compile(r"(?!www\.)[\w.-]+", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")


class Privacy:
    """What is private of a conversation, and what is not.

    Args:
        is_known_address: whether the user has named an address, or a search has found it.
    """

    def __init__(self, is_known_address: Callable[[str], bool]) -> None:
        self._is_known_address = is_known_address
        self._said: set[str] = set()
        self._private: set[str] = set()
        self._public: set[str] = set()
        self._pages: list[str] = []

    def say(self, text: str) -> None:
        self._said.update(wording.pieces(text))

    def add_private(self, text: str) -> None:
        self._private.update(wording.pieces(text))

    def add_public(self, text: str) -> None:
        """Words of strangers are no secret, unless they were one before; their figures may be a list to choose from."""
        self._public |= {piece for piece in wording.pieces(text) if piece.isalpha()} - self._private
        self._pages.append(text[:_MOST_PUBLIC_CHARACTERS])
        while sum(map(len, self._pages)) > _MOST_PUBLIC_CHARACTERS:
            del self._pages[0]

    def add_derived(self, text: str, arguments: Any) -> None:
        """Takes the result of a tool that reads nothing: what it makes of private text is private."""
        given = {piece for item in wording.texts(arguments) for piece in wording.pieces(item)}
        if any(map(_tells, given & self._private - self._said - self._public)):
            self.add_private(text)

    def in_text(self, text: str, program: str | None = None, *, asks: bool = False) -> str | None:
        """What would leave that is private in a text which goes to the outside; None if nothing would.

        Args:
            asks: the text is a query or an address; else only the addresses in it are looked at.
        """
        found = list(dict.fromkeys(addresses(text)))
        alone = asks and found == wording.tokens(text)
        for address in found:
            # What stands there alone is gone to, whether or not it looks like the name of a file.
            if leak := self.in_address(f"https://{address}" if alone and "//" not in address else address, program):
                return leak
        return self.in_query(text, program) if asks and not alone else None

    def in_query(self, text: str, program: str | None = None) -> str | None:
        """What of a query is private; None if nothing is.

        Args:
            program: the text of the program that asks; None where the model does.
        """
        if program is not None and text not in literals(program) and not self._is_apparent(text):
            return text[:40]
        return self._leak(text)

    def in_address(self, address: str, program: str | None = None) -> str | None:
        """What of an address is private, or cannot be told not to be; None if nothing is."""
        if (program is None and not self._private) or self._is_known_address(address):
            return None
        if _NAME.fullmatch(address):
            return self.in_query(address, program)  # a host, or a file of any name
        if leak := self._leak(address):
            return leak
        if any(wording.stands_in(address, page) for page in self._pages):
            return None
        if program is not None and not _is_written(address, literals(program)):
            return address[:40]
        return self._unknown_part(address) if self._private else None

    def _unknown_part(self, address: str) -> str | None:
        """What of an address is neither a host that is known nor a word of the user's."""
        host, _, rest = wording.address(address).partition("/")
        said = rest if self._is_apparent(host) else f"{host}/{rest}"
        unknown = [piece for piece in wording.pieces(wording.unescaped(said)) if piece not in self._said | _FURNITURE]
        telling = [piece for piece in unknown if not _says_little(piece)]
        return min(telling or unknown) if telling or len(unknown) > _MOST_LITTLE else None

    def _is_apparent(self, text: str) -> bool:
        """Whether the user or a page has it as it stands."""
        return self._is_known_address(text) or any(wording.stands_in(text, page) for page in self._pages)

    def _leak(self, text: str) -> str | None:
        if not self._private:
            return None
        if len(text) > _LONGEST_CHARACTERS:
            return f"{len(text)} characters, too many to look through"
        text = wording.unescaped(text)
        ignored = self._said | self._public | _FURNITURE
        found = {*wording.pieces(text)} - ignored
        if held := [piece for piece in found if (piece in self._private and _tells(piece)) or _is_opaque(piece)]:
            return min(held)
        return self._hidden(text, ignored)

    def _hidden(self, text: str, ignored: set[str] | frozenset[str]) -> str | None:
        """A private piece that is spelled out, run together with others, or written in another code."""
        private = {piece for piece in self._private - ignored if len(piece) >= _INNER_CHARACTERS}
        numbers = {piece for piece in self._private - ignored if piece.isdigit() and len(piece) > 2}
        for reading in wording.readings(text):
            left = [piece for piece in wording.pieces(reading) if len(piece) < 3 or piece not in ignored]
            joined = "".join(left)
            if inner := _inside(joined, private):
                return inner
            if inner := _inside("".join(filter(str.isdigit, joined)), numbers):
                return inner
        return None


def addresses(text: str) -> Iterator[str]:
    """The web addresses in a text: what looks like one by itself, and what has a scheme wherever it stands."""
    yield from (token for token in wording.tokens(text) if _ADDRESS.match(token))
    yield from (match[0].rstrip(wording.CLOSING) for match in _WITH_SCHEME.finditer(text))


@cache
def literals(program: str) -> frozenset[str]:
    """The texts that stand in a program as they are, pieces of formatted ones among them."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str
    )


def _is_written(address: str, written: frozenset[str]) -> bool:
    """Whether a program has an address as it stands, but for the number of a page at its end."""
    return address in written or re.sub(r"(?<!\d)\d{1,2}$", "", address) in written


def _inside(text: str, pieces: set[str]) -> str | None:
    for length in sorted({len(piece) for piece in pieces if len(piece) <= len(text)}):
        for start in range(len(text) - length + 1):
            if text[start : start + length] in pieces:
                return text[start : start + length]
    return None


def _tells(piece: str) -> bool:
    """Whether a piece says anything of its source: most texts share their short and common words, and the years."""
    if any(map(str.isdigit, piece)):
        return len(piece) > 1 and not _YEAR.fullmatch(piece)
    return len(piece) > 2 and piece not in STOP and piece not in common_words()


def _says_little(piece: str) -> bool:
    return len(piece) < 3 or bool(_YEAR.fullmatch(piece))


def _is_opaque(piece: str) -> bool:
    """Nobody can tell what a long run of letters and digits means."""
    return len(piece) >= _OPAQUE_CHARACTERS and any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))
