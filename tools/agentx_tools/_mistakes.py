"""What a small model makes wrong again and again in short programs, and what it could write instead.

An exception of Python says what is wrong; who has learned from correct programs knows the line that is right once it is
told in the words of one.
"""

import re

_ITEMS = "it is a list; take its items: for item in …"
_NUMBER = "(?:int|float)"
_ADVICE = {
    r"object of type '_io\.\w+' has no len\(\)": "a file has no length; its lines have: len(open(…).readlines())",
    r"'_io\.\w+' object is not subscriptable": "a file has no places; its lines have: open(…).readlines()[0]",
    r"'_io\.\w+' object has no attribute '(?:split|splitlines|strip|replace|lower|find|startswith)'": (
        "a file is no text; its text is open(…).read()"
    ),
    "string indices must be integers": "it is a text; of a table, csv.DictReader(open(…)) gives the rows",
    "'DictReader' object is not subscriptable": "its rows have places: list(csv.DictReader(open(…)))[0]['name']",
    "'(?:reader|filter|map|zip|generator|dict_(?:keys|values|items))' object is not subscriptable": (
        "make it a list: list(…)[0]"
    ),
    "list indices must be integers or slices, not str": _ITEMS,
    "'list' object has no attribute '(?:split|strip|lower|items|keys|get)'": _ITEMS,
    "'dict' object has no attribute": "what a dict holds is at its keys: …['name']",
    rf"(?:unsupported operand|not supported between).*(?:'{_NUMBER}' and 'str'|'str' and '{_NUMBER}')": (
        "one of the two is a text; make it a number: float(…)"
    ),
    "can only concatenate str": 'put what is no text into one by f"{…}"',
    "'NoneType' object has no attribute '(?:group|groups|span|start|end)'": (
        "the pattern is not in the text; look at the text and write another"
    ),
}
"""For what a TypeError or an AttributeError says, as a pattern, what to write instead."""


def advice(error: BaseException) -> str:
    """A line on what to write instead; "" for other errors."""
    if not isinstance(error, TypeError | AttributeError):
        return ""
    return next((f"\n  {text}" for pattern, text in _ADVICE.items() if re.search(pattern, str(error))), "")
