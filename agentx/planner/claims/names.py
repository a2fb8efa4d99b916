"""Names of a text: capitalised words and runs of them that are neither sentence starts nor common words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
_PARTICLES = frozenset(["of", "van", "von", "de", "der", "den", "del", "da", "di", "du", "la", "le", "al", "bin"])
_SENTENCE_START = re.compile(r"(?:^|[.!?:;\n•|>\u2026])[\s\"'’“”„«»*_#>-]*$")
_ABBREVIATION = re.compile(
    r"(?:(?<!\w)(?:[^\W\d_]|Dr|Mrs?|Ms|Prof|Sta?|No|vs|Inc|Ltd|Jr|Sr|approx|ca|e\.g|i\.e))\.\s*$", re.IGNORECASE
)
_LABEL = re.compile(r"^[^\w\n]*([^\W\d_][^\s:.!?]*(?: [^\s:.!?]+){0,3})\**:", re.MULTILINE)
_HEADING = re.compile(r"^\s*#+\s.*$", re.MULTILINE)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|nicht|ein|eine|mit|für|auf|sind|wurde)\b")


@dataclass(frozen=True, slots=True)
class Name:
    """A name at its place in a text.

    Attributes:
        words: its words, particles left out; those of a sentence's first place too, unless they are common.
        firm: its words that must be names, being capitalised in the middle of a sentence.
    """

    start: int
    end: int
    words: tuple[str, ...]
    firm: tuple[str, ...]


def names(text: str) -> list[Name]:
    """The names of a text, in order; none in a text whose capitals mark no names (German, or titles)."""
    words = [word for word in _WORD.finditer(text) if not _in_heading(text, word)]
    if not _capitals_mark_names(text, words):
        return []
    return [name for run in _runs(text, words) if (name := _as_name(text, run))]


def _runs(text: str, words: list[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    """Neighbours that are capitalised, with particles between them, nothing but a blank apart."""
    run: list[re.Match[str]] = []
    waiting: list[re.Match[str]] = []
    for word in words:
        beside = bool(run) and re.fullmatch(r"\.?[ \u00a0]", text[(waiting or run)[-1].end() : word.start()])
        if beside and _is_start(text, word):
            beside = None
        if _is_capitalised(word[0]):
            if beside:
                run += [*waiting, word]
            else:
                if run:
                    yield run
                run = [word]
            waiting = []
        elif beside and word[0] in _PARTICLES and len(waiting) < 2:
            waiting.append(word)
        elif run:
            yield run
            run, waiting = [], []
    if run:
        yield run


def _as_name(text: str, run: list[re.Match[str]]) -> Name | None:
    while run and _is_common(run[0][0]):
        run = run[1:]
    while run and _is_common(run[-1][0]):
        run = run[:-1]
    if not run:
        return None
    capitalised = [word for word in run if _is_capitalised(word[0]) and not _is_common(word[0])]
    firm = [word for word in capitalised if not _is_start(text, word)]
    return Name(run[0].start(), run[-1].end(), tuple(_parts(capitalised)), tuple(_parts(firm)))


def _parts(words: list[re.Match[str]]) -> Iterator[str]:
    for word in words:
        parts = [part for part in re.split(r"['’-]|(?<=[a-z])(?=[A-Z])", word[0]) if len(part) > 1]
        yield from (part for part in parts if part[0].isupper() or len(parts) == 1)


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() or any(character.isupper() for character in word)


def _is_common(word: str) -> bool:
    bare = re.sub(r"['’]\w{1,2}$", "", word).lower()
    return len(bare) == 1 or bare in common_words()


@cache
def common_words() -> frozenset[str]:
    """Words that may be capitalised and name nobody."""
    text = resources.files("agentx.planner.claims").joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def _is_start(text: str, word: re.Match[str]) -> bool:
    """Whether the word begins a sentence, a line, a label's text or an item of a list."""
    cut = max(0, word.start() - 40)
    before = ("x" if cut else "") + text[cut : word.start()]  # what was cut off must not look like a beginning
    return bool(_SENTENCE_START.search(before)) and not _ABBREVIATION.search(before)


def _in_heading(text: str, word: re.Match[str]) -> bool:
    """Whether the word is of a heading or of a label (`Total Cost: 5`), where capitals are style."""
    line_start = text.rfind("\n", 0, word.start()) + 1
    heading = _HEADING.match(text, line_start)
    label = _LABEL.match(text, line_start)
    return bool(heading and word.end() <= heading.end()) or bool(label and word.end() <= label.end(1))


def _capitals_mark_names(text: str, words: list[re.Match[str]]) -> bool:
    if len(set(_GERMAN.findall(text))) > 1:
        return False
    inner = [word for word in words if not _is_start(text, word) and not _is_common(word[0])]
    capitalised = [word for word in inner if word[0][0].isupper()]
    return len(inner) < 12 or len(capitalised) <= 0.6 * len(inner)
