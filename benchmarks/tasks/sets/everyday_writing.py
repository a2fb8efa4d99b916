"""Everyday: add to a file, change it, make one, and turn one format into another."""

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tasks.files import CsvRows, Exactly, JsonValue
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits


@dataclass(frozen=True, slots=True)
class Lines:
    """These lines in any case; with bullets or full stops or blank lines, if one likes."""

    lines: tuple[str, ...]

    def problem(self, path: Path) -> str | None:
        written = [re.sub(r"^(?:[-*•]|\d+[.)])\s+", "", line.strip()) for line in path.read_text("utf-8").splitlines()]
        found = tuple(line.rstrip(".,").lower() for line in written if line)
        return None if found == tuple(line.lower() for line in self.lines) else f"{path.name} holds {found!r}"[:200]


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """One Markdown table with these rows, the header first and in any case; figures are compared as numbers."""

    rows: tuple[tuple[str, ...], ...]

    def problem(self, path: Path) -> str | None:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if "|" in line]
        rows = [[cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")] for line in lines]
        if len(rows) < 2 or not all(re.fullmatch(":?-+:?", cell) for cell in rows[1]):
            return f"{path.name} holds no table"
        found = [[_plain(cell) for cell in row] for row in (rows[0], *rows[2:])]
        wanted = [[_plain(cell) for cell in row] for row in self.rows]
        return None if found == wanted else f"{path.name} holds {found!r}"[:200]


def _plain(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell.lower()


_ERRANDS = "post office\ndry cleaner\nreturn the library books\n"
_FUEL = "date,litres,euros\n2025-04-02,38.2,66.85\n2025-04-21,40.1,69.37\n"
_PLAYER = "[sound]\nvolume = 35\nbass = 4\n\n[list]\nshuffle = no\n"
_INVITATION = """Dear all,

come to our summer party on Friday, 12 July, at six in the garden.
Bring a salad or a cake.

Nell and Ivo
"""
_CITIES = "city,country,people\nPorto,Portugal,231800\nGraz,Austria,298479\nAarhus,Denmark,290598\n"
_MENU = "dish,price\nOnion soup,6.50\nTrout,17.90\nApple pie,5.25\n"
_SCORES = "Ann: 31\nBoris: 27\nChloe: 40\nDeniz: 35\n"


def _errands(hands: Hands) -> str:
    hands.write("errands.txt", hands.read("errands.txt") + "call the plumber\n")
    return "I have added it."


def _fuel(hands: Hands) -> str:
    hands.write("fuel.csv", hands.read("fuel.csv") + "2025-05-12,41.5,72.35\n")
    return "The line is in fuel.csv."


def _gifts(hands: Hands) -> str:
    hands.write("gifts.txt", "scarf for Mum\npuzzle for Tim\ntea for Aunt Rose\n")
    return "gifts.txt is there."


def _volume(hands: Hands) -> str:
    hands.read("player.ini")
    hands.edit("player.ini", "volume = 35", "volume = 60")
    return "The volume is set."


def _party(hands: Hands) -> str:
    hands.look()
    hands.read("invitation.txt")
    hands.edit("invitation.txt", "Friday, 12 July", "Saturday, 13 July")
    return "The invitation has the new day."


def _cities(hands: Hands) -> str:
    hands.write("cities.json", json.dumps(hands.rows("cities.csv"), indent=2))
    return "The cities are in cities.json."


def _menu(hands: Hands) -> str:
    header, *rows = csv.reader(io.StringIO(hands.read("menu.csv")))
    lines = [" | ".join(row) for row in (header, ["---"] * len(header), *rows)]
    hands.write("menu.md", "".join(f"| {line} |\n" for line in lines))
    return "The table is in menu.md."


def _scores(hands: Hands) -> str:
    hands.write("scores.csv", "name,points\n" + hands.read("scores.txt").replace(": ", ","))
    return "scores.csv has a row for each name."


_WRITE = (
    Task(
        id="write-errands",
        split="everyday",
        text='Add "call the plumber" at the end of errands.txt',
        files={"errands.txt": _ERRANDS},
        check=Check(
            files={"errands.txt": Exactly(_ERRANDS + "call the plumber\n", (_ERRANDS + "Call the plumber\n",))},
        ),
        solve=_errands,
    ),
    Task(
        id="write-fuel",
        split="everyday",
        text="On 12 May 2025 I got 41.5 litres of petrol for 72.35 euros. Please add that to fuel.csv.",
        files={"fuel.csv": _FUEL, "service.txt": "oil change in autumn\n"},
        check=Check(
            files={
                "fuel.csv": CsvRows(
                    (
                        ("date", "litres", "euros"),
                        ("2025-04-02", "38.2", "66.85"),
                        ("2025-04-21", "40.1", "69.37"),
                        ("2025-05-12", "41.5", "72.35"),
                    )
                )
            }
        ),
        solve=_fuel,
    ),
    Task(
        id="write-gifts",
        split="everyday",
        text="Make a file gifts.txt with three lines: scarf for Mum, puzzle for Tim, tea for Aunt Rose.",
        files={"cards.txt": "12 cards, 12 envelopes\n"},
        check=Check(files={"gifts.txt": Lines(("scarf for Mum", "puzzle for Tim", "tea for Aunt Rose"))}),
        solve=_gifts,
    ),
    Task(
        id="write-volume",
        split="everyday",
        text="Set the volume in player.ini to 60.",
        files={"player.ini": _PLAYER, "stations.txt": "Radio Nova\nJazz FM\n"},
        check=Check(
            files={
                "player.ini": Exactly(
                    _PLAYER.replace("volume = 35", "volume = 60"), (_PLAYER.replace("volume = 35", "volume=60"),)
                )
            }
        ),
        solve=_volume,
    ),
    Task(
        id="write-party",
        split="everyday",
        text="The party has moved to Saturday, 13 July. Change it in the invitation.",
        files={"invitation.txt": _INVITATION, "music.txt": "ask Ivo's cousin\n"},
        check=Check(
            files={"invitation.txt": Exactly(_INVITATION.replace("Friday, 12 July", "Saturday, 13 July"))},
        ),
        solve=_party,
        traits=traits("three_calls"),
    ),
)
_TURN = (
    Task(
        id="turn-cities",
        split="everyday",
        text="Turn cities.csv into cities.json, a list with an object for each city.",
        files={"cities.csv": _CITIES},
        check=Check(
            files={
                "cities.json": JsonValue(
                    [
                        {"city": "Porto", "country": "Portugal", "people": 231800},
                        {"city": "Graz", "country": "Austria", "people": 298479},
                        {"city": "Aarhus", "country": "Denmark", "people": 290598},
                    ]
                )
            }
        ),
        solve=_cities,
    ),
    Task(
        id="turn-menu",
        split="everyday",
        text="Make a Markdown table out of menu.csv and save it as menu.md",
        files={"menu.csv": _MENU, "wines.txt": "white: Riesling\nred: Merlot\n"},
        check=Check(
            files={
                "menu.md": MarkdownTable(
                    (("dish", "price"), ("Onion soup", "6.50"), ("Trout", "17.90"), ("Apple pie", "5.25"))
                )
            }
        ),
        solve=_menu,
    ),
    Task(
        id="turn-scores",
        split="everyday",
        text="Make a CSV file scores.csv from scores.txt, with the columns name and points.",
        files={"scores.txt": _SCORES},
        check=Check(
            files={
                "scores.csv": CsvRows(
                    (("name", "points"), ("Ann", "31"), ("Boris", "27"), ("Chloe", "40"), ("Deniz", "35"))
                )
            }
        ),
        solve=_scores,
    ),
)
TASKS = (*_WRITE, *_TURN)
