"""Change one thing in a file and leave the rest as it is."""

import json

from benchmarks.tasks.files import Exactly, JsonValue, TomlValue
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_SHOPPING = "- eggs\n- flour\n- washing powder\n"
_VIEWER = "[window]\nwidth = 900\ncolour = teal\n\n[font]\nsize = 12\n"
_SERVICES = """[mail]
host = "mail.internal"
timeout_s = 20

[web]
host = "web.internal"
timeout_s = 30
"""
_CONTACTS = [
    {"name": "Lena Voss", "phone": "0171 5550 113", "town": "Kiel"},
    {"name": "Leo Voss", "phone": "0171 5550 114", "town": "Kiel"},
    {"name": "Mina Falk", "phone": "0172 5550 290", "town": "Bonn"},
]
_NEW_CONTACTS = [{**_CONTACTS[0], "phone": "0175 5550 648"}, *_CONTACTS[1:]]
_TODO = "# To do\n\n- [x] order firewood\n- [ ] clean the roof gutter\n- [ ] call the roofer\n"
_LETTER = """To Goldhamer & Sons

Dear Mr Goldhamer,

thank you for your offer. We would like to visit the Goldhamer workshop next week.
"""
_GUESTS = "Ada Brook\nViktor Olsen\nViktoria Olsen\nWim Peters\n"
_BALANCES = "date,balance\n2024-04-30,1204.10\n2024-05-31,980.55\n"
_RECIPE = "# Pancakes\n\nServes: 2\n\n- flour: 120 g\n- milk: 250 ml\n- eggs: 1\n"


def _append(hands: Hands) -> str:
    hands.look()
    hands.write("lists/shopping.txt", hands.read("lists/shopping.txt") + "- oat milk\n")
    return "Oat milk is on the list."


def _rename(hands: Hands) -> str:
    hands.look()
    hands.read("viewer.ini")
    hands.edit("viewer.ini", "colour", "color")
    return "The key is now called color."


def _timeout(hands: Hands) -> str:
    hands.look()
    hands.read("config/services.toml")
    hands.edit("config/services.toml", "timeout_s = 20", "timeout_s = 45")
    return "Done: the mail service now waits that long."


def _phone(hands: Hands) -> str:
    hands.look()
    hands.read("contacts.json")
    hands.edit("contacts.json", "0171 5550 113", "0175 5550 648")
    return "Lena's new phone number is saved."


def _tick(hands: Hands) -> str:
    hands.look()
    hands.read("todo.md")
    hands.edit("todo.md", "[ ] clean the roof", "[x] clean the roof")
    return "Ticked off."


def _spelling(hands: Hands) -> str:
    text = hands.read("letter.txt")
    hands.write("letter.txt", text.replace("Goldhamer", "Goldhammer"))
    return "The name is now spelt right throughout."


def _guest(hands: Hands) -> str:
    hands.look()
    text = hands.read("party/guests.txt")
    hands.write("party/guests.txt", text.replace("Viktor Olsen\n", ""))
    return "He is off the list."


def _balance(hands: Hands) -> str:
    newest = hands.read(hands.look("statements/")[-1])
    date, amount = newest.split("Date: ")[1][:10], newest.split("Balance: ")[1].split()[0]
    hands.write("balances.csv", hands.read("balances.csv") + f"{date},{amount}\n")
    return "The line is added."


def _servings(hands: Hands) -> str:
    text = hands.read("recipes/pancakes.md")
    for old, new in (("Serves: 2", "Serves: 6"), ("120 g", "360 g"), ("250 ml", "750 ml"), ("eggs: 1", "eggs: 3")):
        text = text.replace(old, new)
    hands.write("recipes/pancakes.md", text)
    return "The pancakes are now for six."


TASKS = (
    Task(
        id="edits-append",
        split="held",
        text="Put oat milk on my shopping list.",
        files={"lists/shopping.txt": _SHOPPING, "lists/hardware.txt": "- screws\n- tape\n"},
        check=Check(files={"lists/shopping.txt": Exactly(_SHOPPING + "- oat milk\n", (_SHOPPING + "- Oat milk\n",))}),
        solve=_append,
        traits=traits("three_calls"),
    ),
    Task(
        id="edits-rename",
        split="dev",
        text="The viewer's config must have the key `color` instead of `colour`, with the same value. Rename it.",
        files={"viewer.ini": _VIEWER, "player.ini": "[window]\ncolour = grey\n"},
        check=Check(files={"viewer.ini": Exactly(_VIEWER.replace("colour", "color"))}),
        solve=_rename,
        traits=traits("three_calls"),
    ),
    Task(
        id="edits-timeout",
        split="held",
        text="Set the timeout of the mail service to 45 seconds.",
        files={"config/services.toml": _SERVICES, "config/README.md": "One table for each service.\n"},
        check=Check(
            files={
                "config/services.toml": TomlValue(
                    {
                        "mail": {"host": "mail.internal", "timeout_s": 45},
                        "web": {"host": "web.internal", "timeout_s": 30},
                    }
                )
            }
        ),
        solve=_timeout,
        traits=traits("three_calls"),
    ),
    Task(
        id="edits-phone",
        split="dev",
        text="Lena has a new phone number, 0175 5550 648. Please change it in my contacts.",
        files={"contacts.json": json.dumps(_CONTACTS, indent=2) + "\n", "birthdays.txt": "Lena: 3 July\n"},
        check=Check(files={"contacts.json": JsonValue(_NEW_CONTACTS)}),
        solve=_phone,
        traits=traits("three_calls"),
    ),
    Task(
        id="edits-tick",
        split="held",
        text="I have cleaned the roof gutter: tick it off in my todo list.",
        files={"todo.md": _TODO, "ideas.md": "- a second rain barrel\n"},
        check=Check(
            files={
                "todo.md": Exactly(
                    _TODO.replace("[ ] clean", "[x] clean"),
                    (_TODO.replace("[ ] clean", "[X] clean"),),
                )
            }
        ),
        solve=_tick,
        traits=traits("three_calls"),
    ),
    Task(
        id="edits-spelling",
        split="dev",
        text="In letter.txt the name Goldhamer is misspelt. It is Goldhammer, with two m. Correct it everywhere.",
        files={"letter.txt": _LETTER},
        check=Check(files={"letter.txt": Exactly(_LETTER.replace("Goldhamer", "Goldhammer"))}),
        solve=_spelling,
    ),
    Task(
        id="edits-guest",
        split="held",
        text="Viktor Olsen can't come to the party. Take him off the guest list.",
        files={"party/guests.txt": _GUESTS, "party/food.txt": "dumplings\nlemonade\n"},
        check=Check(files={"party/guests.txt": Exactly(_GUESTS.replace("Viktor Olsen\n", ""))}),
        solve=_guest,
        traits=traits("three_calls"),
    ),
    Task(
        id="edits-balance",
        split="dev",
        text="The newest bank statement is not yet in balances.csv. Add its line at the end.",
        files={
            "balances.csv": _BALANCES,
            "statements/2024-05.txt": "Statement\nDate: 2024-05-31\nBalance: 980.55 EUR\n",
            "statements/2024-06.txt": "Statement\nDate: 2024-06-28\nBalance: 1377.20 EUR\n",
        },
        check=Check(
            files={
                "balances.csv": Exactly(_BALANCES + "2024-06-28,1377.20\n", (_BALANCES + "2024-06-28,1377.2\n",)),
            }
        ),
        solve=_balance,
        traits=traits("three_calls", "two_sources"),
    ),
    Task(
        id="edits-servings",
        split="held",
        text="Change recipes/pancakes.md so that it serves 6, with all the amounts to match.",
        files={"recipes/pancakes.md": _RECIPE, "recipes/soup.md": "# Soup\n\nServes: 4\n\n- peas: 300 g\n"},
        check=Check(
            files={
                "recipes/pancakes.md": Exactly("# Pancakes\n\nServes: 6\n\n- flour: 360 g\n- milk: 750 ml\n- eggs: 3\n")
            }
        ),
        solve=_servings,
    ),
)
