"""The words of a question that a lexical search looks for."""

import re

MAX_WORDS = 32

# Words that say nothing of a subject. They cost most, for they stand in nearly every chunk.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """a about all also am an and any are as at be been but by can could did do does for from had has have he
        her his how i if in into is it its just me my no not of on or our she should so some than that the their
        them then there these they this to up us was we were what when where which who whom whose why will with
        would you your""",
    )
)


def query_words(query: str) -> list[str]:
    """The distinct words of a query in lower case, without the common ones unless there are no others."""
    words = list(dict.fromkeys(re.findall(r"\w+", query.lower().replace("_", " "))))
    return ([word for word in words if word not in _COMMON] or words)[:MAX_WORDS]
