"""Evaluates an arithmetic expression with `simpleeval`: numbers, lists, dates, named functions, and nothing else.

No name, attribute or method of Python can be reached. Whole numbers are exact up to `MAX_BITS`; what would grow beyond
is refused before it is computed, so that `9**9**9` costs nothing.
"""

import ast
import math
import operator
import statistics
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, cast

from agentx.errors import ToolError
from agentx_tools import dates
from agentx_tools.notation import to_python

MAX_CHARACTERS = 2_000
MAX_BITS = 13_000
MAX_FACTORIAL = 1_000

_TOO_LARGE = f"too large; whole numbers are computed up to {int(MAX_BITS * math.log10(2))} digits"


def evaluate(text: str) -> Any:
    """The value of a line of arithmetic: int, float, bool, str, date, or a list of these.

    Raises:
        ToolError: naming the piece that cannot be read or computed.
    """
    if len(text) > MAX_CHARACTERS:
        raise ToolError(f"The expression is too long ({len(text)} characters); split it, or run a program.")
    expression = to_python(text)
    try:
        tree = ast.parse(str(expression), mode="eval")
    except SyntaxError as error:
        piece = expression.near((error.offset or 1) - 1)
        raise ToolError(f"`{text.strip()}` is no complete arithmetic: something is off near `{piece}`.") from None
    except (MemoryError, RecursionError, ValueError):
        raise ToolError("The expression cannot be read: too many brackets, or too long a number.") from None
    return _Evaluation().value(tree.body)


def _numbers(*values: Any) -> None:
    for value in values:
        if not isinstance(value, int | float):
            raise ToolError(f"{_shown(value)} is no number to compute with.")


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, date) or isinstance(b, date):
        return dates.shifted(a, b) if isinstance(a, date) else dates.shifted(b, a)
    _numbers(a, b)
    return a + b


def _subtract(a: Any, b: Any) -> Any:
    if isinstance(a, date):
        if isinstance(b, date):
            return (a - b).days
        return dates.shifted(a, -b if isinstance(b, int) else b)
    _numbers(a, b)
    return a - b


def _multiply(a: Any, b: Any) -> Any:
    _numbers(a, b)
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b.bit_length() > MAX_BITS:
        raise ToolError(f"{_shown(a)} * {_shown(b)} is {_TOO_LARGE}.")
    return a * b


def _power(a: Any, b: Any, modulus: Any = None) -> Any:
    _numbers(a, b)
    if modulus is not None:
        _numbers(modulus)
        return pow(a, b, modulus)
    if isinstance(a, int) and isinstance(b, int) and abs(a) > 1 and b > 0 and math.log2(abs(a)) * b > MAX_BITS:
        raise ToolError(f"{_shown(a)} ** {_shown(b)} is {_TOO_LARGE}.")
    result = a**b
    if isinstance(result, complex):
        raise ToolError(f"{_shown(a)} ** {_shown(b)} has no real value.")
    return result


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(a: Any, b: Any) -> Any:
        _numbers(a, b)
        return function(a, b)

    return checked


def _percent(value: Any) -> Any:
    _numbers(value)
    return value / 100


def _flat(values: tuple[Any, ...], name: str) -> list[Any]:
    """`sum(1, 2)` and `sum([1, 2])` mean the same."""
    flat: list[Any] = []
    for value in values:
        flat += _flat(tuple(cast("list[Any]", value)), name) if isinstance(value, list | tuple) else [value]
    if not flat:
        raise ToolError(f"{name}() needs at least one number.")
    if not all(isinstance(value, date) for value in flat):
        _numbers(*flat)
    return flat


def _of_many(name: str, function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    return lambda *values: function(_flat(values, name))


def _product(values: list[Any]) -> Any:
    result = 1
    for value in values:
        result = _multiply(result, value)
    return result


def _mean(values: list[Any]) -> Any:
    return sum(values) / len(values)


def _capped(name: str, function: Callable[..., int]) -> Callable[..., int]:
    def checked(*values: Any) -> int:
        for value in values:
            if not isinstance(value, int) and not (isinstance(value, float) and value.is_integer()):
                raise ToolError(f"{name}({_shown(value)}) is not defined: it takes whole numbers.")
            if not 0 <= value <= MAX_FACTORIAL:
                raise ToolError(f"{name}({_shown(value)}) is out of range; it takes 0 to {MAX_FACTORIAL}.")
        return function(*(int(value) for value in values))

    return checked


def _round(value: Any, ndigits: int = 0) -> Any:
    """Half away from zero, on the decimal figure that is shown: what a person expects of 2.5 and of 2.675."""
    _numbers(value)
    if ndigits >= 0 and (isinstance(value, int) or abs(value) >= 2**53):
        return value
    if abs(value) > 1e300 or abs(ndigits) > 300:
        raise ToolError(f"round({_shown(value)}, {ndigits}) is not defined.")
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-ndigits), ROUND_HALF_UP)
    return float(rounded) if ndigits > 0 else int(rounded)


def _log(value: Any, base: Any = math.e) -> float:
    if base in (2, 10):
        return math.log2(value) if base == 2 else math.log10(value)
    return math.log(value) if base == math.e else math.log(value, base)


_MATH = """
    acos asin atan atan2 ceil cos cosh cbrt degrees exp floor gcd hypot isqrt lcm log10 log2 radians sin sinh sqrt tan
    tanh trunc
"""
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in _MATH.split()},
    **{name: _of_many(name, function) for name, function in (("sum", sum), ("min", min), ("max", max))},
    **{name: _of_many(name, _mean) for name in ("mean", "average", "avg", "fmean")},
    **{name: _of_many(name, _product) for name in ("product", "prod")},
    "median": _of_many("median", statistics.median),
    "stdev": _of_many("stdev", statistics.stdev),
    "pstdev": _of_many("pstdev", statistics.pstdev),
    "variance": _of_many("variance", statistics.variance),
    **{name: _of_many(name, len) for name in ("count", "len")},
    "factorial": _capped("factorial", math.factorial),
    "comb": _capped("comb", math.comb),
    "perm": _capped("perm", math.perm),
    "abs": abs,
    "round": _round,
    "pow": _power,
    "log": _log,
    "ln": math.log,
    "percent": _percent,
    "int": int,
    "float": float,
    "hex": hex,
    "bin": bin,
    "oct": oct,
    "date": dates.as_date,
    "today": date.today,
    "days_between": dates.days_between,
    "weekday": dates.weekday,
}

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: _multiply,
    ast.Div: _plain(operator.truediv),
    ast.FloorDiv: _plain(operator.floordiv),
    ast.Mod: _plain(operator.mod),
    ast.Pow: _power,
    ast.USub: partial(_subtract, 0),
    ast.UAdd: partial(_add, 0),
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_NODES: tuple[type[ast.AST], ...] = (ast.BoolOp, ast.Compare, ast.Constant, ast.IfExp, ast.Name, ast.keyword)


class _Evaluation:
    """One evaluation: `simpleeval` cut down to arithmetic, with its errors in words."""

    def __init__(self) -> None:
        import simpleeval

        evaluator: Any = simpleeval.SimpleEval(
            operators=dict(_OPERATORS),
            functions=dict(_FUNCTIONS),
            names={"pi": math.pi, "e": math.e, "tau": math.tau, "True": True, "False": False},
        )
        self._usual: dict[type[ast.AST], Callable[[Any], Any]] = evaluator.nodes
        evaluator.nodes = {
            **{kind: self._usual[kind] for kind in _NODES},
            **dict.fromkeys((ast.BinOp, ast.UnaryOp, ast.Call), self._computed),
            **dict.fromkeys((ast.List, ast.Tuple), self._list),
        }
        self._evaluator = evaluator

    def value(self, tree: ast.expr) -> Any:
        import simpleeval

        try:
            return _usable(self._evaluator.eval(ast.unparse(tree), tree))
        except simpleeval.FunctionNotDefined as error:
            name = str(getattr(error, "func_name", ""))
            raise ToolError(f"There is no function `{name}`; there are: {', '.join(sorted(_FUNCTIONS))}.") from None
        except simpleeval.NameNotDefined as error:
            name = str(getattr(error, "name", ""))
            raise ToolError(f"`{name}` is no number, constant or function; write numbers in its place.") from None
        except (simpleeval.InvalidExpression, TypeError, ValueError, AttributeError, KeyError) as error:
            raise ToolError(f"{_piece(tree)} cannot be computed: {str(error).rstrip('.')}.") from None
        except RecursionError:
            raise ToolError("The expression is nested too deep; split it.") from None

    def _computed(self, node: ast.BinOp | ast.UnaryOp | ast.Call) -> Any:
        """The value of a node that computes; an error names the innermost piece that cannot be."""
        try:
            if isinstance(node, ast.BinOp) and _adds_percent(node):
                # `80 + 15%` means 15 % of the 80, as on any pocket calculator.
                left, share = self._evaluator._eval(node.left), self._evaluator._eval(node.right)
                return _OPERATORS[type(node.op)](left, _multiply(left, share))
            return self._usual[type(node)](node)
        except ZeroDivisionError:
            raise ToolError(f"{_piece(node)} divides by zero.") from None
        except ArithmeticError:
            raise ToolError(f"{_piece(node)} is too large for a number with decimals.") from None
        except (TypeError, ValueError) as error:
            raise ToolError(f"{_piece(node)} cannot be computed: {str(error).rstrip('.')}.") from None

    def _list(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self._evaluator._eval(item) for item in node.elts]


def _adds_percent(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Add | ast.Sub) and _is_percent(node.right) and not _is_percent(node.left)


def _is_percent(node: ast.expr) -> bool:
    """Whether it is a share: `15%`, with a sign or without, or a sum of shares."""
    match node:
        case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
            return _is_percent(operand)
        case ast.BinOp(left, ast.Add() | ast.Sub(), right):
            return _is_percent(left) and _is_percent(right)
        case _:
            return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "percent"


def _piece(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"`{text[:100]}…`" if len(text) > 100 else f"`{text}`"


def _usable(value: Any) -> Any:
    if isinstance(value, list):
        return [_usable(item) for item in cast("list[Any]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolError(f"The result is {value}, which is no number.")
    if isinstance(value, int) and value.bit_length() > MAX_BITS + 1000:
        raise ToolError(f"The result is {_TOO_LARGE}.")
    if value is None:
        raise ToolError("The result is nothing; write numbers in the place of None.")
    if callable(value):
        raise ToolError("The expression is only the name of a function; give its numbers in brackets.")
    return value


def _shown(value: Any) -> str:
    """A value as it stands in a sentence; the digits of a number too long to show are counted."""
    if isinstance(value, int) and value.bit_length() > 100:
        return f"a number of {int(value.bit_length() * math.log10(2)) + 1} digits"
    return repr(value)[:60]
