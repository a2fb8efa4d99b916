"""Which texts stem from the user's files, and whether one of them would leave in a query or an address.

A query goes to a search that the user has set up, so it may hold anything but private text. An address leads to whoever
wrote it, and there is no end of codes: where private text was read it has to be known as a whole, or be made of a known
host and the user's words.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from agentx import wording
from agentx.planner.claims.names import common_words
from agentx.planner.lexical import STOP

_LONGEST_CHARACTERS = 2_000
_OPAQUE_CHARACTERS = 20
_INNER_CHARACTERS = 6
"""From this length on, a private piece is known inside of a longer one, and in another code."""

_MOST_LITTLE = 2
"""So many short pieces in all addresses of a host may be anything; more of them spell a word."""

_MOST_ADDRESSES = 200
_LONGEST_PROGRAM_CHARACTERS = 200_000
_FOREIGN = """
der die das den dem des und oder ist sind war ein eine einen einer mit von vom zum zur auf aus bei fur nach nicht
auch als wie was wer les des une dans avec pour sur est sont par que qui pas mais del los las una con por para como
che non per een het van voor met
"""
_STOP = STOP | frozenset(_FOREIGN.split())

_MOST_PUBLIC_CHARACTERS = 8 * 2**20
_FURNITURE = frozenset(("http", "https", "www", "com", "org", "net", "html", "htm", "php", "index"))
"""What most addresses are made of."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|//|www\.|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
_WITH_SCHEME = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://[^\s\"'`<>]+", re.IGNORECASE)
_LEADS = re.compile(r"[/@\\]|[.。．｡:]\w")
_NAME = re.compile(r"(?!www\.)[\w.-]+", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_ALONE = re.compile(r"(?<!\w)(?:19|20)\d\d(?!\w)")


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
        self._little: dict[str, set[str]] = {}
        self._counted: dict[str, int] = {}
        self._lengths: set[int] = set()
        self._figures: set[int] = set()

    def say(self, text: str) -> None:
        self._said.update(wording.pieces(text))

    def add_private(self, text: str) -> None:
        new = set(wording.pieces(text)) - self._private
        self._private |= new
        self._lengths.update(len(piece) for piece in new if len(piece) >= _INNER_CHARACTERS)
        self._figures.update(len(piece) for piece in new if piece.isdigit() and len(piece) > 2)

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
        if len(found) > _MOST_ADDRESSES and (self._private or program is not None):
            return f"{len(found)} addresses, too many to look through"
        tokens = wording.tokens(text)
        if asks and not found and len(tokens) == 1 and _LEADS.search(tokens[0]):
            found = tokens  # a tool may put the scheme before it
        alone = asks and found == tokens
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
        if program is not None and not self._is_written(address, literals(program)):
            return address[:40]
        return self._unknown_part(address) if self._private else None

    def _unknown_part(self, address: str) -> str | None:
        """What of an address is neither a host that is known nor a word of the user's."""
        host, _, rest = wording.address(address).partition("/")
        said = rest if self._is_apparent(host) else f"{host}/{rest}"
        ignored = _Any(self._said, _FURNITURE)
        unknown = {piece for piece in wording.pieces(wording.unescaped(said)) if piece not in ignored}
        if telling := [piece for piece in unknown if not _says_little(piece)]:
            return min(telling)
        spelled = self._little.get(host, set()) | unknown
        if len(spelled) > _MOST_LITTLE:
            return min(spelled)
        self._little[host] = spelled
        return None

    def _is_written(self, address: str, written: frozenset[str]) -> bool:
        """Whether a program has an address as it stands, or counts at its end: 1, 2, 3."""
        if address in written:
            return True
        counted = re.fullmatch(r"(.*[?&/=_-])(\d{1,3})", address, re.DOTALL)
        if counted is None or counted[1] not in written:
            return False
        number = int(counted[2])
        last = self._counted.get(counted[1], max(number - 1, 0) if number < 3 else 0)
        if number not in (last, last + 1):
            return False
        self._counted[counted[1]] = number
        return True

    def _is_apparent(self, text: str) -> bool:
        """Whether the user or a page has it as it stands."""
        return self._is_known_address(text) or any(wording.stands_in(text, page) for page in self._pages)

    def _leak(self, text: str) -> str | None:
        if not self._private:
            return None
        if len(text) > _LONGEST_CHARACTERS:
            return f"{len(text)} characters, too many to look through"
        text = wording.unescaped(text)
        ignored = _Any(self._said, self._public, _FURNITURE)
        found = {piece for piece in wording.pieces(text) if piece not in ignored}
        if held := [piece for piece in found if (piece in self._private and _tells(piece)) or _is_opaque(piece)]:
            return min(held)
        return self._hidden(text, ignored)

    def _hidden(self, text: str, ignored: "_Any") -> str | None:
        """A private piece that is spelled out, run together with others, or written in another code."""
        text = _YEAR_ALONE.sub(" ", text)  # else it is turned round, or found to hold another figure

        def is_secret(piece: str) -> bool:
            return piece in self._private and piece not in ignored and _tells(piece)

        for reading in wording.readings(text):
            left = [piece for piece in wording.pieces(reading) if len(piece) < 3 or piece not in ignored]
            joined = "".join(left)
            if inner := _inside(joined, self._lengths, is_secret):
                return inner
            if inner := _inside("".join(filter(str.isdigit, joined)), self._figures, is_secret):
                return inner
        return None


class _Any:
    """What is in one of some sets; to unite them takes as long as a conversation is."""

    def __init__(self, *sets: set[str] | frozenset[str]) -> None:
        self._sets = sets

    def __contains__(self, piece: str) -> bool:
        return any(piece in one for one in self._sets)


def addresses(text: str) -> Iterator[str]:
    """The web addresses in a text: what looks like one by itself, and what has a scheme wherever it stands."""
    yield from (token for token in wording.tokens(text) if _ADDRESS.match(token))
    yield from (match[0].rstrip(wording.CLOSING) for match in _WITH_SCHEME.finditer(text))


@lru_cache(16)
def literals(program: str) -> frozenset[str]:
    """The texts that stand in a program as they are, pieces of formatted ones among them."""
    if len(program) > _LONGEST_PROGRAM_CHARACTERS:
        return frozenset()
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str
    )


def _inside(text: str, lengths: set[int], is_secret: Callable[[str], bool]) -> str | None:
    for length in sorted(length for length in lengths if length <= len(text)):
        for start in range(len(text) - length + 1):
            if is_secret(piece := text[start : start + length]):
                return piece
    return None


def _tells(piece: str) -> bool:
    """Whether a piece says anything of its source: most texts share their short and common words, and the years."""
    if any(map(str.isdigit, piece)):
        return len(piece) > 1 and not _YEAR.fullmatch(piece)
    if ord(piece[0]) >= wording.CJK:
        return len(piece) > 1
    return len(piece) > 2 and piece not in _STOP and piece not in common_words()


def _says_little(piece: str) -> bool:
    return len(piece) < 3 or bool(_YEAR.fullmatch(piece))


def _is_opaque(piece: str) -> bool:
    """Nobody can tell what a long run of letters and digits means."""
    return len(piece) >= _OPAQUE_CHARACTERS and any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))
