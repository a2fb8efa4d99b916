"""From arithmetic as people write it to the expression that the evaluator reads.

`15% of 80`, `2^10`, `3 × 4 =`, `1,234.5`, `5!`, `√2`, `2(3 + 4)`, `sin(30°)`, `days between 2024-02-01 and 2024-03-01`:
each is written out as a Python expression. Nothing is evaluated here, and text in quotes is left alone.
"""

import re
from dataclasses import dataclass, field

from agentx.errors import ToolError

CONSTANTS = frozenset({"pi", "e", "tau", "True", "False"})
"""Names of values, not of functions: `2(pi)` and `pi(2)` both multiply."""

_TOKEN = re.compile(
    r"""
    (?P<string>"[^"]*"|'[^']*')
  | (?P<date>(?<![\w.-])\d{4}-\d{2}-\d{2}(?![\w-]))
  | (?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
  | (?P<operator>\*\*|//|<=|>=|==|!=|[-+*/%^()\[\],<>=!°√])
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?")
_MODULES = re.compile(r"(?:math|cmath|np|numpy|statistics|datetime)\.")
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("×·⋅∗✕", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        **dict.fromkeys("−–—‒﹣－", "-"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("$€£¥", " "),
        "π": " pi ",
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "²": "^2 ",
        "³": "^3 ",
    }
)
_WORDS = tuple(
    (re.compile(pattern, re.I), text)
    for pattern, text in (
        (r"\b(?:the )?square root of\b", "√"),
        (r"\bto the power of\b", "^"),
        (r"\bdivided by\b", "/"),
        (r"\b(?:multiplied by|times)\b", "*"),
        (r"\bplus\b", "+"),
        (r"\bminus\b", "-"),
        (r"(?<=\d)\s*per ?cent\b", "%"),
        (r"(?<=[\d)])\s+x\s+(?=[\d(.-])", " * "),
        (r"(?<![\w.])([1-9]\d*)x(?=\d)", r"\1*"),
        (r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))", ""),
    )
)
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
_BETWEEN = re.compile(
    r"(?:(?:the )?number of |how many )?days (?:are )?(?:between|from) (.+?) (?:and|to|until) (.+)", re.I
)
_LEAD = re.compile(r"\A\s*(?:what is\b|what's\b|calculate\b|compute\b|[^\W\d]\w*\s*=(?!=)|=)", re.I)
_TAIL = " \t\r\n=?;."

_POSTFIX = {"%": "percent", "°": "radians", "!": "factorial"}
_OPERATOR_WORDS = {"mod": "%", "and": "and", "or": "or", "not": "not", "if": "if", "else": "else"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A Python expression in pieces; joined with spaces, so that a place in it can be named by its piece."""

    pieces: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.pieces)

    def near(self, offset: int) -> str:
        """The piece that an offset into `str(self)` falls on; the last one where it falls behind."""
        for piece in self.pieces:
            offset -= len(piece) + 1
            if offset < 0:
                return piece
        return self.pieces[-1]


def to_python(text: str) -> Expression:
    """The expression that a person's line of arithmetic means.

    Raises:
        ToolError: naming the piece that means nothing.
    """
    line = _LEAD.sub("", text.translate(_CHARACTERS)).rstrip(_TAIL).lstrip()
    if _QUOTED.fullmatch(line):
        line = line[1:-1]
    if between := _BETWEEN.fullmatch(line):
        return Expression(("days_between", "(", _as_date(between[1]), ",", _as_date(between[2]), ")"))
    parts = _QUOTED.split(line)
    for index in range(0, len(parts), 2):
        for pattern, replacement in _WORDS:
            parts[index] = pattern.sub(replacement, parts[index])
    return _Reader("".join(parts)).read()


def _as_date(text: str) -> str:
    text = text.strip()
    return text if "(" in text else '"{}"'.format(text.strip("\"'"))


@dataclass(slots=True)
class _Reader:
    """Reads token by token and writes Python; `opened` tells for each open bracket whether commas part values in it."""

    line: str
    at: int = 0
    pieces: list[str] = field(default_factory=list[str])
    opened: list[bool] = field(default_factory=list[bool])
    last: str = "operator"
    """What the piece before is: operator, number, function (a name that is no constant), value, or applied, which is a
    number in brackets that the reader has put behind a function."""

    def read(self) -> Expression:
        while token := self._next():
            kind, text, spaced = token
            if kind == "operator":
                self._operator(text, spaced)
            elif kind == "name":
                self._name(_MODULES.sub("", text))
            else:
                self._value(kind, text)
        if self.opened:
            raise ToolError("A bracket is opened and never closed; close it.")
        if not self.pieces:
            raise ToolError("The expression is empty; give arithmetic such as 3 * (4 + 5).")
        if self.last == "operator":
            raise ToolError(f"The expression ends with `{self.pieces[-1]}`; something must follow.")
        return Expression(tuple(self.pieces))

    def _next(self) -> tuple[str, str, bool] | None:
        start = self.at
        while self.at < len(self.line) and self.line[self.at].isspace():
            self.at += 1
        if self.at == len(self.line):
            return None
        commas_part = bool(self.opened) and self.opened[-1]
        if not commas_part and (grouped := _THOUSANDS.match(self.line, self.at)):
            self.at = grouped.end()
            return "number", grouped[0].replace(",", ""), self.at > start
        match = _TOKEN.match(self.line, self.at)
        if match is None:
            raise ToolError(f"`{self.line[self.at]}` means nothing in arithmetic; leave it out.")
        spaced = self.at > start
        self.at = match.end()
        return str(match.lastgroup), match[0], spaced

    def _value(self, kind: str, text: str) -> None:
        if self.last == "number":
            raise ToolError(f"There is no operator between `{self.pieces[-1]}` and `{text}`; put one there.")
        if kind == "date":
            self._put("value", "date", "(", f'"{text}"', ")")
        elif kind == "string":
            self._put("value", text)
        elif self.last == "function":
            self._put("applied", "(", _number(text), ")")  # `sqrt 16`
        else:
            self._put("number", _number(text))

    def _name(self, text: str) -> None:
        if word := _OPERATOR_WORDS.get(text.lower()):
            self.pieces.append(word)
            self.last = "operator"
        elif "." in text:
            raise ToolError(f"`{text}` is no number, constant or function; write numbers in its place.")
        elif self.last == "function":
            raise ToolError(f"`{self.pieces[-1]} {text}` means nothing in arithmetic; give numbers and operators.")
        else:
            self._put("value" if text in CONSTANTS else "function", text)

    def _put(self, kind: str, *pieces: str) -> None:
        if self.last in ("number", "value", "applied"):
            self.pieces.append("*")  # `2 pi`, `(1 + 2) 3`
        self.pieces += pieces
        self.last = kind

    def _operator(self, text: str, spaced: bool) -> None:
        if text in "([":
            self._open(text)
        elif text in ")]":
            self._close(text)
        elif text == "√":
            self._put("function", "sqrt")
        elif text == "," and not (self.opened and self.opened[-1]):
            raise ToolError("A comma parts numbers only inside a function or a list; write decimals with a point.")
        elif text in _POSTFIX and self.last != "operator" and not (text == "%" and self._is_modulo(spaced)):
            self._postfix(text)
        elif text in "!°":
            raise ToolError(f"`{text}` must follow a number.")
        else:
            # `3 + 4 = 7` asks whether it is; inside a function `=` names an argument.
            written = {"^": "**", "=": "=" if self.opened else "=="}
            self.pieces.append(written.get(text, text))
            self.last = "operator"

    def _open(self, bracket: str) -> None:
        is_call = bracket == "(" and self.last == "function"
        if self.last in ("number", "value", "applied"):
            self.pieces.append("*")  # `2(3 + 4)`
        self.opened.append(is_call or bracket == "[" or bool(self.opened and self.opened[-1]))
        self.pieces.append(bracket)
        self.last = "operator"

    def _close(self, bracket: str) -> None:
        if not self.opened:
            raise ToolError(f"`{bracket}` closes a bracket that was never opened.")
        self.opened.pop()
        self.pieces.append(bracket)
        self.last = "value"

    def _is_modulo(self, spaced: bool) -> bool:
        """`17 % 5` has an operand behind the sign; `15% of 80`, `10% - 3` and a last `15%` do not."""
        rest = self.line[self.at :].lstrip()
        if not rest or re.match(r"of\b", rest):
            return False
        return bool(re.match(r"[\w.(\[√]", rest)) or (spaced and rest[0] in "+-")

    def _postfix(self, sign: str) -> None:
        # `sin 30°` is sin(30°): a sign belongs to the number before it, inside the brackets of the reader.
        closing = [self.pieces.pop()] if self.last == "applied" else []
        start = self._operand_start()
        self.pieces[start:start] = [_POSTFIX[sign], "("]
        self.pieces += [")", *closing]
        self.last = "applied" if closing else "value"
        if sign == "%" and (word := re.compile(r"\s*of\b").match(self.line, self.at)):
            self.at = word.end()
            self.pieces.append("*")
            self.last = "operator"

    def _operand_start(self) -> int:
        """Index of the first piece of the operand that ends here: a number, a name, or brackets and their function."""
        index, depth = len(self.pieces), 0
        while index > 0:
            index -= 1
            depth += (self.pieces[index] in (")", "]")) - (self.pieces[index] in ("(", "["))
            if depth == 0:
                break
        is_call = index > 0 and self.pieces[index] == "(" and self.pieces[index - 1].isidentifier()
        return index - 1 if is_call and self.pieces[index - 1] not in _OPERATOR_WORDS.values() else index


def _number(text: str) -> str:
    return text.lstrip("0") if text[0] == "0" and text[1:2].isdigit() and text.strip("0") else text
