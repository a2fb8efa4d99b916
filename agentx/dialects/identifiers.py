"""Foreign names as Python identifiers, and back: `math.factorial`, `Content-Type`, Unicode."""

import keyword
from collections.abc import Iterable


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """An unambiguous identifier for each name, in order; names that are identifiers already keep theirs.

    >>> identifiers(["math.factorial", "math_factorial", "class"])
    {'math.factorial': 'math_factorial_2', 'math_factorial': 'math_factorial', 'class': 'class_'}
    """
    names = list(names)
    given = {name: name for name in names if is_identifier(name)}
    taken = set(given.values())
    for name in names:
        if name not in given:
            base = "".join(character if f"a{character}".isidentifier() else "_" for character in name)
            base = base if base.isidentifier() else f"_{base}"
            base = f"{base}_" if keyword.iskeyword(base) else base
            candidate, number = base, 2
            while candidate in taken:
                candidate, number = f"{base}_{number}", number + 1
            given[name] = candidate
            taken.add(candidate)
    return {name: given[name] for name in names}


def is_identifier(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
