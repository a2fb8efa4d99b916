"""Two sources, of which neither holds the answer alone."""

import json
import re
import tomllib

from benchmarks.tasks.answers import Figure, Phrase
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits


def _order(hands: Hands) -> str:
    hands.look()
    prices = {row["item"]: float(row["price"]) for row in hands.rows("prices.csv")}
    order = hands.rows("orders/petrov.csv")
    return f"The order comes to {hands.calculate(sum(int(r['pieces']) * prices[r['item']] for r in order)):.2f}."


def _hotel(hands: Hands) -> str:
    hands.look()
    crowns = float(re.findall(r"Total: ([\d,]+) SEK", hands.read("trip/hotel.txt"))[0].replace(",", ""))
    rate = float(re.findall(r"SEK = (\S+)", hands.read("trip/rates.ini"))[0])
    return f"The hotel cost {hands.calculate(crowns * rate):.2f} euros."


def _lyon(hands: Hands) -> str:
    hands.look()
    office = {row["name"] for row in hands.rows("staff.csv") if row["office"] == "Lyon"}
    june = {line.split(": ")[0] for line in hands.read("birthdays.txt").splitlines() if "June" in line}
    return f"{', '.join(office & june)} has a birthday in June."


def _physics(hands: Hands) -> str:
    hands.look()
    best = min(hands.rows("school/physics_test.csv"), key=lambda row: int(row["place"]))
    pupil = next(row for row in hands.rows("school/pupils.csv") if row["id"] == best["id"])
    return f"{pupil['name']} came first."


def _parcel(hands: Hands) -> str:
    hands.look()
    parcel = next(row for row in hands.rows("shipping/parcels.csv") if row["parcel"] == "P-204")
    tariff = tomllib.loads(hands.read("shipping/tariffs.toml"))["price"]
    return f"It costs {tariff[parcel['zone']]:.2f}."


def _bolts(hands: Hands) -> str:
    hands.look()
    part = next(p for p in json.loads(hands.read("stock/parts.json")) if p["part"] == "M8 bolt")
    return f"Write to {json.loads(hands.read('stock/suppliers.json'))[part['supplier']]['email']}."


def _pottery(hands: Hands) -> str:
    hands.look()
    room = re.findall(r"Thursday.*pottery, (\w+)", hands.read("schedule.md"))[0]
    seats = next(row["seats"] for row in hands.rows("rooms.csv") if row["room"] == room)
    return f"The room has {seats} seats."


def _train(hands: Hands) -> str:
    hands.look()
    line = next(line for line in hands.read("calendar/june.txt").splitlines() if "Ruben" in line)
    town = line.split("in ")[1]
    fare = next(row["fare"] for row in hands.rows("fares.csv") if row["town"] == town)
    return f"There and back costs {hands.calculate(float(fare) * 2):.2f}."


_PARTS = [
    {"part": "M6 bolt", "supplier": "S2", "left": 40},
    {"part": "M8 bolt", "supplier": "S3", "left": 5},
    {"part": "washer", "supplier": "S1", "left": 300},
]
_SUPPLIERS = {
    "S1": {"name": "Ringo", "email": "sales@ringo.example"},
    "S2": {"name": "Schraub", "email": "order@schraub.example"},
    "S3": {"name": "Ironline", "email": "desk@ironline.example"},
}

TASKS = (
    Task(
        id="joins-order",
        split="dev",
        text="What does the order of Ms Petrov cost at our prices?",
        files={
            "orders/petrov.csv": "item,pieces\nlamp,3\nshelf,2\n",
            "orders/quist.csv": "item,pieces\nlamp,1\nchair,6\n",
            "prices.csv": "item,price\nchair,44.00\nlamp,27.50\nshelf,61.20\n",
        },
        check=Check(says=(Figure(204.9),), never=(Figure(291.5), Figure(88.7))),
        solve=_order,
        traits=traits("three_calls", "two_sources"),
    ),
    Task(
        id="joins-hotel",
        split="held",
        text="How much was the hotel on our trip, in euros?",
        files={
            "trip/hotel.txt": "Hotel Skansen\n3 nights\nTotal: 4,680 SEK, breakfast included\n",
            "trip/rates.ini": "; one unit in euros\n[rates]\nDKK = 0.134\nNOK = 0.086\nSEK = 0.088\n",
            "trip/rates_2019.ini": "; one unit in euros, in 2019\n[rates]\nDKK = 0.134\nNOK = 0.102\nSEK = 0.095\n",
        },
        check=Check(says=(Figure(411.84),), never=(Figure(402.48), Figure(0.095), Figure(444.6))),
        solve=_hotel,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="joins-lyon",
        split="dev",
        text="Who of the Lyon office has a birthday in June?",
        files={
            "staff.csv": "name,office\nClaire,Lyon\nHugo,Nantes\nSalma,Lyon\nYves,Lyon\nOdile,Nantes\n",
            "birthdays.txt": "Claire: 4 May\nHugo: 12 June\nSalma: 23 June\nYves: 9 November\nOdile: 30 June\n",
        },
        check=Check(says=(Phrase("Salma"),), never=(Phrase("Hugo"), Phrase("Odile"))),
        solve=_lyon,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="joins-physics",
        split="held",
        text="Which pupil came first in the physics test?",
        files={
            "school/pupils.csv": "id,name\n11,Tariq\n12,Lotte\n13,Benno\n14,Wanda\n",
            "school/physics_test.csv": "id,points,place\n12,31,3\n14,38,1\n11,35,2\n13,22,4\n",
            "school/music_test.csv": "id,points,place\n13,40,1\n14,20,3\n12,33,2\n",
        },
        check=Check(says=(Phrase("Wanda"),), never=(Phrase("Benno"),)),
        solve=_physics,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="joins-parcel",
        split="dev",
        text="What does it cost to send parcel P-204 at the current tariff?",
        files={
            "shipping/parcels.csv": "parcel,zone\nP-203,north\nP-204,islands\nP-205,south\n",
            "shipping/tariffs.toml": "# valid now\n[price]\nnorth = 6.90\nsouth = 7.40\nislands = 13.80\n",
            "shipping/tariffs_2021.toml": "# no longer valid\n[price]\nnorth = 5.20\nsouth = 5.60\nislands = 10.50\n",
        },
        check=Check(says=(Figure(13.8),), never=(Figure(10.5), Figure(6.9))),
        solve=_parcel,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="joins-bolts",
        split="held",
        text="We are short of M8 bolts. To which e-mail address do I send the order?",
        files={
            "stock/parts.json": json.dumps(_PARTS, indent=1),
            "stock/suppliers.json": json.dumps(_SUPPLIERS, indent=1),
        },
        check=Check(says=(Phrase(r"desk@ironline\.example"),), never=(Phrase("order@schraub"),)),
        solve=_bolts,
        traits=traits("three_calls", "two_sources"),
    ),
    Task(
        id="joins-pottery",
        split="dev",
        text="How many seats does the room of the pottery class on Thursday have?",
        files={
            "schedule.md": "# Classes\n\n- Tuesday 18:00: pottery, Alder\n- Wednesday 17:00: choir, Linden\n"
            "- Thursday 19:00: pottery, Birch\n",
            "rooms.csv": "room,floor,seats\nAlder,1,24\nBirch,2,16\nLinden,2,60\n",
        },
        check=Check(says=(Figure(16),), never=(Figure(24),)),
        solve=_pottery,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="joins-train",
        split="held",
        text="What does the train to my meeting with Ruben cost, there and back?",
        files={
            "calendar/june.txt": "June 4, Tove, in Halden\nJune 11, Ruben, in Moss\nJune 20, Tove, in Ski\n",
            "fares.csv": "town,fare\nHalden,31.40\nMoss,18.70\nSki,9.10\n",
        },
        check=Check(says=(Figure(37.4),), never=(Figure(62.8),)),
        solve=_train,
        traits=traits("three_calls", "two_sources"),
    ),
)
