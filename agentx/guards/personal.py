"""Finds personal data by patterns: e-mail addresses, phone numbers, IBANs, payment cards and social security numbers.

What has a checksum (IBAN by ISO 7064 mod 97, cards by Luhn) is sure; a phone number is one that is written as such:
with its country, in the North American way, or after a word that says so. Names and addresses are not known.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from agentx.guard import Finding, Place
from agentx.guards.options import require_known

_Found: TypeAlias = Iterator[tuple[int, int, float]]
"""Where something begins and ends, and how sure it is."""

_IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 "
        "FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 "
        "MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 "
        "UA29 VG24 XK20",
    )
}
"""Characters of an IBAN in each country, after the registry of SWIFT."""

_NOBODY = re.compile(
    r"(?:.*\.)?(?:example(?:\.(?:com|org|net|edu))?|test|invalid|localhost|local|internal|lan|home)", re.IGNORECASE
)
"""Hosts that no person can have an address at (RFC 2606 and RFC 6762), so that they stand in examples."""
_FILES = re.compile(r"png|jpe?g|gif|svg|webp|ico|css|m?js|ts|html?|json|md|py|txt|map|t?gz|zip|whl", re.IGNORECASE)
"""What a file's name ends with, as `icon@2x.png`."""

_AT = r"@(?P<host>(?:[A-Za-z0-9-]{1,63}\.){1,8}(?P<top>[A-Za-z]{2,24}))(?![\w@-])"
_LOCAL = r"(?<![\w.+-])[\w+-][\w.+-]{0,63}\Z"

# Each begins with a set of characters, so that the search passes quickly over what has none of them; what must not
# stand before the first one is looked at behind it.
_IBAN = r"[A-Z](?<![A-Za-z0-9].)[A-Z][0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
_CARD = (
    r"[2-6](?<![\w.,/-].)(?<![0-9] .)(?:"
    r"[0-9]{3}(?P<by>[ -]?)[0-9]{4}(?P=by)[0-9]{4}(?P=by)[0-9]{4}(?:(?P=by)[0-9]{3})?"
    r"|(?<=3)[47][0-9]{2}(?P<amex>[ -]?)[0-9]{6}(?P=amex)[0-9]{5}"
    r"|(?<=3)[0689][0-9]{2}(?P<diners>[ -]?)[0-9]{6}(?P=diners)[0-9]{4}"
    r")(?![\w/-])(?![.,][0-9])"
)
_BRANDS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
)
"""Card numbers by their first digits and length: Visa, Mastercard, American Express, Diners, Discover, JCB."""

_GROUPS = r"(?:[ ./-]?\(?[0-9]{1,5}+\)?){2,6}+"
_INTERNATIONAL = rf"\+(?<![\w+.(-].)[1-9][0-9]{{0,2}}{_GROUPS}(?![\w-])"
_AREA = r"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}(?![\w-])(?!\.[0-9])"
_AMERICAN = r"[2-9](?<![\w.+/(-].)[0-9]{2}(?P<gap>[.-])[2-9][0-9]{2}(?P=gap)[0-9]{4}(?![\w-])(?!\.[0-9])"
_NATIONAL = rf"[0(](?<![\w(].)(?:(?<=\()0)?[0-9]{{1,5}}\)?{_GROUPS}(?![\w-])"
_CUE = (
    r"(?i)\b(?:tel(?:ephone|efon|\.)?|phone|mobile|mobil|cell|fax|call|whatsapp|anruf)"
    r"[ \t]{0,3}(?:number|no\.?|nr\.?)?[ \t]{0,3}[:=]?[ \t]{0,3}[\"']?\Z"
)
_SECURITY = r"[0-8](?<![\w.-].)(?<!(?=000|666).)[0-9]{2}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])(?!\.[0-9])"

# When first needed: whoever imports this module may look at no text.
_compiled = lru_cache(re.compile)


class Personal:
    """A Guard (see `agentx.guard`) without settings.

    Raises:
        ConfigError: its table sets something.
    """

    name = "personal"
    kinds = frozenset({"personal"})

    def __init__(self, settings: Mapping[str, Any]) -> None:
        require_known(self.name, settings)

    def check(self, text: str, place: Place) -> list[Finding]:
        return [
            Finding("personal", score, start, end, what) for what, find in _KINDS for start, end, score in find(text)
        ]


def _emails(text: str) -> _Found:
    for match in _compiled(_AT).finditer(text):
        begin = max(match.start() - 100, 0)
        local = _compiled(_LOCAL).search(text[begin : match.start()])
        # `git@host` and `user:password@host` are how programs log in.
        if local is None or local[0].lower() == "git" or "://" in _word_before(text, match.start()):
            continue
        if not _FILES.fullmatch(match["top"]) and not _NOBODY.fullmatch(match["host"]):
            yield begin + local.start(), match.end(), 0.9


def _word_before(text: str, at: int) -> str:
    """What stands before a place without white space between."""
    return text[max(at - 200, 0) : at].split()[-1]


def _ibans(text: str) -> _Found:
    for match in _compiled(_IBAN).finditer(text):
        # What follows may look like one more group of it.
        length = _IBAN_LENGTHS.get(match[0][:2])
        whole = length and _compiled(rf"(?:[ -]?[A-Z0-9]){{{length}}}(?![A-Za-z0-9])").match(text, match.start())
        if whole and _mod_97(re.sub(r"[ -]", "", whole[0])) == 1:
            yield *whole.span(), 0.99


def _mod_97(iban: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97


def _cards(text: str) -> _Found:
    for match in _compiled(_CARD).finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _BRANDS.fullmatch(digits) and _luhn(digits):
            # In groups it is a card; a bare number is one by its checksum alone, as one in ten is.
            yield match.start(), match.end(), 0.95 if len(digits) < len(match[0]) else 0.8


def _luhn(digits: str) -> bool:
    total = sum(int(digit) for digit in digits[-1::-2])
    return (total + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


def _phones(text: str) -> _Found:
    for match in _compiled(_INTERNATIONAL).finditer(text) if "+" in text else ():
        digits = re.sub(r"\D", "", match[0])
        # In arithmetic a plus stands before a number too; a phone number's is followed by many digits.
        if 9 <= len(digits) <= 15 and match[0].count("(") == match[0].count(")"):
            yield match.start(), match.end(), 0.8
    for pattern in (_AREA, _AMERICAN):
        for match in _compiled(pattern).finditer(text):
            if match[0][0] != "(" or not text[max(match.start() - 4, 0) : match.start()].rstrip(" ").endswith("+1"):
                yield match.start(), match.end(), 0.6
    for match in _compiled(_NATIONAL).finditer(text):
        cue = _compiled(_CUE).search(text[max(match.start() - 40, 0) : match.start()])
        if cue and 7 <= len(re.sub(r"\D", "", match[0])) <= 13:
            yield match.start(), match.end(), 0.8


def _security_numbers(text: str) -> _Found:
    return ((match.start(), match.end(), 0.6) for match in _compiled(_SECURITY).finditer(text))


_KINDS: tuple[tuple[str, Callable[[str], _Found]], ...] = (
    ("e-mail address", _emails),
    ("IBAN", _ibans),
    ("payment card number", _cards),
    ("phone number", _phones),
    ("social security number", _security_numbers),
)
