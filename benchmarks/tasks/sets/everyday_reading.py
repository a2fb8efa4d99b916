"""Everyday: look something up, filter and compare, and find that it is not there."""

import json

from benchmarks.tasks.answers import Absence, Clock, Digits, Figure, Phrase
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_GYM = """day,time,class
Monday,09:30,spinning
Tuesday,17:00,boxing
Thursday,18:15,yoga
Saturday,11:00,pilates
"""
_BOOKS = [
    {"title": "Salt and Slate", "author": "Owen Pruitt", "pages": 212},
    {"title": "The Quiet Harbour", "author": "Marit Aune", "pages": 348},
    {"title": "Eleven Winters", "author": "Dolores Vega", "pages": 190},
]
_EDITOR = "[look]\ntheme = solarized-dark\nfont = Fira Code\nsize = 13\n\n[files]\nautosave = yes\n"
_BACKUPS = """2025-01-05 02:10 backup finished, 812 MB
2025-01-12 02:11 backup finished, 826 MB
2025-01-19 02:10 backup finished, 831 MB
2025-01-26 02:12 backup finished, 845 MB
"""
_LASAGNE = """# Lasagne

- 12 sheets of pasta
- 500 g minced beef
- 1 jar of tomato sauce

Layer it all and bake it for 35 minutes at 190 degrees.
"""
_TIRAMISU = "# Tiramisu\n\n- 250 g mascarpone\n- 3 eggs\n- 20 sponge fingers\n\nPut it in the fridge for 4 hours.\n"
_FLATS = """address,rooms,rent
Mill Lane 4,2,870
Park Road 17,3,1120
Station Street 14,2,790
Hill Close 1,3,980
Canal Walk 22,2,895
Church Row 6,3,940
"""
_BAND = [
    {"name": "Paolo", "plays": "bass", "born": 1994},
    {"name": "Greta", "plays": "drums", "born": 1971},
    {"name": "Sunil", "plays": "guitar", "born": 1986},
    {"name": "Ffion", "plays": "violin", "born": 2001},
]
_PACKING = "toothbrush\ntowel\nsun cream\nsandals\nbook\ncharger\nhat\n"
_PACKED = "towel\nbook\nhat\ntoothbrush\n"
_FILMS = """The Paper Lantern (2011)
Night Ferry (1998)
A House in Ghent (2006)
The Glass Orchard (1987)
"""
_OLDEST_FIRST = r"Glass Orchard[\s\S]*Night Ferry[\s\S]*House in Ghent[\s\S]*Paper Lantern"
_SUBSCRIPTIONS = """name,price,until
Daily Post,29.90,2025-03-31
Cinema Club,12.00,2026-08-31
Streamio,9.99,2025-11-15
City Bikes,35.00,2027-04-30
Chess Weekly,6.50,2026-01-31
"""
_TRAINS = "to,leaves,platform\nYork,08:05,3\nHull,08:40,1\nDurham,09:20,5\nYork,10:05,3\n"


def _chip(hands: Hands) -> str:
    hands.look()
    return f"The chip number is {hands.read('pets/cat.txt').split('Chip: ')[1].splitlines()[0]}."


def _yoga(hands: Hands) -> str:
    hands.look()
    row = next(row for row in hands.rows("gym.csv") if row["class"] == "yoga")
    return f"Yoga starts at {row['time']}."


def _author(hands: Hands) -> str:
    book = next(book for book in json.loads(hands.read("books.json")) if book["title"] == "The Quiet Harbour")
    return f"It was written by {book['author']}."


def _theme(hands: Hands) -> str:
    return f"Your editor uses {hands.read('editor.ini').split('theme = ')[1].splitlines()[0]}."


def _backup(hands: Hands) -> str:
    hands.look()
    return f"It was {hands.read('logs/backup.log').splitlines()[-1].split(', ')[1]}."


def _lasagne(hands: Hands) -> str:
    hands.look()
    return f"It has to {hands.read('recipes/lasagne.md').strip().split('all and ')[1]}"


def _flats(hands: Hands) -> str:
    cheap = [row["address"] for row in hands.rows("flats.csv") if int(row["rent"]) < 900]
    return f"These cost less: {', '.join(cheap)}."


def _oldest(hands: Hands) -> str:
    hands.look()
    oldest = min(json.loads(hands.read("band.json")), key=lambda member: member["born"])
    return f"{oldest['name']} is the oldest, born in {oldest['born']}."


def _packing(hands: Hands) -> str:
    packed = hands.read("packed.txt").splitlines()
    left = [thing for thing in hands.read("packing.txt").splitlines() if thing not in packed]
    return f"You still need to pack: {', '.join(left)}."


def _films(hands: Hands) -> str:
    return "\n".join(sorted(hands.read("films.txt").splitlines(), key=lambda line: line[-5:]))


def _subscriptions(hands: Hands) -> str:
    hands.look()
    ending = [row["name"] for row in hands.rows("subscriptions.csv") if row["until"].startswith("2025")]
    return f"{' and '.join(ending)} end in that year."


def _contract(hands: Hands) -> str:
    assert "contract.txt" not in hands.look()
    return "There is no file contract.txt here."


def _leeds(hands: Hands) -> str:
    assert all(row["to"] != "Leeds" for row in hands.rows("trains.csv"))
    return "The list has no train to Leeds."


_FIND = (
    Task(
        id="find-chip",
        split="everyday",
        text="What is the chip number of our cat?",
        files={
            "pets/cat.txt": "Name: Minka\nBorn: May 2019\nChip: 276098104\nEats: everything\n",
            "pets/dog.txt": "Name: Bruno\nBorn: July 2021\nChip: 276115390\nEats: dry food\n",
        },
        check=Check(says=(Digits("276098104"),), never=(Digits("276115390"),)),
        solve=_chip,
    ),
    Task(
        id="find-yoga",
        split="everyday",
        text="When does the yoga class start?",
        files={"gym.csv": _GYM, "goals.txt": "twice a week\n"},
        check=Check(says=(Clock(18, 15),), never=(Clock(9, 30), Clock(17, 0), Clock(11, 0))),
        solve=_yoga,
    ),
    Task(
        id="find-author",
        split="everyday",
        text="Who wrote The Quiet Harbour? It should be in books.json.",
        files={"books.json": json.dumps(_BOOKS, indent=2) + "\n"},
        check=Check(says=(Phrase("Aune"),), never=(Phrase("Pruitt"), Phrase("Vega"))),
        solve=_author,
    ),
    Task(
        id="find-theme",
        split="everyday",
        text="Look in editor.ini and tell me which theme my editor uses.",
        files={"editor.ini": _EDITOR, "shell.ini": "[prompt]\nsign = $\n"},
        check=Check(says=(Phrase("solarized[- _]dark"),), never=(Phrase("autosave"),)),
        solve=_theme,
    ),
    Task(
        id="find-backup",
        split="everyday",
        text="How many MB did the last backup have?",
        files={"logs/backup.log": _BACKUPS},
        check=Check(says=(Figure(845),), never=(Figure(812), Figure(826), Figure(831))),
        solve=_backup,
    ),
    Task(
        id="find-lasagne",
        split="everyday",
        text="How long does the lasagne go in the oven, and how hot?",
        files={"recipes/lasagne.md": _LASAGNE, "recipes/tiramisu.md": _TIRAMISU},
        check=Check(says=(Figure(35), Figure(190)), never=(Phrase("mascarpone"), Phrase("fridge"))),
        solve=_lasagne,
    ),
)
_PICK = (
    Task(
        id="pick-flats",
        split="everyday",
        text="Which flats in flats.csv cost less than 900 a month?",
        files={"flats.csv": _FLATS},
        check=Check(
            says=(Phrase("Mill Lane"), Phrase("Station Street"), Phrase("Canal Walk")),
            never=(Phrase("Park Road"), Phrase("Hill Close"), Phrase("Church Row")),
        ),
        solve=_flats,
    ),
    Task(
        id="pick-oldest",
        split="everyday",
        text="Who is the oldest in our band?",
        files={"band.json": json.dumps(_BAND, indent=1) + "\n", "songs.txt": "Low Tide\nBrass Moon\n"},
        check=Check(says=(Phrase("Greta"),), never=(Phrase("Paolo"), Phrase("Sunil"), Phrase("Ffion"))),
        solve=_oldest,
    ),
    Task(
        id="pick-packing",
        split="everyday",
        text="packing.txt is what I want to take, packed.txt is what is in the bag already. What is left to pack?",
        files={"packing.txt": _PACKING, "packed.txt": _PACKED},
        check=Check(
            says=(Phrase("sun ?cream"), Phrase("sandals"), Phrase("charger")),
            never=(Phrase("towel"), Phrase("toothbrush"), Phrase("book"), Phrase("hat")),
        ),
        solve=_packing,
        traits=traits("two_sources"),
    ),
    Task(
        id="pick-films",
        split="everyday",
        text="List the films in films.txt by year, the oldest first.",
        files={"films.txt": _FILMS},
        check=Check(says=(Phrase(_OLDEST_FIRST),)),
        solve=_films,
    ),
    Task(
        id="pick-subscriptions",
        split="everyday",
        text="Which of my subscriptions end in 2025?",
        files={"subscriptions.csv": _SUBSCRIPTIONS, "accounts.txt": "bank: Northern\nphone: Telia\n"},
        check=Check(
            says=(Phrase("Daily Post"), Phrase("Streamio")),
            never=(Phrase("Cinema Club"), Phrase("City Bikes"), Phrase("Chess Weekly")),
        ),
        solve=_subscriptions,
    ),
)
_GONE = (
    Task(
        id="gone-contract",
        split="everyday",
        text="How much is the rent according to contract.txt?",
        files={"keys.txt": "front door: 2\ncellar: 1\n", "meter.txt": "power: 20417\nwater: 388\n"},
        check=Check(says=(Absence("contract|rent|file"),)),
        solve=_contract,
    ),
    Task(
        id="gone-leeds",
        split="everyday",
        text="When does the train to Leeds leave? See trains.csv.",
        files={"trains.csv": _TRAINS},
        check=Check(says=(Absence("Leeds"),)),
        solve=_leeds,
    ),
)
TASKS = (*_FIND, *_PICK, *_GONE)
