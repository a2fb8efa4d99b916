"""Tools, requests and calls made up by chance, for learning how calls are written: those that judge share no word of
their names with those that teach."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Value = tuple[Any, str]
"""An argument, and how a request says it."""


@dataclass(frozen=True, slots=True)
class Side:
    """Words that tools and requests are made of."""

    verbs: tuple[str, ...]
    things: tuple[str, ...]
    places: tuple[str, ...]
    people: tuple[str, ...]
    texts: tuple[str, ...]
    questions: tuple[str, ...]


LEARNT = Side(
    verbs=("book", "order", "find", "cancel", "list", "send", "check", "rent", "repair", "print", "move", "count"),
    things=(
        "table",
        "ticket",
        "parcel",
        "lamp",
        "report",
        "boat",
        "meeting",
        "tyre",
        "poster",
        "garden",
        "bill",
        "key",
    ),
    places=("Oslo", "Lyon", "Graz", "Cork", "Pisa", "Turku", "Ghent", "Porto", "Basel", "Gdansk", "Malmo", "Split"),
    people=("Anna", "Ben", "Chloe", "David", "Emma", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Klara", "Leo"),
    texts=(
        "bring your shoes",
        "the door is open",
        "dinner is ready",
        "we start at nine",
        "mind the step",
        "call me back",
    ),
    questions=(
        "Who painted the Night Watch?",
        "Why is the sky blue?",
        "What does photosynthesis do?",
        "Tell me a joke.",
    ),
)
UNSEEN = Side(
    verbs=("reserve", "measure", "translate", "lock", "schedule", "water", "weigh", "archive", "upload", "compare"),
    things=("violin", "greenhouse", "invoice", "elevator", "podcast", "bridge", "aquarium", "passport", "oven", "tent"),
    places=("Kyoto", "Quebec", "Nairobi", "Hanoi", "Seville", "Perth", "Tallinn", "Denver", "Zagreb", "Cusco"),
    people=("Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sven", "Tariq", "Ursula", "Victor", "Wanda"),
    texts=("the train is late", "please bring cake", "no parking today", "the test went well", "come to room four"),
    questions=("Who wrote Faust?", "How do magnets work?", "What is a prime number?", "Say something nice."),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """Attributes:
    make: given chance and words, an argument and how a request says it.
    """

    name: str
    schema: dict[str, Any]
    make: Callable[[random.Random, Side], Value]


def _named(phrase: str, words: str) -> Callable[[random.Random, Side], Value]:
    def make(chance: random.Random, side: Side) -> Value:
        value = chance.choice(getattr(side, words))
        return value, phrase.format(value)

    return make


def _number(phrase: str, low: int, high: int) -> Callable[[random.Random, Side], Value]:
    def make(chance: random.Random, side: Side) -> Value:
        value = chance.randint(low, high)
        return value, phrase.format(value)

    return make


def _chosen(phrase: str, *values: str) -> Callable[[random.Random, Side], Value]:
    def make(chance: random.Random, side: Side) -> Value:
        value = chance.choice(values)
        return value, phrase.format(value)

    return make


def _days(chance: random.Random, side: Side) -> Value:
    days = sorted(chance.sample(range(1, 29), chance.randint(2, 3)))
    return days, f"on the days {', '.join(map(str, days))}"


def _text() -> dict[str, Any]:
    return {"type": "string"}


PARAMETERS = (
    Parameter("city", _text(), _named("in {}", "places")),
    Parameter("person", _text(), _named("for {}", "people")),
    Parameter("note", _text(), _named('with the note "{}"', "texts")),
    Parameter("hours", {"type": "integer"}, _number("for {} hours", 2, 12)),
    Parameter("limit", {"type": "integer"}, _number("at most {} euros", 10, 900)),
    Parameter(
        "colour", {"type": "string", "enum": ["red", "green", "white"]}, _chosen("in {}", "red", "green", "white")
    ),
    Parameter("days", {"type": "array", "items": {"type": "integer"}}, _days),
)


def rows(side: Side, count: int, seed: int, refused: float = 0.2) -> list[dict[str, Any]]:
    """Rows of messages as `agentx tune sft` reads them.

    Args:
        refused: share of the requests that no tool at hand can serve.
    """
    chance = random.Random(seed)
    return [_refused(side, chance) if chance.random() < refused else _served(side, chance) for _ in range(count)]


def _served(side: Side, chance: random.Random) -> dict[str, Any]:
    tools = _tools(side, chance)
    verb, thing, parameters, _ = chance.choice(tools)
    given = [(parameter.name, parameter.make(chance, side)) for parameter in parameters]
    said = " ".join(phrase for _, (_, phrase) in given)
    asked = chance.choice(("Please {} a {} {}.", "Can you {} the {} {}?", "I need you to {} a {} {}.", "{} a {} {}"))
    call = {"name": f"{verb}_{thing}", "arguments": {name: value for name, (value, _) in given}}
    messages = [
        {"role": "user", "content": asked.format(verb, thing, said)},
        {"role": "assistant", "calls": [call]},
    ]
    if chance.random() < 0.3:
        messages.append({"role": "tool", "content": "done"})
        messages.append({"role": "assistant", "content": f"I did it: {verb} {thing} {said}."})
    return {"tools": _described(tools), "messages": messages}


def _refused(side: Side, chance: random.Random) -> dict[str, Any]:
    tools = _tools(side, chance)
    answer = "I cannot do that with the functions at hand."
    asked = chance.choice(side.questions)
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return {"tools": _described(tools), "messages": messages}


_Tool = tuple[str, str, list[Parameter], str]
"""Verb, thing, parameters and what it does."""


def _tools(side: Side, chance: random.Random) -> list[_Tool]:
    """One to three, no two of one name."""
    made = [_tool(side, chance) for _ in range(chance.randint(1, 3))]
    return list({tool[:2]: tool for tool in made}.values())


def _tool(side: Side, chance: random.Random) -> _Tool:
    verb, thing = chance.choice(side.verbs), chance.choice(side.things)
    parameters = chance.sample(PARAMETERS, chance.randint(1, 3))
    return verb, thing, parameters, f"{verb.capitalize()} a {thing}."


def _described(tools: list[_Tool]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{verb}_{thing}",
            "description": about,
            "parameters": {
                "type": "object",
                "properties": {parameter.name: parameter.schema for parameter in parameters},
                "required": [parameter.name for parameter in parameters],
            },
        }
        for verb, thing, parameters, about in tools
    ]
