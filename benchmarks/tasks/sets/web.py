"""Pages served on this machine, alone and together with files."""

import re

from benchmarks.tasks.answers import Clock, Figure
from benchmarks.tasks.files import Exactly
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits


def _page(title: str, *paragraphs: str) -> str:
    body = "\n".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><main><article><h1>{title}</h1>\n{body}\n</article></main></body></html>\n"
    )


_MUSEUM = _page(
    "Museum of Harbours",
    "The museum shows four hundred years of harbours, cranes and the people who worked there. Plan two hours for it.",
    "Admission is 14.50 euros for an adult and 6 euros for a child under sixteen. There is no family ticket.",
    "Until the end of 2022 an adult paid 12 euros. The museum is closed on Mondays.",
)
_POOL = _page(
    "Indoor Pool Westend",
    "The pool has six lanes, a diving tower and a basin for children. Please shower before you swim.",
    "From Monday to Friday the pool is open from 6:30 to 21:00.",
    "On Saturdays it is open from 8:00 to 17:30. On Sundays it stays closed for the clubs.",
)
_QUILL = _page(
    "quill: releases",
    "quill is a small library for writing reports. All of its releases are listed on this page, with what has changed.",
    "4.12.3 is the newest release, of 3 June. It mends tables that run over a page.",
    "4.9.1 was released on 14 January. It brought footnotes.",
)
_DELIVERY = _page(
    "Vegetable box: next deliveries",
    "We bring your vegetable box to the door, in all weathers, and take the empty one back with us.",
    "The next delivery is on 2024-07-04. The one after it is on 2024-07-18. The last one in summer is on 2024-08-01.",
    "This page was last changed on 2024-06-20. To skip a box, write to us two days before.",
)
_TIMES = _page(
    "Bus line 14",
    "Line 14 runs between the station and the lake every day. Bicycles travel free of charge.",
    "In the morning, buses leave the station for the lake at 9:05, 9:50 and 10:35. The ride takes 25 minutes.",
    "The last bus back from the lake leaves at 19:20.",
)


def _museum(hands: Hands) -> str:
    adult, child = re.findall(r"is (\S+) euros for an adult and (\S+) euros", hands.fetch("/museum.html"))[0]
    people = dict(re.findall(r"(adults|children): (\d+)", hands.read("family.txt")))
    total = hands.calculate(float(adult) * int(people["adults"]) + float(child) * int(people["children"]))
    return f"The admission comes to {total:.2f} euros."


def _pool(hands: Hands) -> str:
    return f"It closes at {re.findall(r'Saturdays it is open from .* to ([0-9:]+)', hands.fetch('/pool.html'))[0]}."


def _quill(hands: Hands) -> str:
    newest = re.findall(r"(\S+) is the newest", hands.fetch("/quill.html"))[0]
    text = hands.read("requirements.txt")
    hands.write("requirements.txt", re.sub(r"quill==\S+", f"quill=={newest}", text))
    return "requirements.txt asks for the newest release."


def _delivery(hands: Hands) -> str:
    page = hands.fetch("/delivery.html").split("This page")[0]
    hands.write("deliveries.txt", "\n".join(re.findall(r"\d{4}-\d\d-\d\d", page)))
    return "deliveries.txt holds the dates."


def _bus(hands: Hands) -> str:
    hands.look()
    hour, minute = re.findall(r"Jana: .*?(\d+):(\d+)", hands.read("calendar/saturday.txt"))[0]
    meeting = int(hour) * 60 + int(minute)
    buses = re.findall(r"(\d+):(\d\d)", hands.fetch("/line14.html").split("The last bus")[0])
    latest = max(int(h) * 60 + int(m) for h, m in buses if int(h) * 60 + int(m) + 25 <= meeting)
    return f"Take the bus at {latest // 60}:{latest % 60:02d}."


TASKS = (
    Task(
        id="web-museum",
        split="held",
        text="What does admission to the museum cost for all of us in family.txt? The prices are on {base}/museum.html",
        files={"family.txt": "adults: 3\nchildren: 4\ndogs: 1\n"},
        pages={"/museum.html": _MUSEUM},
        check=Check(says=(Figure(67.5),), never=(Figure(60), Figure(12))),
        solve=_museum,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
    Task(
        id="web-pool",
        split="dev",
        text="When does the pool close on Saturdays? Its page is {base}/pool.html",
        pages={"/pool.html": _POOL},
        check=Check(says=(Clock(17, 30),), never=(Clock(21, 0),)),
        solve=_pool,
        traits=traits("distractor"),
    ),
    Task(
        id="web-quill",
        split="held",
        text="Set quill in requirements.txt to the newest release listed on {base}/quill.html",
        files={"requirements.txt": "inkpot==1.4.0\nquill==4.9.1\nscroll==2.2\n"},
        pages={"/quill.html": _QUILL},
        check=Check(files={"requirements.txt": Exactly("inkpot==1.4.0\nquill==4.12.3\nscroll==2.2\n")}),
        solve=_quill,
        traits=traits("three_calls", "two_sources"),
    ),
    Task(
        id="web-delivery",
        split="dev",
        text="Write the delivery dates from {base}/delivery.html to deliveries.txt, one a line as YYYY-MM-DD.",
        pages={"/delivery.html": _DELIVERY},
        check=Check(files={"deliveries.txt": Exactly("2024-07-04\n2024-07-18\n2024-08-01\n")}),
        solve=_delivery,
    ),
    Task(
        id="web-bus",
        split="dev",
        text=(
            "I meet Jana at the lake on Saturday, as my calendar says. Which is the latest bus I can take to be there "
            "in time? The timetable is on {base}/line14.html"
        ),
        files={"calendar/saturday.txt": "10:20 Jana: at the lake, 10:20 sharp\n18:00 dinner\n"},
        pages={"/line14.html": _TIMES},
        check=Check(says=(Clock(9, 50),), never=(Clock(10, 35), Clock(9, 5))),
        solve=_bus,
        traits=traits("three_calls", "two_sources", "distractor"),
    ),
)
