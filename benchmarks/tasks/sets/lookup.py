"""Find the right file in a folder and read the right line of it."""

import re

from benchmarks.tasks.answers import Clock, Day, Digits, Figure, Phrase
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_FEBRUARY = """Mon 5: parents' evening 19:30
Tue 13: dentist 8:15, check-up
Sat 24: swimming with Kim 10:00
"""
_MARCH = """Fri 1: bring the car to the garage 9:00
Tue 12: dentist 14:40, ask about the crown
Sun 24: brunch at Kim's 11:00
"""


def _dentist(hands: Hands) -> str:
    hands.look()
    found = re.search(r"dentist (\S+),", hands.read("notes/2024-03.txt"))
    assert found
    return f"The dentist appointment in March is at {found[1]}."


_SETTINGS = """# settings of the web shop
[server]
host = "0.0.0.0"
port = 8417

[database]
host = "db.internal"
port = 5433
"""


def _port(hands: Hands) -> str:
    hands.look()
    section = hands.read("shop/settings.toml").split("[server]")[1].split("[database]")[0]
    return f"The web server listens on port {section.split('port = ')[1].strip()}."


def _wifi(hands: Hands) -> str:
    hands.look()
    line = next(line for line in hands.read("house/guests.md").splitlines() if "password" in line)
    return f"The password for guests is {line.split(': ')[1]}."


def _warranty(hands: Hands) -> str:
    hands.look()
    text = hands.read("papers/washing_machine.md")
    year, month, day = re.findall(r"Bought on (\d+)-(\d+)-(\d+)", text)[0]
    years = int(re.findall(r"Guarantee: (\d+) years", text)[0])
    return f"The guarantee ends on {int(year) + years}-{month}-{day}."


def _minutes(hands: Hands) -> str:
    notes = [hands.read(path) for path in hands.look("meetings/")]
    latest = max(notes, key=lambda text: text.split("Date: ")[1][:10])
    return f"{latest.split('Minutes: ')[1].splitlines()[0]} took the minutes."


def _unpaid(hands: Hands) -> str:
    for path in hands.look("invoices/"):
        text = hands.read(path)
        if "Brandt" in text and "Paid: no" in text:
            return f"{text.split('Total: ')[1].splitlines()[0]} is still open."
    raise AssertionError


def _maria(hands: Hands) -> str:
    hands.look()
    row = next(row for row in hands.rows("contacts/choir.csv") if row["name"] == "Maria Keller")
    return f"Her number is {row['phone']}."


def _flour(hands: Hands) -> str:
    hands.look()
    grams = int(re.findall(r"(\d+) g rye flour", hands.read("recipes/rye_crackers.md"))[0])
    return f"You need {hands.calculate(grams * 2):.0f} g of rye flour."


TASKS = (
    Task(
        id="lookup-dentist",
        split="dev",
        text="At what time is my dentist appointment in March 2024?",
        files={
            "notes/2024-02.txt": _FEBRUARY,
            "notes/2024-03.txt": _MARCH,
            "notes/ideas.txt": "birdhouse for the balcony\n",
        },
        check=Check(says=(Clock(14, 40),), never=(Clock(8, 15),)),
        solve=_dentist,
        traits=traits("distractor"),
    ),
    Task(
        id="lookup-port",
        split="held",
        text="Which port does the web server of my shop listen on at present?",
        files={
            "shop/settings.toml": _SETTINGS,
            "shop/settings.old.toml": _SETTINGS.replace("8417", "8080").replace("# settings", "# old settings"),
            "shop/README.md": "# Shop\n\nStart it with `shop serve`. The port is set in settings.toml.\n",
        },
        check=Check(says=(Figure(8417),), never=(Figure(8080), Figure(5433))),
        solve=_port,
        traits=traits("distractor"),
    ),
    Task(
        id="lookup-wifi",
        split="dev",
        text="A guest asks for the wifi password. Which one do I give to guests?",
        files={
            "house/README.md": "# House\n\n- wifi for the family: heron-staple-42\n- bins go out on Thursday\n",
            "house/guests.md": "# For guests\n\n- network: Lodge-Guest\n- password: marble-otter-19\n- quiet at 22\n",
            "house/heating.md": "# Heating\n\nTurn the red knob to 3.\n",
        },
        check=Check(says=(Phrase("marble-otter-19"),), never=(Phrase("heron-staple-42"),)),
        solve=_wifi,
        traits=traits("distractor"),
    ),
    Task(
        id="lookup-warranty",
        split="held",
        text="Until which day does the guarantee of my washing machine last?",
        files={
            "papers/dryer.md": "# Dryer\n\nBought on 2022-11-02 at Hansen.\nGuarantee: 2 years from that day.\n",
            "papers/oven.md": "# Oven\n\nBought on 2021-01-30.\nGuarantee: 5 years from that day.\n",
            "papers/washing_machine.md": (
                "# Washing machine\n\nWM 70.\nBought on 2023-05-17 at Hansen.\nGuarantee: 3 years from that day.\n"
            ),
        },
        check=Check(says=(Day(2026, 5, 17),), never=(Day(2024, 11, 2),)),
        solve=_warranty,
    ),
    Task(
        id="lookup-minutes",
        split="dev",
        text="Who took the minutes at our latest meeting? The notes are in the folder meetings.",
        files={
            "meetings/board.md": "# Board\nDate: 2024-02-19\nMinutes: Tomasz\n\n- new fence: put off\n",
            "meetings/kickoff.md": "# Kick-off\nDate: 2023-11-06\nMinutes: Bea\n\n- who does what\n",
            "meetings/review.md": "# Review\nDate: 2024-04-08\nMinutes: Ines\n\n- fence: done\n",
        },
        check=Check(says=(Phrase("Ines"),), never=(Phrase("Tomasz"), Phrase("Bea"))),
        solve=_minutes,
        traits=traits("three_calls", "distractor"),
    ),
    Task(
        id="lookup-unpaid",
        split="held",
        text="How much do we still have to pay to Brandt Gardening? Look through the invoices.",
        files={
            "invoices/2024-017.txt": "Brandt Gardening\nHedge cut\nTotal: 187.40 EUR\nPaid: yes, 2024-04-02\n",
            "invoices/2024-018.txt": "Lauer Roofing\nGutter\nTotal: 129.00 EUR\nPaid: no\n",
            "invoices/2024-019.txt": "Brandt Gardening\nNew lawn\nTotal: 342.60 EUR\nPaid: no\n",
        },
        check=Check(says=(Figure(342.6),), never=(Figure(187.4), Figure(129), Figure(530))),
        solve=_unpaid,
        traits=traits("three_calls", "distractor"),
    ),
    Task(
        id="lookup-maria",
        split="dev",
        text="What is the phone number of Maria Keller, the one from the choir?",
        files={
            "contacts/choir.csv": (
                "name,voice,phone\nJon Aas,bass,0151 5550 142\n"
                "Maria Keller,alto,0151 5550 877\nMaria Kern,alto,0151 5550 310\n"
            ),
            "contacts/work.csv": (
                "name,firm,phone\nMaria Keller,Polyglot,0160 5559 204\nDana Roth,Polyglot,0160 5559 118\n"
            ),
        },
        check=Check(says=(Digits("01515550877"),), never=(Digits("01605559204"), Digits("01515550310"))),
        solve=_maria,
        traits=traits("distractor"),
    ),
    Task(
        id="lookup-flour",
        split="held",
        text="I want to bake a double batch of rye crackers. How many grams of flour do I need?",
        files={
            "recipes/rye_bread.md": "# Rye bread\n\n- 500 g rye flour\n- 350 ml water\n- 10 g salt\n",
            "recipes/rye_crackers.md": "# Rye crackers (one batch)\n\n- 230 g rye flour\n- 90 ml water\n- 4 g salt\n",
            "recipes/waffles.md": "# Waffles\n\n- 250 g wheat flour\n- 4 eggs\n",
        },
        check=Check(says=(Figure(460),), never=(Figure(1000), Figure(500))),
        solve=_flour,
        traits=traits("three_calls", "distractor"),
    ),
)
