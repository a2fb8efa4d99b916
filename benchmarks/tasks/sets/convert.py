"""Make a new file out of others: another format, a total, an index, an extract."""

import csv
import io
import json
import re

from benchmarks.tasks.files import CsvRows, Exactly, JsonValue, OnlyNumber
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_PLANTS = "name,place,water_ml\nfern,bath,200\ncactus,window,30\nmonstera,hall,450\n"
_MEMBERS = [
    {"id": 4, "name": "Ewa Nowak", "email": "ewa@club.example", "since": 2019},
    {"id": 7, "name": "Pål Dahl", "email": "pal@club.example", "since": 2022},
    {"id": 9, "name": "Rosa Lind", "email": "rosa@club.example", "since": 2023},
]
_CHECKS = "lamp: ok\nbrakes: failed, worn out\nhorn: ok\ntyres: failed, flat\nmirror: ok\n"
_DEVICES = "[printer]\nhost = p1.local\ncopies = 1\n\n[camera]\nhost = cam7.local\nwidth = 1920\nframes = 25\n"
_RECEIPTS = {
    "receipts/bakery.txt": "Bakery Sun\nbread 4.20\nTotal: 4.20\n",
    "receipts/hardware.txt": "Hardware Krone\nhinges 7.90\nsaw 23.45\nTotal: 31.35\n",
    "receipts/pharmacy.txt": "Pharmacy\nplasters 6.15\nTotal: 6.15\n",
}


def _plants(hands: Hands) -> str:
    hands.look()
    hands.write("plants.json", json.dumps(hands.rows("garden/plants.csv")))
    return "The table is saved as plants.json."


def _members(hands: Hands) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["name", "email"])
    rows.writerows([row["name"], row["email"]] for row in json.loads(hands.read("members.json")))
    hands.write("members.csv", out.getvalue())
    return "members.csv is there."


def _total(hands: Hands) -> str:
    totals = [float(re.findall(r"Total: (\S+)", hands.read(path))[0]) for path in hands.look("receipts/")]
    hands.write("total.txt", f"{hands.calculate(sum(totals)):.2f}\n")
    return "The total is in total.txt."


def _index(hands: Hands) -> str:
    titles = [hands.read(path).splitlines()[0].removeprefix("# ") for path in hands.look("essays/")]
    hands.write("index.md", "".join(f"- {title}\n" for title in titles))
    return "index.md lists the titles."


def _failed(hands: Hands) -> str:
    lines = hands.read("checks.txt").splitlines(keepends=True)
    hands.write("failed.txt", "".join(line for line in lines if "failed" in line))
    return "failed.txt holds what has failed."


def _camera(hands: Hands) -> str:
    section = hands.read("devices.ini").split("[camera]")[1]
    hands.write("camera.json", json.dumps(dict(re.findall(r"(\w+) = (\S+)", section))))
    return "camera.json is written."


TASKS = (
    Task(
        id="convert-plants",
        split="held",
        text="Convert my table of plants to JSON, a list with one object for each plant, and save it as plants.json.",
        files={"garden/plants.csv": _PLANTS, "garden/tools.csv": "name,place\nrake,shed\n"},
        check=Check(
            files={
                "plants.json": JsonValue(
                    [
                        {"name": "fern", "place": "bath", "water_ml": 200},
                        {"name": "cactus", "place": "window", "water_ml": 30},
                        {"name": "monstera", "place": "hall", "water_ml": 450},
                    ]
                )
            }
        ),
        solve=_plants,
        traits=traits("three_calls"),
    ),
    Task(
        id="convert-members",
        split="dev",
        text="Make a members.csv out of members.json, with the two columns name and email and a header line.",
        files={"members.json": json.dumps(_MEMBERS, indent=2, ensure_ascii=False) + "\n"},
        check=Check(
            files={
                "members.csv": CsvRows(
                    (
                        ("name", "email"),
                        ("Ewa Nowak", "ewa@club.example"),
                        ("Pål Dahl", "pal@club.example"),
                        ("Rosa Lind", "rosa@club.example"),
                    )
                )
            }
        ),
        solve=_members,
    ),
    Task(
        id="convert-total",
        split="held",
        text="Add up the totals of all my receipts and write the sum to total.txt: just the number.",
        files=_RECEIPTS,
        check=Check(files={"total.txt": OnlyNumber(41.7)}),
        solve=_total,
        traits=traits("three_calls"),
    ),
    Task(
        id="convert-index",
        split="dev",
        text=(
            "Write an index.md with one line `- title` for each essay in the folder essays, in the order of the file "
            "names. The title is the first line of an essay, without the #."
        ),
        files={
            "essays/01.md": "# On Walking\n\nOne foot, then the other.\n",
            "essays/02.md": "# Rain Again\n\nIt rains.\n",
            "essays/03.md": "# The Empty Shelf\n\nNothing here.\n",
        },
        check=Check(files={"index.md": Exactly("- On Walking\n- Rain Again\n- The Empty Shelf\n")}),
        solve=_index,
        traits=traits("three_calls"),
    ),
    Task(
        id="convert-failed",
        split="held",
        text="Copy the lines of checks.txt that have failed to a new file failed.txt, just as they are.",
        files={"checks.txt": _CHECKS},
        check=Check(files={"failed.txt": Exactly("brakes: failed, worn out\ntyres: failed, flat\n")}),
        solve=_failed,
    ),
    Task(
        id="convert-camera",
        split="dev",
        text="Save the settings of the camera in devices.ini as a JSON object in camera.json.",
        files={"devices.ini": _DEVICES},
        check=Check(
            files={"camera.json": JsonValue({"host": "cam7.local", "width": 1920, "frames": 25})},
        ),
        solve=_camera,
    ),
)
