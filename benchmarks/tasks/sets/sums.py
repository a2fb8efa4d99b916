"""Add up, average, count and compare what stands in files."""

import json

from benchmarks.tasks.answers import Day, Figure, Phrase
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_MARCH = """date,shop,category,amount
2024-03-02,Greenway,groceries,41.10
2024-03-09,Bookroom,books,18.00
2024-03-16,Greenway,groceries,29.95
"""
_APRIL = """date,shop,category,amount
2024-04-01,Greenway,groceries,34.20
2024-04-04,Shoe Barn,clothes,79.90
2024-04-11,Market,groceries,12.70
2024-04-19,Cinema,leisure,11.50
2024-04-27,Greenway,groceries,50.45
"""


def _groceries(hands: Hands) -> str:
    hands.look()
    amounts = [float(row["amount"]) for row in hands.rows("expenses/april.csv") if row["category"] == "groceries"]
    return f"You spent {hands.calculate(sum(amounts)):.2f} on groceries."


def _runs(hands: Hands) -> str:
    hands.look()
    lengths = [float(line.split()[1]) for line in hands.read("sport/running.txt").splitlines()]
    return f"Your runs are {hands.calculate(sum(lengths) / len(lengths))} km long on average."


def _bills(hands: Hands) -> str:
    totals = {path: float(hands.read(path).split("\nTotal: ")[1].split()[0]) for path in hands.look("bills/")}
    highest = max(totals, key=lambda path: totals[path])
    return f"The highest is {highest}: {totals[highest]:.2f}."


def _shed(hands: Hands) -> str:
    hands.look()
    items = json.loads(hands.read("shed/stock.json"))
    return f"The stock is worth {hands.calculate(sum(i['pieces'] * i['price_each'] for i in items))}."


def _hours(hands: Hands) -> str:
    hands.look()
    hours = [float(row["hours"]) for row in hands.rows("timesheets/week14.csv") if row["name"] == "Jonas"]
    return f"Jonas worked {hands.calculate(sum(hours))} hours."


_BOOKS = {
    "Dune": "Pia",
    "Emma": None,
    "Solaris": "Ravi",
    "Kim": "Pia",
    "Momo": None,
    "Hunger": "Lou",
    "Ulysses": None,
    "Persuasion": "Lou",
    "Middlemarch": "Ravi",
    "Silas Marner": None,
    "Walden": "Pia",
    "Nana": "Sven",
    "Germinal": "Sven",
}


def _lent(hands: Hands) -> str:
    hands.look()
    books = json.loads(hands.read("library.json"))
    return f"{sum(book['lent_to'] is not None for book in books)} books are lent out."


def _holiday(hands: Hands) -> str:
    hands.look()
    planned = sum(json.loads(hands.read("trip/plan.json")).values())
    spent = sum(float(row["amount"]) for row in hands.rows("trip/receipts.csv"))
    hands.calculate(spent)
    return f"It cost {hands.calculate(spent - planned):.0f} more than planned."


def _range(hands: Hands) -> str:
    hands.look()
    rows = hands.rows("weather/may.csv")
    widest = max(rows, key=lambda row: int(row["max"]) - int(row["min"]))
    return f"The difference was largest on {widest['date']}."


TASKS = (
    Task(
        id="sums-groceries",
        split="dev",
        text="How much did I spend on groceries in April?",
        files={"expenses/march.csv": _MARCH, "expenses/april.csv": _APRIL},
        check=Check(says=(Figure(97.35),), never=(Figure(188.75), Figure(71.05), Figure(168.4))),
        solve=_groceries,
        traits=traits("three_calls"),
    ),
    Task(
        id="sums-runs",
        split="held",
        text="How long are my runs on average?",
        files={
            "sport/running.txt": "Mon 5.2 km\nWed 7.4 km\nThu 4.8 km\nSat 10.1 km\nSun 6.5 km\n",
            "sport/swimming.txt": "Tue 1.2 km\nFri 0.8 km\n",
        },
        check=Check(says=(Figure(6.8),), never=(Figure(1.0),)),
        solve=_runs,
        traits=traits("three_calls"),
    ),
    Task(
        id="sums-bills",
        split="dev",
        text="Which of the bills in the folder bills is the highest this year, and what does it come to?",
        files={
            "bills/internet.txt": "Internet 2024\nTotal: 143.88\n",
            "bills/power.txt": "Power 2024\nmeter: 1204 kWh\nTotal: 196.30\n",
            "bills/water.txt": "Water 2024\nLast year's total: 211.90\nTotal: 158.25\n",
        },
        check=Check(says=(Phrase("power|power.txt"), Figure(196.3)), never=(Figure(211.9),)),
        solve=_bills,
        traits=traits("three_calls", "distractor"),
    ),
    Task(
        id="sums-shed",
        split="held",
        text="What is all the stock in my shed worth together?",
        files={
            "shed/stock.json": json.dumps(
                [
                    {"item": "paint", "pieces": 6, "price_each": 14.5},
                    {"item": "brush", "pieces": 11, "price_each": 3.2},
                    {"item": "ladder", "pieces": 2, "price_each": 68.0},
                ],
                indent=2,
            ),
            "shed/todo.txt": "sweep the floor\n",
        },
        check=Check(says=(Figure(258.2),), never=(Figure(85.7),)),
        solve=_shed,
        traits=traits("three_calls"),
    ),
    Task(
        id="sums-hours",
        split="dev",
        text="How many hours did Jonas work in week 14?",
        files={
            "timesheets/week13.csv": "name,day,hours\nJonas,Mon,8\nJonas,Tue,7.5\nAmira,Mon,6\n",
            "timesheets/week14.csv": (
                "name,day,hours\nJonas,Mon,7.5\nAmira,Mon,8\nJonas,Wed,6\nAmira,Thu,5.5\nJonas,Fri,8.25\n"
            ),
        },
        check=Check(says=(Figure(21.75),), never=(Figure(15.5), Figure(35.25))),
        solve=_hours,
        traits=traits("three_calls"),
    ),
    Task(
        id="sums-lent",
        split="held",
        text="How many of my books are lent out at the moment?",
        files={
            "library.json": json.dumps([{"title": k, "lent_to": v} for k, v in _BOOKS.items()], indent=1),
            "wishlist.txt": "Orlando\nMrs Dalloway\n",
        },
        check=Check(says=(Figure(9),)),
        solve=_lent,
    ),
    Task(
        id="sums-holiday",
        split="dev",
        text="How much more did our trip cost than we had planned?",
        files={
            "trip/plan.json": json.dumps({"train": 240, "hotel": 520, "food": 300}, indent=2),
            "trip/receipts.csv": "what,amount\ntrain,268\nhotel,545\nfood,331\nmuseum,39\n",
            "trip/packing.txt": "tent\nstove\n",
        },
        check=Check(says=(Figure(123),), never=(Figure(84),)),
        solve=_holiday,
        traits=traits("three_calls", "two_sources"),
    ),
    Task(
        id="sums-range",
        split="held",
        text="On which day was the difference between the lowest and the highest temperature the largest?",
        files={
            "weather/may.csv": (
                "date,min,max\n2024-05-03,7,15\n2024-05-04,4,17\n2024-05-05,11,25\n2024-05-06,3,19\n2024-05-07,9,22\n"
            ),
        },
        check=Check(says=(Day(2024, 5, 6),), never=(Day(2024, 5, 5),)),
        solve=_range,
    ),
)
