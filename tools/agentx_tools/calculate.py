"""The tool that computes."""

import math
from datetime import date
from typing import Any, cast

from agentx.tool import tool
from agentx_tools.arithmetic import evaluate


@tool(idempotent=True)
def calculate(expression: str) -> str:
    """Compute an arithmetic expression of numbers.

    Args:
        expression: such as "24.5 + 31 + 7.25", "3 * (4 + 5)", "15% of 80", "mean(1, 2, 4)".
    """
    return shown(evaluate(expression))


def shown(value: Any) -> str:
    """The value as a person writes it: 0.3 and not 0.30000000000000004, 12 and not 12.0."""
    if isinstance(value, bool | str | int):
        return str(value)
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    return f"[{', '.join(shown(item) for item in cast('list[Any]', value))}]"


def _decimal(value: float) -> str:
    """12 significant digits, more only where it takes them to show hundredths."""
    if value == 0:
        return "0"
    digits = min(15, max(12, math.floor(math.log10(abs(value))) + 3))
    rounded = float(f"{value:.{digits}g}")
    return str(int(rounded)) if rounded.is_integer() and abs(rounded) < 1e15 else repr(rounded)
