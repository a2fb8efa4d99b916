"""What was once remembered, alone and together with files."""

import re

from benchmarks.tasks.answers import Clock, Digits, Figure, Phrase
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits


def _oil(hands: Hands) -> str:
    need = float(re.findall(r"takes (\S+) litres", hands.recall("oil"))[0])
    hands.look()
    have = next(float(row["litres"]) for row in hands.rows("boathouse.csv") if row["what"] == "engine oil")
    return f"You have to buy {hands.calculate(need - have)} litres."


def _shoes(hands: Hands) -> str:
    size = re.findall(r"size (\d+)", hands.recall("Mia"))[0]
    hands.look()
    shoes = [row["model"] for row in hands.rows("offers/shoes.csv") if row["size"] == size]
    return f"{shoes[0]} fits her."


def _menu(hands: Hands) -> str:
    harmful = hands.recall("Oskar").split("allergic to ")[1].split(",")[0]
    hands.look()
    dish = next(line for line in hands.read("party/menu.md").splitlines() if harmful in line)
    return f"Oskar must not eat the {dish.split(':')[0].removeprefix('- ')}."


def _ferry(hands: Hands) -> str:
    hands.look()
    departure = re.findall(r"ferry leaves Aalborg at (\S+)", hands.read("trip/plan.md"))[0]
    hands.remember(f"The ferry leaves at {departure}.")
    return "I will remember the departure."


def _alarm(hands: Hands) -> str:
    return f"You told me {re.findall(r'is ([0-9]+)', hands.recall('alarm'))[0]}."


def _garage(hands: Hands) -> str:
    rent = float(re.findall(r"(\d+) euros a month", hands.recall("garage"))[0])
    return f"That makes {hands.calculate(rent * 12):.0f} euros a year."


def _budget(hands: Hands) -> str:
    limit = float(re.findall(r"more than (\d+)", hands.recall("kitchen"))[0])
    hands.look()
    rows = [row for row in hands.rows("quotes.csv") if float(row["price"]) <= limit]
    return f"Only {rows[0]['firm']} is within your limit."


def _doctor(hands: Hands) -> str:
    name = re.findall(r"vet is (Dr\. \w+)", hands.recall("vet"))[0]
    hands.look()
    row = next(row for row in hands.rows("addresses.csv") if row["name"] == name)
    return f"The number of your vet is {row['phone']}."


TASKS = (
    Task(
        id="memory-oil",
        split="dev",
        text=(
            "I noted how much oil the boat's engine takes. The list of the boathouse says what we have. "
            "How many litres of oil do I have to buy?"
        ),
        notes=("The engine of the boat takes 6.5 litres of oil.", "The boat's mooring is number 31."),
        files={"boathouse.csv": "what,litres\nengine oil,2\npaint,3.5\ndiesel,40\n"},
        check=Check(says=(Figure(4.5),)),
        solve=_oil,
        traits=traits("three_calls", "two_sources"),
    ),
    Task(
        id="memory-shoes",
        split="held",
        text="Which model among the offers would fit Mia? You know her shoe size.",
        notes=("Mia wears shoe size 34.", "Jette wears shoe size 36.", "Mia likes green."),
        files={"offers/shoes.csv": "model,size,price\nArla,36,39\nRivo,34,45\nTamo,33,29\n"},
        check=Check(says=(Phrase("Rivo"),), never=(Phrase("Arla"), Phrase("Tamo"))),
        solve=_shoes,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="memory-menu",
        split="dev",
        text="Which dish of the party menu must Oskar not eat, after what I told you about him?",
        notes=("Oskar is allergic to hazelnuts, badly.", "Lilian is allergic to shrimps."),
        files={
            "party/menu.md": (
                "- mushroom soup: mushrooms, cream, onions\n- green curry: shrimps, rice, basil\n"
                "- Turin cake: chocolate, hazelnuts, eggs\n- fruit salad: apples, grapes\n"
            ),
            "party/music.md": "- quiet until nine\n",
        },
        check=Check(says=(Phrase("Turin cake"),), never=(Phrase("green curry"),)),
        solve=_menu,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="memory-ferry",
        split="held",
        text="Remember when our ferry leaves: it is in the travel plan.",
        files={
            "trip/plan.md": "# Plan\n\n- the train leaves Hamburg at 06:20\n- the ferry leaves Aalborg at 13:45\n",
            "trip/packing.md": "- raincoat\n",
        },
        check=Check(remembers=(Clock(13, 45), Phrase("ferry"))),
        solve=_ferry,
        traits=traits("three_calls", "distractor"),
    ),
    Task(
        id="memory-alarm",
        split="dev",
        text="What code for the alarm did I tell you?",
        notes=("The code of the alarm system is 7093.", "The code of the garden gate is 2218."),
        check=Check(says=(Digits("7093"),), never=(Digits("2218"),)),
        solve=_alarm,
        traits=traits("distractor"),
    ),
    Task(
        id="memory-garage",
        split="held",
        text="You know the rent of my garage. What does it come to in a whole year?",
        notes=("I rent the garage for 85 euros a month.", "I rent the garden for 240 euros a year."),
        check=Check(says=(Figure(1020),), never=(Figure(240),)),
        solve=_garage,
        traits=traits("distractor"),
    ),
    Task(
        id="memory-kitchen",
        split="dev",
        text="Which of the firms that sent a quote stays within what I want to spend on the kitchen, as I told you?",
        notes=("The kitchen must not cost more than 8200 euros.", "The bathroom must not cost more than 9500 euros."),
        files={"quotes.csv": "firm,price\nNordholz,9150\nPelle & Co,7980\nKrafft,8600\n"},
        check=Check(says=(Phrase("Pelle"),), never=(Phrase("Krafft"), Phrase("Nordholz"))),
        solve=_budget,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="memory-vet",
        split="held",
        text="What is the phone number of our vet? You know the name, the number is in my addresses.",
        notes=("Our vet is Dr. Sommer.", "Our dentist is Dr. Winter."),
        files={
            "addresses.csv": "name,phone\nDr. Herbst,040 5550 160\nDr. Sommer,040 5550 372\nDr. Winter,040 5550 945\n"
        },
        check=Check(says=(Digits("0405550372"),), never=(Digits("0405550945"), Digits("0405550160"))),
        solve=_doctor,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
)
