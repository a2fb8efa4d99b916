"""Worked requests: how a request is judged and becomes calls, shown over functions other than the user's.

They show what rules tell a small model badly: whether a function really does what is asked or only takes the same
values, one call for each thing asked and none for the other functions at hand, optional arguments only where the
request states them, values in the form that the description asks for. No name or value of theirs can be mistaken for
the task's, and they stand before it, so that they are read once and kept in the KV cache.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from agentx.dialects.base import Dialect
from agentx.model import ChatFormat, Fragment
from agentx.tool import Tool

_LISTED_NUMBERS = re.compile(r"(?<![\w.,])(?!\d{1,3}(?:,\d{3})+,? )\d+(?:,\d+)+(?=,? (?:and|or|&) \d)")


def rent_bike(
    station: str, hours: int, kind: Literal["city", "cargo", "racing"] = "city", helmet: bool = False
) -> None:
    """Rent a bicycle.

    Args:
        station: where to pick it up.
        hours: for how long.
        helmet: whether a helmet is rented too.
    """


def return_bike(station: str, bike_id: str) -> None:
    """Bring a rented bicycle back."""


def water_level(lake: str, unit: Literal["m", "ft"] = "m", days: list[int] | None = None) -> None:
    """Water level of a lake.

    Args:
        lake: name of the lake and its country.
        days: days of this month.
    """


def box_volume(length: float, width: float, height: float) -> None:
    """Volume of a box."""


def mortgage_rate(bank: str, years: float, fixed: bool = True) -> None:
    """Interest rate of a mortgage at a bank."""


def exchange(amount: float, source: str, target: str) -> None:
    """Exchange money.

    Args:
        source: currency in three letters.
        target: currency in three letters.
    """


def set_alarm(at: str, label: str = "") -> None:
    """Set an alarm.

    Args:
        at: time as HH:MM.
    """


def seat_map(theatre: str, date: str) -> None:
    """Free seats of a theatre."""


def put_up_notice(board: str, text: str) -> None:
    """Put a notice on a board of the house."""


@dataclass(frozen=True, slots=True)
class Worked:
    """A request, the functions at hand, and the reply: calls, or words where no function does what is asked."""

    functions: tuple[Callable[..., Any], ...]
    request: str
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    answer: str = ""

    @property
    def text(self) -> str:
        """The whole as a line, to tell one wording from another."""
        return f"{[function.__name__ for function in self.functions]} {self.request} {self.calls} {self.answer}"


WORKED = (
    Worked(
        (rent_bike, return_bike, exchange, set_alarm),
        "I'd like to have a bike from the Harbour Street station for three hours.",
        (("rent_bike", {"station": "Harbour Street", "hours": 3}),),
    ),
    Worked((mortgage_rate,), "Who wrote Faust?", answer="Faust was written by Goethe."),
    Worked(
        (water_level,),
        "How high did Lake Inari in Finland stand on the 3rd and 4th, and Vänern in Sweden on the 9th? In feet please.",
        (
            ("water_level", {"lake": "Lake Inari, Finland", "unit": "ft", "days": [3, 4]}),
            ("water_level", {"lake": "Vänern, Sweden", "unit": "ft", "days": [9]}),
        ),
    ),
    Worked(
        (box_volume,),
        "How long is the diagonal of a box of 2 by 3 by 4?",
        answer="The diagonal is about 5.39.",
    ),
    Worked(
        (put_up_notice, mortgage_rate, seat_map),
        "Let the people on the third floor know that the lift is repaired.",
        (("put_up_notice", {"board": "third floor", "text": "The lift is repaired."}),),
    ),
    Worked(
        (seat_map,),
        "What does a ticket for the opera cost on Friday?",
        answer="I cannot look up prices of tickets with the functions at hand.",
    ),
    Worked(
        (seat_map, exchange, set_alarm),
        "Wake me at half past six, and tell me what 250 Swiss francs are in Czech crowns and in euros.",
        (
            ("set_alarm", {"at": "06:30"}),
            ("exchange", {"amount": 250.0, "source": "CHF", "target": "CZK"}),
            ("exchange", {"amount": 250.0, "source": "CHF", "target": "EUR"}),
        ),
    ),
)


def conversation(chat: ChatFormat, dialect: Dialect, system: str) -> list[Fragment]:
    """The worked requests as a conversation that has gone before."""
    fragments: list[Fragment] = []
    for worked in WORKED:
        asked = f"{functions(dialect, as_tools(worked.functions))} {worked.request}"
        fragments += chat.next_turn(asked) if fragments else chat.opening(system, asked)
        fragments += [judged(bool(worked.calls)), Fragment(_reply(dialect, worked))]
    return fragments


def judged(yes: bool) -> Fragment:
    """The first line of a reply: whether a function does what is asked."""
    return Fragment("Yes\n" if yes else "No\n")


def listed(dialect: Dialect, tools: Iterable[Tool], among: Iterable[str] | None = None) -> str:
    """The functions at hand, as they stand before a task; `among` is for the dialect."""
    return f"Functions:\n\n{dialect.show_tools(list(tools), among)}\n\n"


def functions(dialect: Dialect, tools: Iterable[Tool], among: Iterable[str] | None = None) -> str:
    """What stands before a request."""
    return f"{listed(dialect, tools, among)}Request:"


def keeping(fragments: Iterable[Fragment], head: str) -> list[Fragment]:
    """Fragments with what begins with `head` cut behind it, since all up to there is the same in each run."""
    kept: list[Fragment] = []
    for fragment in fragments:
        if fragment.text.startswith(head) and not fragment.markup:
            kept += [Fragment(head, snapshot=True), Fragment(fragment.text.removeprefix(head))]
        else:
            kept.append(fragment)
    return kept


@cache
def as_tools(functions: tuple[Callable[..., Any], ...]) -> tuple[Tool, ...]:
    """Functions of worked examples as tools."""
    return tuple(Tool.from_function(function) for function in functions)


def with_numbers_apart(request: str) -> str:
    """The request with a blank behind each comma of a list of numbers; a small model reads `5,10 and 15` as 510 and 15.

    >>> with_numbers_apart("the factorials of 5,10 and 15")
    'the factorials of 5, 10 and 15'
    """
    return _LISTED_NUMBERS.sub(lambda numbers: numbers[0].replace(",", ", "), request)


def _reply(dialect: Dialect, worked: Worked) -> str:
    return "\n".join(dialect.show_call(name, arguments) for name, arguments in worked.calls) or worked.answer
