"""Everyday: sums, averages and counts over a file, and small sums that need none."""

import json
from dataclasses import dataclass
from datetime import date

from benchmarks.tasks.answers import Figure, figures
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits


@dataclass(frozen=True, slots=True)
class Near:
    """A number that may be rounded: at most `within` off."""

    value: float
    within: float

    def found_in(self, answer: str) -> bool:
        return any(abs(number - self.value) <= self.within for number in figures(answer))


_DONATIONS = """name,amount
Ahmed,25.00
Beatrix,40.00
Clive,12.50
Dagny,100.00
Emil,60.00
Fatou,75.50
Gus,30.25
"""
_PHONE = "January 18.40\nFebruary 21.10\nMarch 19.75\nApril 18.40\nMay 25.60\nJune 22.15\n"
_PUPILS = (
    *("Abel", "Bianca", "Cem", "Dora", "Elias", "Freya", "Goran", "Hanna", "Igor"),
    *("Jolanda", "Kofi", "Lucia", "Milan", "Nele", "Otis", "Paula", "Quentin"),
)
_TODO = """# To do

- [x] water the tomatoes
- [ ] return the ladder
- [ ] book the campsite
- [x] pay the club
- [ ] write to Aunt Rose
- [x] buy stamps
- [ ] sort the photos
- [ ] sharpen the knives
"""
_DRIVES = [
    {"day": "2025-03-03", "to": "Bath", "km": 48},
    {"day": "2025-03-08", "to": "Exeter", "km": 112},
    {"day": "2025-03-15", "to": "Wells", "km": 23},
    {"day": "2025-03-22", "to": "Cardiff", "km": 207},
    {"day": "2025-03-29", "to": "Yeovil", "km": 64},
]
_DOOR = """07:02 opened
07:03 closed
07:48 opened
07:49 closed
12:15 opened
12:16 closed
13:01 opened
13:05 closed
15:30 opened
15:31 closed
17:44 opened
17:45 closed
19:20 opened
19:21 closed
22:10 locked
"""
_AROUND = {"notes.txt": "The new neighbours are nice.\n", "ideas.txt": "a shelf in the hall\n"}


def _donations(hands: Hands) -> str:
    amounts = [float(row["amount"]) for row in hands.rows("donations.csv")]
    return f"They add up to {hands.calculate(sum(amounts)):.2f}."


def _phone(hands: Hands) -> str:
    hands.look()
    amounts = [float(line.split()[1]) for line in hands.read("phone_bills.txt").splitlines()]
    return f"The average is {hands.calculate(sum(amounts) / len(amounts)):.2f}."


def _pupils(hands: Hands) -> str:
    return f"There are {len(hands.read('class_5b.txt').splitlines())} children in the class."


def _todo(hands: Hands) -> str:
    hands.look()
    return f"{hands.read('todo.md').count('[ ]')} things are still open."


def _drives(hands: Hands) -> str:
    hands.look()
    drives = json.loads(hands.read("car/drives_march.json"))
    return f"You drove {hands.calculate(sum(drive['km'] for drive in drives)):.0f} km."


def _door(hands: Hands) -> str:
    return f"The door was opened {hands.read('door.log').count('opened')} times."


def _shirts(hands: Hands) -> str:
    return f"That is {hands.calculate(3 * 19.9 + 24):.2f}."


def _days(hands: Hands) -> str:
    return f"It is {hands.calculate((date(2025, 6, 21) - date(2025, 3, 3)).days):.0f} days."


def _height(hands: Hands) -> str:
    return f"That is {hands.calculate((5 * 12 + 9) * 2.54):.2f} cm."


TASKS = (
    Task(
        id="count-donations",
        split="everyday",
        text="What do the donations in donations.csv add up to?",
        files={"donations.csv": _DONATIONS},
        check=Check(says=(Figure(343.25),)),
        solve=_donations,
    ),
    Task(
        id="count-phone",
        split="everyday",
        text="How much is my phone bill on average?",
        files={"phone_bills.txt": _PHONE, "contract.txt": "provider: Telia\nplan: Basic\n"},
        check=Check(says=(Figure(20.9),)),
        solve=_phone,
        traits=traits("three_calls"),
    ),
    Task(
        id="count-pupils",
        split="everyday",
        text="How many children are in the class? Their names are in class_5b.txt.",
        files={"class_5b.txt": "".join(f"{name}\n" for name in _PUPILS)},
        check=Check(says=(Figure(17),)),
        solve=_pupils,
    ),
    Task(
        id="count-todo",
        split="everyday",
        text="How many things on my todo list are still open?",
        files={"todo.md": _TODO, "someday.md": "- learn to sail\n"},
        check=Check(says=(Figure(5),)),
        solve=_todo,
    ),
    Task(
        id="count-drives",
        split="everyday",
        text="How many kilometres did I drive in March?",
        files={
            "car/drives_march.json": json.dumps(_DRIVES, indent=1) + "\n",
            "car/tyres.txt": "winter tyres are in the cellar\n",
        },
        check=Check(says=(Figure(454),)),
        solve=_drives,
        traits=traits("three_calls"),
    ),
    Task(
        id="count-door",
        split="everyday",
        text="How often was the door opened? It is all in door.log.",
        files={"door.log": _DOOR},
        check=Check(says=(Figure(7),)),
        solve=_door,
    ),
    Task(
        id="plain-shirts",
        split="everyday",
        text="I bought 3 shirts for 19.90 each and a belt for 24. What did I spend?",
        files=_AROUND,
        check=Check(says=(Figure(83.7),)),
        solve=_shirts,
    ),
    Task(
        id="plain-days",
        split="everyday",
        text="How many days is it from 3 March 2025 to 21 June 2025?",
        files=_AROUND,
        check=Check(says=(Figure(110),)),
        solve=_days,
    ),
    Task(
        id="plain-height",
        split="everyday",
        text="I am 5 feet 9 inches tall. How much is that in centimetres?",
        files=_AROUND,
        check=Check(says=(Near(175.26, within=0.3),)),
        solve=_height,
    ),
)
