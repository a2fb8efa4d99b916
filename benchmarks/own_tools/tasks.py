"""Tasks in these worlds, each with an answer that is right and what is to be different after it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.own_tools.worlds import WORLDS, State

_NO = r"\b(no|not|cannot|could not|nobody|none|nothing)\b|n't\b"


@dataclass(frozen=True, slots=True)
class Task:
    """A task as a person would type it.

    Attributes:
        good: a right answer.
        says: patterns that all stand in a right answer, without regard to case.
        never: patterns that stand in none.
        change: makes of the world's state what it is to be afterwards; None where it is to stay as it is.
    """

    world: str
    text: str
    good: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    change: Callable[[State], Any] | None = None

    def expected(self) -> State:
        """The state that is right afterwards."""
        state = WORLDS[self.world][0]()
        if self.change:
            self.change(state)
        return state

    def is_right(self, answer: str, state: State) -> bool:
        if answer.rstrip().endswith("?"):
            return False
        text = answer.replace(",", "")
        said = all(re.search(pattern, text, re.IGNORECASE) for pattern in self.says)
        return said and not any(re.search(p, text, re.IGNORECASE) for p in self.never) and self.is_as_wanted(state)

    def is_as_wanted(self, state: State) -> bool:
        """Whether the state is right; JSON texts count by what they hold, others but for the last newline."""
        return _plain(state) == _plain(self.expected())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value.rstrip("\n") if isinstance(value, str) else value


def _number(value: str) -> str:
    return rf"(?<![\d.]){value}(?!\d)"


def _put(name: str, text: str) -> Callable[[State], Any]:
    return lambda state: state.update({name: text})


TASKS = (
    Task("documents", "What do rent, food and power cost together, by budget.txt?", "1205.", (_number("1205"),)),
    Task("documents", "How many hours do the devs work together?", "72 hours.", (_number("72"),)),
    Task("documents", "When and where is the next meeting?", "On 17 June, in room 4.", ("17|seventeen", "room 4")),
    Task("documents", "Save the total of the budget as total.txt.", "Saved.", change=_put("total.txt", "1205")),
    Task(
        "documents",
        "Set debug to false in config.json.",
        "It is false now.",
        change=_put("config.json", '{"port": 8080, "debug": false}'),
    ),
    Task("documents", "What is the wifi password?", "plover-77", ("plover-77",)),
    Task("documents", "Who of the guests eats no meat?", "Mia and Pia.", (r"\bmia\b", r"\bpia\b"), ("noah", "quentin")),
    Task("documents", "Which port does the config name, and what is it doubled?", "8080; 16160.", (_number("16160"),)),
    Task(
        "documents",
        "How long is Ada's phone number?",
        "I could not find it.",
        (_NO,),
        (r"\bis \d+", r"\d+ (digits|char)"),
    ),
    Task(
        "documents",
        "Write the names of all devs into devs.txt, one a line.",
        "Written.",
        change=_put("devs.txt", "Ben\nCleo\n"),
    ),
    Task("shop", "What do the orders of Kim Lund cost in all?", "47 euros.", (_number("47"),)),
    Task("shop", "Refund Kim Lund's most expensive order.", "Done.", change=lambda s: s["refunded"].append(12)),
    Task("shop", "Who has more orders, Kim Lund or Mara Ito?", "Kim Lund.", ("kim",), ("mara ito has more", "same")),
    Task("shop", "Is the blue kettle cheaper than the green teapot?", "No, it is not.", (rf"{_NO}|more expensive",)),
    Task(
        "calendar",
        "Am I free on Friday at 10?",
        "No, the bank calls.",
        (rf"{_NO}|call with the bank",),
        ("are free", "am free"),
    ),
    Task(
        "calendar",
        "Move my dentist appointment to Thursday at 15:00.",
        "Moved.",
        change=lambda s: s["dates"].update(dentist=["Thursday", "15:00"]),
    ),
    Task(
        "calendar",
        "Tell Ola by mail that I am 10 minutes late for our lunch.",
        "Sent.",
        change=lambda s: s["mails"].append("ola@mail.example"),
    ),
    Task("calendar", "How many appointments do I have on Friday?", "2.", (rf"{_number('2')}|\btwo\b",)),
    Task("library", "Who has borrowed Emma?", "Uta.", (r"\buta\b",)),
    Task("library", "In which year did Walden appear?", "1854.", (_number("1854"),)),
    Task("library", "Which of our books is the oldest?", "Emma.", ("emma",)),
    Task(
        "library",
        "Is Nature on the shelf?",
        "It is on the shelf.",
        ("on the shelf|yes|not been borrowed",),
        ("not on the",),
    ),
    Task("library", "Tom has brought Moby Dick back.", "Noted.", change=lambda s: s["loans"].pop("b1")),
    Task("library", "Reserve Emma for Vera.", "Done.", change=lambda s: s["reserved"].append(["b3", "Vera"])),
    Task("library", "How many essays do we have?", "2.", (rf"{_number('2')}|\btwo\b",)),
    Task("library", "Do we have the book Dracula?", "No, we do not.", (_NO,)),
    Task("home", "How warm is it in the bedroom?", "21 degrees.", (_number(r"21(\.0+)?"),)),
    Task("home", "Which room is the coldest?", "The hall.", ("hall",), ("kitchen is the cold", "bedroom is the cold")),
    Task("home", "Is the light in the kitchen on?", "Yes, it is on.", (r"\bon\b|yes",), (_NO, r"\boff\b")),
    Task("home", "Switch off the lamp in the kitchen.", "Done.", change=lambda s: s["lamps"].update(kitchen="off")),
    Task(
        "home",
        "Turn all lamps off, please.",
        "Done.",
        change=lambda s: s["lamps"].update(dict.fromkeys(s["lamps"], "off")),
    ),
    Task("home", "Is 'call Ben' on my to-do list?", "Yes, it is on the list.", ("yes|is on",), (_NO,)),
    Task(
        "home", "I have bought the milk; take it off the list.", "Done.", change=lambda s: s["todo"].remove("buy milk")
    ),
    Task(
        "home", "Put 'water the roses' on my to-do list.", "Done.", change=lambda s: s["todo"].append("water the roses")
    ),
    Task("home", "What is the mean temperature of the rooms?", "19.17 degrees.", (_number(r"19\.1\d*|19\.2"),)),
    Task("home", "What does the lamp of the cellar say?", "There is no lamp in a cellar.", (_NO,)),
)
