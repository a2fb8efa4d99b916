"""Tools of varied shapes with requests in plain words: what the prompts of the seam benchmark are put together from."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentx.tool import Tool

CASES_A_SET = 5


@dataclass(frozen=True)
class Case:
    """A request, and the tools that it may be met with."""

    tools: tuple[Tool, ...]
    request: str


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
FLAG = {"type": "boolean"}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _listing(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(item)}


def _about(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {**schema, "description": description}


def _tool(name: str, description: str, properties: Mapping[str, Any], required: int | None = None) -> Tool:
    """A tool of which the first `required` parameters, or all, must be given."""
    names = list(properties)
    schema = {"type": "object", "properties": dict(properties), "required": names[:required]}
    return Tool.from_schema(name, description, schema, lambda **_: None)


WORDS: Mapping[str, tuple[str, ...]] = {
    "city": ("Lisbon", "Osaka", "Cape Town", "Reykjavik", "São Paulo", "Minneapolis"),
    "person": ("Ada Lovelace", "Mr. O'Neill", "Wei Zhang", "my sister Julia", "Dr. Müller"),
    "file": ("notes.txt", "data/2024-report.csv", "src/main.py", "/etc/hosts", "photo (1).jpg"),
    "number": ("3", "17", "250", "1024", "42"),
    "amount": ("12.50", "0.99", "300", "1499.95"),
    "topic": ("solar panels", "the French Revolution", "sourdough bread", "black holes", "C++ templates"),
    "day": ("2025-03-14", "2024-12-31", "2026-07-01"),
    "time": ("08:30", "noon", "7 pm", "23:15"),
    "word": ("quick", "ünïcode", "hello world", "#hashtag", "it's"),
}

TABLE: tuple[tuple[Tool, tuple[str, ...]], ...] = (
    (
        _tool(
            "get_weather",
            "Weather in a city.",
            {"city": STRING, "unit": _about(_one_of("celsius", "fahrenheit"), "unit of the temperature")},
            1,
        ),
        ("What is the weather like in {city}?", "How hot is it in {city}, in fahrenheit?"),
    ),
    (
        _tool("get_time", "Local time in a city.", {"city": STRING}),
        ("What time is it in {city} now?", "I need to know the local time in {city}."),
    ),
    (
        _tool("get_weather_forecast", "Forecast for the next days.", {"city": STRING, "days": INTEGER}),
        ("Forecast for {city} for the next 5 days, please.", "Will it rain in {city} within {number} days?"),
    ),
    (
        _tool("math.factorial", "Factorial of a whole number.", {"n": INTEGER}),
        ("What is {number} factorial?", "Compute {number}!"),
    ),
    (
        _tool("math_power", "Raises a base to an exponent.", {"base": NUMBER, "exponent": NUMBER}),
        ("What is {number} to the power of 3?", "Raise 2 to the {number}th."),
    ),
    (
        _tool(
            "send_email",
            "Sends an email.",
            {"to": STRING, "subject": STRING, "body": STRING, "cc": _listing(STRING)},
            3,
        ),
        (
            "Write to {person} at info@example.org that the meeting is moved to {time}.",
            "Email bob@example.com with the subject Invoice and say that {amount} euros are due.",
        ),
    ),
    (
        _tool("read_file", "Reads a text file.", {"path": STRING, "encoding": _about(STRING, "default utf-8")}, 1),
        ("Show me what is in {file}.", "Open {file} as latin-1."),
    ),
    (
        _tool("delete_files", "Deletes files.", {"paths": _listing(STRING), "force": FLAG}, 1),
        ("Delete {file} and old.log.", "Remove {file}, by force if need be."),
    ),
    (
        _tool(
            "convert_currency",
            "Converts an amount of money.",
            {"amount": NUMBER, "from_currency": STRING, "to_currency": STRING},
        ),
        ("How many US dollars are {amount} euros?", "Convert {amount} JPY to GBP."),
    ),
    (
        _tool(
            "search-web",
            "Searches the web.",
            {"query": STRING, "max-results": _about(INTEGER, "how many pages at most"), "safe": FLAG},
            1,
        ),
        ("Find pages about {topic}.", "Search for {topic}, at most {number} results."),
    ),
    (
        _tool("search_library", "Searches books by title or author.", {"title": STRING, "author": STRING}, 0),
        ("Which books by {person} do you have?", "Is there a book called {topic}?"),
    ),
    (
        _tool(
            "create_event",
            "Puts an event into the calendar.",
            {
                "title": STRING,
                "start": _about(STRING, "date and time, ISO 8601"),
                "minutes": INTEGER,
                "attendees": _listing(STRING),
            },
            2,
        ),
        (
            "Lunch with {person} on {day} at 12:30, for an hour.",
            "Put a meeting about {topic} into my calendar on {day} at 09:00.",
        ),
    ),
    (
        _tool("set_alarm", "Sets an alarm.", {"time": STRING, "repeat": _one_of("never", "daily", "weekdays")}, 1),
        ("Wake me at {time}.", "Set an alarm for {time} on weekdays."),
    ),
    (
        _tool("translate", "Translates a text.", {"text": STRING, "target_language": STRING}),
        ('Translate "{word}" into German.', "How do you say {word} in Japanese?"),
    ),
    (
        _tool(
            "order_pizza",
            "Orders a pizza.",
            {"size": _one_of("small", "medium", "large"), "toppings": _listing(STRING), "address": STRING},
        ),
        (
            "A large pizza with mushrooms and olives to 12 High Street.",
            "Send a small pizza with ham to Station Road {number}.",
        ),
    ),
    (
        _tool("area.of.triangle", "Area of a triangle.", {"base": NUMBER, "height": NUMBER, "unit": STRING}, 2),
        (
            "How large is a triangle with a base of {number} and a height of 5?",
            "Area of a triangle, base 2.5 cm, height {number} cm?",
        ),
    ),
    (
        _tool(
            "add_contact",
            "Adds a person to the address book.",
            {
                "name": STRING,
                "phone": {
                    "type": "object",
                    "properties": {"number": STRING, "kind": _one_of("home", "work", "mobile")},
                    "required": ["number", "kind"],
                },
            },
        ),
        ("Save {person}, mobile 0171 555 {number}.", "New contact: {person}, at work +44 20 7946 0{number}."),
    ),
    (
        _tool("list_sensors", "Lists all sensors of the house.", {}),
        ("Which sensors do I have?", "List the sensors in the house."),
    ),
    (
        _tool("set_light", "Switches a lamp.", {"room": STRING, "on": FLAG, "brightness": INTEGER}, 2),
        ("Turn off the light in the kitchen.", "Bedroom lamp on, {number} percent."),
    ),
    (
        _tool("count_words", "Counts words in a text.", {"text": STRING, "case_sensitive": FLAG}, 1),
        ('How many words are in "{word} {topic}"?', "Count the words of: {topic} and {topic}"),
    ),
    (
        _tool("statistics.mean", "Mean of numbers.", {"values": _listing(NUMBER)}),
        ("Average of 3, 4.5, {number} and -2?", "What is the mean of {number}, {number} and 0.25?"),
    ),
    (
        _tool("sort_list", "Sorts a list.", {"items": _listing(STRING), "reverse": FLAG}, 1),
        ("Sort pear, apple and {word}.", "Put Zoe, Ali and {person} in reverse alphabetical order."),
    ),
    (
        _tool(
            "book_flight",
            "Books a flight.",
            {"origin": STRING, "destination": STRING, "date": STRING, "seats": INTEGER},
            3,
        ),
        ("Fly me from {city} to {city} on {day}.", "Two seats from {city} to Oslo on {day}, please."),
    ),
    (
        _tool("run_sql", "Runs a SQL query on the shop's database (tables orders, customers).", {"query": STRING}),
        ("How many orders did customers place since {day}?", "Names of all customers from {city}, from the database."),
    ),
)


def cases(count: int, seed: int = 1) -> list[Case]:
    """As many cases, in sets of a few that share their tools, so that these are read once."""
    draw = random.Random(seed)
    made: list[Case] = []
    while len(made) < count:
        entries = draw.sample(TABLE, draw.randint(2, 6))
        tools = tuple(tool for tool, _ in entries)
        for i in range(min(CASES_A_SET, count - len(made))):
            requests = entries[i % len(entries)][1]
            made.append(Case(tools, _filled(requests[(i // len(entries) + draw.randint(0, 1)) % len(requests)], draw)))
    return made


def _filled(request: str, draw: random.Random) -> str:
    for kind, words in WORDS.items():
        while f"{{{kind}}}" in request:
            request = request.replace(f"{{{kind}}}", draw.choice(words), 1)
    return request
