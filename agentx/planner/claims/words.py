"""Words as names are compared: without case, accents, plural and possessive endings."""

import unicodedata

_ENDINGS = ("'s", "s", "es", "n", "an", "ian", "ish", "ese", "er", "ers", "i", "in", "en")


def folded(text: str) -> str:
    """The text without case and accents, each character one: positions stay."""
    return text.lower() if text.isascii() else "".join(_plain(character) for character in text)


def same(one: str, other: str) -> bool:
    """Whether two folded words are the same but for an ending: files and file, cities and city, Berliner and Berlin."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < 3:
        return False
    if short[-1] == "y" and long == f"{short[:-1]}ies":
        return True
    if not long.startswith(short):
        return False
    endings = _ENDINGS if len(short) > 3 else _ENDINGS[:2]
    return long[len(short) :] in endings


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKD", character)[0].casefold()[0]
