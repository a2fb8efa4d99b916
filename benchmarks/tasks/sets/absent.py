"""Something that was asked for is not there: the right answer says so and invents nothing."""

import json

from benchmarks.tasks.answers import Absence, Day, Digits, Figure, Phrase
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits


def _passport(hands: Hands) -> str:
    assert all("passport" not in hands.read(path).lower() for path in hands.look("papers/"))
    return "The number of your passport is not in your papers."


def _carlos(hands: Hands) -> str:
    names = [row["name"] for path in hands.look("contacts/") for row in hands.rows(path)]
    assert "Carlos Mendes" not in names
    return "There is no Carlos Mendes in your contacts."


def _heating(hands: Hands) -> str:
    hands.look()
    rows = {row["month"]: row["amount"] for row in hands.rows("bills/heating.csv")}
    assert "August" not in rows
    return f"In July it was {rows['July']}; there is no entry for August."


def _birthdays(hands: Hands) -> str:
    hands.look()
    lines = dict(line.split(": ") for line in hands.read("family/birthdays.txt").splitlines())
    assert "Felix" not in lines
    return f"Nora's birthday is {lines['Nora']}; the birthday of Felix is not noted."


def _password(hands: Hands) -> str:
    hands.look()
    section = hands.read("app/settings.ini").split("[database]")[1].split("[")[0]
    assert "password" not in section
    return "The settings contain no password for the database."


def _caravan(hands: Hands) -> str:
    assert "insurance" not in hands.recall("caravan")
    return "You noted nothing about an insurance of the caravan."


def _stock(hands: Hands) -> str:
    hands.look()
    stock = {item["name"]: item["pieces"] for item in json.loads(hands.read("shop/stock.json"))}
    assert "hammock" not in stock
    return f"There are {stock['tent']} tents; hammocks are not in the list."


def _quotes(hands: Hands) -> str:
    hands.look()
    prices = {row["firm"]: row["price"] for row in hands.rows("roof/quotes.csv")}
    assert prices["Dachwerk"] == ""
    return f"Lauer wants {prices['Lauer']}; Dachwerk has not named a price."


_SETTINGS = """[database]
host = db.internal
user = app

[mail]
user = post
password = plum-kite-88
"""
_QUOTES = "firm,price,received\nLauer,6450,2024-03-04\nDachwerk,,2024-03-11\nZiegler,7120,2024-03-15\n"

TASKS = (
    Task(
        id="absent-passport",
        split="dev",
        text="What is the number of my passport? It should be among my papers.",
        files={
            "papers/licence.txt": "Driving licence no. 558120934, valid until 2031\n",
            "papers/library.txt": "Library card no. 20417, valid until 2026\n",
        },
        check=Check(says=(Absence("passport"),), never=(Digits("558120934"), Digits("20417"))),
        solve=_passport,
        traits=traits("three_calls", "distractor"),
    ),
    Task(
        id="absent-carlos",
        split="held",
        text="Please look up the phone number of Carlos Mendes in my contacts.",
        files={
            "contacts/club.csv": "name,phone\nCarla Mendes,0150 5550 771\nIda Storm,0150 5550 413\n",
            "contacts/work.csv": "name,phone\nCarlos Menzel,0162 5550 390\nUte Rau,0162 5550 118\n",
        },
        check=Check(says=(Absence("Carlos(?: Mendes)?"),), never=(Digits("01505550771"), Digits("01625550390"))),
        solve=_carlos,
        traits=traits("three_calls", "distractor"),
    ),
    Task(
        id="absent-heating",
        split="dev",
        text="How much was the heating in July, and how much in August?",
        files={
            "bills/heating.csv": "month,amount\nMay,96.20\nJune,71.45\nJuly,58.15\n",
            "bills/water.csv": "month,amount\nJuly,33.10\nAugust,35.60\n",
        },
        check=Check(says=(Figure(58.15), Absence("August", curt=False)), never=(Figure(35.6), Figure(71.45))),
        solve=_heating,
        traits=traits("distractor"),
    ),
    Task(
        id="absent-birthdays",
        split="held",
        text="When are the birthdays of Nora and of Felix?",
        files={
            "family/birthdays.txt": "Anton: 1987-03-30\nNora: 1991-10-21\nFilippa: 2015-06-08\n",
            "family/sizes.txt": "Felix: shirt M\n",
        },
        check=Check(says=(Day(1991, 10, 21), Absence("Felix", curt=False)), never=(Day(2015, 6, 8), Day(1987, 3, 30))),
        solve=_birthdays,
        traits=traits("distractor"),
    ),
    Task(
        id="absent-password",
        split="dev",
        text="Which password for the database is in the settings of my app?",
        files={"app/settings.ini": _SETTINGS, "app/main.py": "print('hello')\n"},
        check=Check(says=(Absence("passwords?"),), never=(Phrase("plum-kite-88"),)),
        solve=_password,
        traits=traits("distractor"),
    ),
    Task(
        id="absent-caravan",
        split="held",
        text="What did I note about the insurance of the caravan?",
        notes=("The tyres of the caravan need 3.2 bar.", "The insurance of the boat costs 184 euros a year."),
        check=Check(says=(Absence("insurance|caravan"),), never=(Figure(184), Figure(3.2))),
        solve=_caravan,
        traits=traits("distractor"),
    ),
    Task(
        id="absent-stock",
        split="dev",
        text="How many tents and how many hammocks have we got in stock?",
        files={
            "shop/stock.json": json.dumps(
                [{"name": "tent", "pieces": 37}, {"name": "hamper", "pieces": 52}, {"name": "stove", "pieces": 19}],
                indent=1,
            ),
            "shop/orders.txt": "hammer 4\n",
        },
        check=Check(says=(Figure(37), Absence("hammocks?", curt=False)), never=(Figure(52),)),
        solve=_stock,
        traits=traits("distractor"),
    ),
    Task(
        id="absent-quotes",
        split="held",
        text="What do Lauer and Dachwerk want for the new roof?",
        files={"roof/quotes.csv": _QUOTES, "roof/notes.txt": "ask for slate\n"},
        check=Check(says=(Figure(6450), Absence("Dachwerk", curt=False)), never=(Figure(7120),)),
        solve=_quotes,
        traits=traits("distractor"),
    ),
)
