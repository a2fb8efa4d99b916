"""Secrets of well-known formats taken out of text before it is kept, and what stands in their place: what they were.

The formats are those that secret scanners agree on, each with a mark of its own (`ghp_`, `-----BEGIN`), so that
ordinary text is never touched. A secret without such a mark, a plain password, is not known for one.
"""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class _Format:
    """A kind of secret: `marks` are texts one of which each such secret has; group `secret` is what is taken out."""

    name: str
    marks: tuple[str, ...]
    pattern: str
    near: str | None = None
    """Where a mark is frequent: finds it in JSON that holds such a secret, quickly."""


# When first needed: whoever imports this module may keep nothing.
_compiled = functools.cache(re.compile)


_BEGINS = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Before a token: nothing that it could be a part of. In a literal the letter of an escape is none."""


def _token(name: str, pattern: str, *marks: str) -> _Format:
    return _Format(name, marks, rf"{_BEGINS}(?P<secret>{pattern})(?![A-Za-z0-9])")


_BODY = r"(?:\r?\n[ \t]*|[A-Za-z0-9+/=,.\\]|: ?|-(?!----))"
"""Of a private key: lines of base64, and of what PEM says before them."""
_HEAD = r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_VALUE = r"[A-Za-z0-9._~+/=-]"

_FORMATS = (
    _Format(
        "private key",
        (" PRIVATE KEY",),
        rf"(?P<secret>{_HEAD}(?={_BODY}{{40}}){_BODY}*+(?:-----END [A-Z0-9 ]{{1,80}}-----)?)",
    ),
    _token("AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}", "AKIA", "ASIA", "ABIA", "ACCA"),
    _Format(
        "AWS secret key",
        ("ecret_access_key", "ECRET_ACCESS_KEY", "ecretAccessKey"),
        r"(?i)secret_?access_?key[\"']?\s{0,4}[=:]\s{0,4}[\"']?(?P<secret>[A-Za-z0-9/+=]{40})(?![\w/+=])",
    ),
    _token("github token", r"gh[pousr]_[A-Za-z0-9]{36,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("github token", r"github_pat_[A-Za-z0-9_]{22,255}", "github_pat_"),
    _token("gitlab token", r"glpat-[A-Za-z0-9_-]{20,255}", "glpat-"),
    _token("slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,255}", "xox"),
    _Format(
        "slack webhook",
        ("hooks.slack.com",),
        r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_-]{20,255})",
    ),
    _token("google key", r"AIza[A-Za-z0-9_-]{35}", "AIza"),
    _token("google token", r"ya29\.[A-Za-z0-9_-]{20,2048}", "ya29."),
    _token("google secret", r"GOCSPX-[A-Za-z0-9_-]{28}", "GOCSPX-"),
    _token("JSON web token", r"(?<![_-])eyJ[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}", "eyJ"),
    _token("stripe key", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}", "k_live_", "k_test_"),
    # Names of CSS classes begin so, too: all in small letters.
    _token(
        "API key",
        r"sk-(?=[A-Za-z0-9_-]{0,255}[0-9])(?=[A-Za-z0-9_-]{0,255}[A-Z]|[a-z0-9-]{0,12}[0-9a-f]{32})[A-Za-z0-9_-]{20,255}",
        "sk-",
    ),
    _token("hugging face token", r"hf_[A-Za-z0-9]{34,64}", "hf_"),
    _token("npm token", r"npm_[A-Za-z0-9]{36}", "npm_"),
    _token("PyPI token", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,255}", "pypi-AgEI"),
    _Format(
        "authorization",
        ("earer", "EARER", "uthorization", "UTHORIZATION"),
        (
            r"(?i)\b(?:authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:basic|token)|bearer)\s{1,4}"
            rf"(?P<secret>(?={_VALUE}*[0-9]){_VALUE}{{16,}})"
        ),
    ),
    _Format(
        "password",
        ("://",),
        r"://[^\s/:@?#\"'<>]{0,100}:(?P<secret>[^\s/@?#\"'<>]{1,200})@",
        near=r"://[^\s/:@?#\"'<>]{0,600}:[^\s/@?#\"'<>]{1,1200}@",
    ),
)

_MARKS = tuple((mark, item.near) for item in _FORMATS for mark in item.marks)

# What may become a secret by the text that comes next: the whole mark is there, and nothing yet that would end it.
_OPEN = (
    rf"{_BEGINS}(?:AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|glpat-|xox|AIza|GOCSPX-|[sr]k_(?:live|test)_"
    r"|sk-|hf_|npm_|pypi-AgEI)[A-Za-z0-9_-]{0,300}\Z"
    rf"|{_BEGINS}ya29\.[A-Za-z0-9_-]{{0,2048}}\Z"
    rf"|{_BEGINS}(?<![_-])eyJ(?:[A-Za-z0-9_-]*+\.){{0,2}}[A-Za-z0-9_-]*+\Z"
    r"|hooks\.slack\.com/[A-Za-z0-9/_-]{0,300}\Z"
    r"|://[^\s/?#\"'<>]{0,310}\Z"
    r"|(?i:secret_?access_?key|authorization|bearer)[\"']?\s{0,4}[:=]?\s{0,4}[\"']?(?:(?i:basic|token|bearer)\s{0,4})?"
    rf"{_VALUE}{{0,300}}\Z"
    rf"|-----BEGIN [A-Z0-9 ]{{0,80}}(?:-{{0,5}}|-----{_BODY}*+(?:-{{0,5}}|-----(?:EN?|END[A-Z0-9 ]{{0,80}}-{{0,4}})))\Z"
)
_TAKEN = rf"\[redacted: (?P<name>{'|'.join(dict.fromkeys(item.name for item in _FORMATS))})\]"
_CONTEXT = 100
"""Characters of what was written already that tell whether the next piece goes on with a mark."""
_MAX_HELD = 64 * 1024


def redact(text: str) -> str:
    """The text with `[redacted: github token]` and the like in place of each secret."""
    return _without(text, 0) if _may_hold(text) else text


def secrets_in(text: str) -> list[tuple[int, int, str]]:
    """The secrets in a text, in order: where each begins and ends, and what it is; those that overlap are all told."""
    return sorted(_found(text)) if _may_hold(text) else []


def beginning(text: str, characters: int) -> str:
    """The first characters of a text, at most so many, that end in no part of a secret."""
    return text[: cuts(text, characters)[0]] if len(text) > characters else text


def cuts(text: str, at: int) -> tuple[int, int]:
    """The nearest places before and after one where a cut leaves each secret whole, with the words that tell it so.

    A part of a secret has none of its marks, and would be taken for ordinary text.
    """
    first = max(at - _MAX_HELD, 0)
    near = text[first : at + _MAX_HELD]
    spans = [(first + match.start(), first + match.end()) for _, match in _matches(near)] if _may_hold(near) else []
    before = after = at
    for begin, end in sorted(spans, reverse=True):
        before = begin if begin < before < end else before
    for begin, end in sorted(spans, key=lambda span: span[1]):
        after = end if begin < after < end else after
    return before, after


def redact_value(value: Any) -> Any:
    """A JSON value with each text in it redacted, keys too."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redact_value(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, item in cast("dict[str, Any]", value).items():
        name = free = redact(key)
        number = 2
        while free in found:
            free, number = f"{name} {number}", number + 1
        found[free] = redact_value(item)
    return found


def redacted_in(value: Any) -> str | None:
    """What was taken out of a text of a JSON value, such as "github token"; None where nothing was."""
    found = _compiled(_TAKEN).search(json.dumps(value, default=str))
    return found and found["name"]


def redact_json(text: str) -> str:
    """JSON text (in ASCII, as `json.dumps` writes it) with each text in it redacted; the very same if there is none."""
    if not _may_hold(text):
        return text
    value = json.loads(text)
    redacted = redact_value(value)
    return text if redacted == value else json.dumps(redacted)


class Pieces:
    """Redacts text that comes in pieces, none of which need hold a whole secret.

    What may become a secret is held back until the text that follows tells, so that a piece may come out shorter or
    longer than it went in; all pieces together are the text, redacted. A mark itself may be out already.
    """

    def __init__(self) -> None:
        self._held = ""
        self._context = ""

    def take(self, piece: str) -> str:
        """What can be written now."""
        return self._give(self._held + piece, final=False)

    def rest(self) -> str:
        """What was held back; no more text comes."""
        return self._give(self._held, final=True)

    def _give(self, text: str, *, final: bool) -> str:
        joined = self._context + text
        seen = len(self._context)
        end = len(joined)
        if not final and len(text) < _MAX_HELD and (open_ := _compiled(_OPEN).search(joined)):
            end = max(open_.start(), seen)
        self._held = joined[end:]
        given = joined[:end]
        self._context = given[-_CONTEXT:]
        return _without(given, seen) if _may_hold(given) else given[seen:]


def _may_hold(text: str) -> bool:
    return any(mark in text and (near is None or _compiled(near).search(text)) for mark, near in _MARKS)


def _without(text: str, start: int) -> str:
    """The text from there on, without its secrets."""
    parts: list[str] = []
    at = start
    for begin, end, name in sorted(_found(text)):
        if end <= at:
            continue
        parts += [text[at : max(begin, at)], f"[redacted: {name}]"]
        at = end
    parts.append(text[at:])
    return "".join(parts)


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    return ((match.start("secret"), match.end("secret"), name) for name, match in _matches(text))


def _matches(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for item in _FORMATS:
        if any(mark in text for mark in item.marks):
            for match in _compiled(item.pattern).finditer(text):
                yield item.name, match
