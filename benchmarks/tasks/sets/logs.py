"""Count and compare in logs."""

import json
import re
from collections import Counter

from benchmarks.tasks.answers import Day, Figure, Phrase
from benchmarks.tasks.files import JsonValue
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_SERVER = """2024-05-06 08:02:11 INFO started, 0 errors
2024-05-06 09:15:40 ERROR disk full
2024-05-06 11:20:02 INFO ERROR reports are sent by mail
2024-05-06 13:44:09 ERROR disk full
2024-05-07 07:58:30 ERROR no route to mail
2024-05-07 08:00:12 WARN slow answer
2024-05-07 10:31:55 ERROR bad request
2024-05-07 15:02:47 ERROR bad request
2024-05-07 21:10:00 ERROR disk full
2024-05-08 08:12:21 WARN slow answer
2024-05-08 09:00:00 WARN slow answer
2024-05-08 09:30:00 WARN slow answer
2024-05-08 12:45:13 ERROR no route to mail
"""
_ARCHIVED = "".join(f"2024-04-1{day} 10:00:0{n} ERROR disk full\n" for day in (2, 4) for n in range(day + 2))
_LOGINS = """Jun 02 01:10 login failed user=root from=203.0.113.9
Jun 02 01:11 login ok user=nina from=198.51.100.4
Jun 02 01:12 login failed user=admin from=203.0.113.77
Jun 02 01:12 login failed user=root from=203.0.113.77
Jun 02 01:15 login failed user=nina from=198.51.100.4
Jun 02 01:19 login failed user=test from=203.0.113.77
Jun 02 01:20 login failed user=root from=203.0.113.9
Jun 02 01:26 login ok user=nina from=198.51.100.4
Jun 02 01:31 login ok user=omar from=198.51.100.4
Jun 02 01:40 login failed user=guest from=203.0.113.77
"""
_ACCESS = """GET /home 200 112 ms
GET /reports/annual 200 4812 ms
GET /search?q=7301 200 933 ms
POST /upload/9120 201 2204 ms
GET /home 200 98 ms
GET /reports/weekly 200 1510 ms
"""
_APP = """2024-03-01 INFO start
2024-03-01 WARNING battery low
2024-03-02 WARNING battery low
2024-03-02 WARNING sensor lost
2024-03-02 INFO sensor found
2024-03-03 INFO stop
2024-03-04 WARNING battery low
2024-03-04 WARNING sensor lost
2024-03-04 WARNING sensor lost
"""


def _errors(hands: Hands) -> str:
    hands.look()
    lines = hands.read("logs/server.log").splitlines()
    (day, count), *_ = Counter(line[:10] for line in lines if line.split()[2] == "ERROR").most_common()
    return f"Most errors, {count}, were logged on {day}."


def _logins(hands: Hands) -> str:
    hands.look()
    failed = re.findall(r"login failed .*from=(\S+)", hands.read("var/auth.log"))
    (address, count), *_ = Counter(failed).most_common()
    return f"Most failed logins came from {address}: {count}."


def _slowest(hands: Hands) -> str:
    lines = hands.read("access.log").splitlines()
    slowest = max(lines, key=lambda line: int(line.split()[3])).split()
    return f"{slowest[1]} took longest, {slowest[3]} ms."


def _warnings(hands: Hands) -> str:
    lines = hands.read("app.log").splitlines()
    count = Counter(line[:10] for line in lines if "WARNING" in line)
    hands.write("warnings.json", json.dumps(count))
    return "The warnings of each day are counted in warnings.json."


TASKS = (
    Task(
        id="logs-errors",
        split="dev",
        text="On which day in May did the server log the most errors?",
        files={"logs/server.log": _SERVER, "logs/server.log.1": _ARCHIVED},
        check=Check(says=(Day(2024, 5, 7),), never=(Day(2024, 5, 8), Day(2024, 4, 14))),
        solve=_errors,
        traits=traits("distractor"),
    ),
    Task(
        id="logs-logins",
        split="held",
        text="From which address did most failed logins come?",
        files={"var/auth.log": _LOGINS, "var/mail.log": "Jun 02 03:00 delivered to nina\n"},
        check=Check(
            says=(Phrase(r"203\.0\.113\.77"),),
            never=(Phrase(r"203\.0\.113\.9"), Phrase(r"198\.51\.100\.4")),
        ),
        solve=_logins,
        traits=traits("distractor"),
    ),
    Task(
        id="logs-slowest",
        split="dev",
        text="Which page in access.log took longest, and how many milliseconds?",
        files={"access.log": _ACCESS},
        check=Check(says=(Phrase("/?reports/annual"), Figure(4812)), never=(Figure(9120),)),
        solve=_slowest,
        traits=traits("distractor"),
    ),
    Task(
        id="logs-warnings",
        split="held",
        text=(
            "Count the warnings of each day in app.log and save them in warnings.json, as one object "
            "from day to count. Leave out days without a warning."
        ),
        files={"app.log": _APP},
        check=Check(files={"warnings.json": JsonValue({"2024-03-01": 1, "2024-03-02": 2, "2024-03-04": 3})}),
        solve=_warnings,
    ),
)
