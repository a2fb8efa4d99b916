"""Tools as users give them to an agent, and requests that each ask for one of them, new in every round."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agentx import Tool, tool

CITIES = ("Oslo", "Lisbon", "Nairobi", "Quito", "Hanoi", "Riga", "Perth", "Tunis", "Lima", "Kyoto", "Porto")
GOODS = ("headphones", "a kettle", "running shoes", "a desk lamp", "a backpack", "a bicycle pump", "garden chairs")
PEOPLE = ("Ann Berg", "Bo Larsen", "Carla Ruiz", "Dilip Rao", "Eva Novak")


@tool
def get_weather(city: str, days_ahead: int = 0, unit: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Weather forecast for a city.

    Args:
        city: name of the city.
        days_ahead: 0 for today.
    """
    return f"{city}: 12 degrees, dry"


@tool
def convert_currency(amount: float, source: str, target: str) -> float:
    """Converts an amount of money at today's rate.

    Args:
        source: currency code of the amount, such as EUR.
        target: currency code wanted.
    """
    return round(amount * 1.1, 2)


@tool
def create_event(title: str, date: str, time: str, minutes: int = 60) -> str:
    """Puts an event into the calendar.

    Args:
        date: as YYYY-MM-DD.
        time: as HH:MM.
        minutes: how long it lasts.
    """
    return "created"


@tool
def send_message(to: str, text: str, urgent: bool = False) -> str:
    """Sends a short message to a person.

    Args:
        to: the person's name.
    """
    return "sent"


@tool
def find_products(query: str, max_price: float, sort: Literal["price", "rating", "newest"] = "rating") -> list[str]:
    """Searches the shop.

    Args:
        query: what is looked for.
        max_price: in euros.
    """
    return ["first", "second"]


@tool
def set_timer(minutes: int, label: str) -> str:
    """Rings after a number of minutes.

    Args:
        label: what it is for.
    """
    return "set"


TOOLS: tuple[Tool, ...] = (get_weather, convert_currency, create_event, send_message, find_products, set_timer)


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that ask for one tool; no two rounds have the same."""

    tool: str
    task: Callable[[int], str]


def _of(values: tuple[str, ...], number: int) -> str:
    return values[number % len(values)]


KINDS = (
    Kind("get_weather", lambda n: f"What will the weather be like in {_of(CITIES, n)} in {n + 3} days?"),
    Kind("create_event", lambda n: f"Plan the review of draft {n + 12} for 3 May 2027 at half past two."),
    Kind("send_message", lambda n: f"Tell {_of(PEOPLE, n)} that parcel {n + 310} has arrived."),
    Kind("find_products", lambda n: f"Find {_of(GOODS, n)} for less than {5 * n + 40} euros, the cheapest first."),
)


def as_openai(given: Tool) -> dict[str, Any]:
    """A tool as chat completion APIs take it."""
    described = {"name": given.name, "description": given.description, "parameters": given.parameters}
    return {"type": "function", "function": described}
