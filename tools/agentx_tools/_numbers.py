"""What to write instead where a program took more than a number for one: `float(line)` of `January 18.40`."""

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

MAX_CHARACTERS = 1_000
"""A longer text is no line from which a number is to be taken."""

SEPARATORS = (None, ",", ";", "\t", ":", "=", "|")
"""What parts a number from what stands beside it; None is white space."""

_REFUSED = re.compile(
    r"(?:could not convert string to float|invalid literal for int\(\) with base 10): (.*)", re.DOTALL
)
_DECIMAL_COMMA = re.compile(r"(?<![\w-])\d+,\d{1,2}(?![\d.])")
_CALLED = ("float", "int")
_WRITTEN = re.compile(r"\d[\d.,]*\d|\d")


def advice(error: BaseException, line: str, variables: Mapping[str, Any]) -> str:
    """A line that tells how to get at the number; "" where the error is another or nothing is sure.

    Args:
        line: the program's line that failed.
        variables: those that it names.
    """
    refused = _REFUSED.fullmatch(str(error)) if isinstance(error, ValueError) else None
    found = _conversion(line) if refused else None
    if refused is None or found is None:
        return ""
    kind, expression = found
    try:
        text = str(ast.literal_eval(refused[1]))
    except (ValueError, SyntaxError):  # Python shows a long text cut
        return ""
    if not text.strip():
        return f"\n  the text is empty; skip it: if {expression}.strip()"
    if len(text) > MAX_CHARACTERS:
        return ""
    if not re.search(r"\d", text):
        whole, text = _taken_from(expression, variables)
        instead = _searched(whole, text, kind)
        if not re.search(r"\d", text):
            return "\n  it holds no number; skip such lines, as the header of a table is one"
    else:
        instead = _instead(expression, text, kind)
    return f"\n  write {instead} for the number in it" if instead else ""


def _conversion(line: str) -> tuple[str, str] | None:
    """Which of `float` and `int` the line calls, and on what; None where it calls several."""
    with suppress(SyntaxError):
        tree = ast.parse(_whole(line.strip()))
        calls = [
            (node.func.id, ast.unparse(node.args[0]))
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("float", "int")
            and node.args
        ]
        if len(calls) == 1:
            return calls[0]
    return None


def _whole(line: str) -> str:
    """The line with a body where it begins a block."""
    return f"{line} pass" if line.endswith(":") else line


def _instead(expression: str, text: str, kind: str) -> str:
    """The conversion of the one number that the text holds; "" where it holds several."""
    if kind == "int" and _is_number(text):
        return f"int(float({expression}))"
    for separator in SEPARATORS:
        parts = text.split(separator)
        numbers = [place for place, part in enumerate(parts) if _is_number(part)]
        if len(parts) > 1 and len(numbers) == 1 and not (separator == "," and _DECIMAL_COMMA.search(text)):
            place = numbers[0] - len(parts) if numbers[0] == len(parts) - 1 else numbers[0]
            named = "" if separator is None else repr(separator)
            return f"{_kind(kind, parts[numbers[0]])}({expression}.split({named})[{place}])"
    return _searched(expression, text, kind)


def _searched(expression: str, text: str, kind: str) -> str:
    """The conversion of the one number that is found in the text; "" where it holds several, or none."""
    written = _WRITTEN.findall(text)
    if len(written) != 1:
        return ""
    plain = _plainly(written[0])
    inner = expression if text.strip() == written[0] else f"re.search(r'[\\d.,]+', {expression})[0]"
    return f"{_kind(kind, written[0])}({inner}{plain})" if plain is not None else ""


def _taken_from(expression: str, variables: Mapping[str, Any]) -> tuple[str, str]:
    """The variable that an expression takes a part of, and its text; the first such that is a text."""
    names = (node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name))
    texts = ((name, variables.get(name)) for name in names)
    return next(
        ((name, text) for name, text in texts if isinstance(text, str) and len(text) <= MAX_CHARACTERS), ("", "")
    )


def _kind(kind: str, number: str) -> str:
    return kind if number.strip().lstrip("+-").isdigit() else "float"


def _plainly(number: str) -> str | None:
    """What makes Python read the number as it was meant: a comma for thousands goes, one for decimals is a point."""
    if _is_number(number):
        return ""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        return '.replace(",", "")'
    return '.replace(",", ".")' if re.fullmatch(r"\d+,\d+", number) else None


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        float(text)
        return bool(re.search(r"\d", text))
    return False
