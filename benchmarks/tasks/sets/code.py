"""Run a script, find a bug, add a function: judged by running the code."""

import re

from benchmarks.tasks.answers import Figure, Phrase
from benchmarks.tasks.files import Runs
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task, traits

_STEPS = '''"""Prints how many steps a number takes down to 1."""

import sys

n, steps = int(sys.argv[1]), 0
while n != 1:
    n = n // 2 if n % 2 == 0 else 3 * n + 1
    steps += 1
print("steps:", steps)
'''
_MEDIAN = '''"""Small statistics."""


def mean(values):
    return sum(values) / len(values)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
'''
_FIXED_MEDIAN = _MEDIAN.replace(
    "    return ordered[len(ordered) // 2]\n",
    "    middle = len(ordered) // 2\n    if len(ordered) % 2:\n        return ordered[middle]\n"
    "    return (ordered[middle - 1] + ordered[middle]) / 2\n",
)
_PRICES = '''"""Prices of the shop."""


def gross(net, percent):
    """Net price with tax, in cents."""
    return round(net * (1 + percent))


def discounted(price, percent):
    return round(price * (1 - percent / 100))
'''
_TEST_PRICES = """from prices import discounted, gross

assert discounted(2000, 25) == 1500
assert gross(1000, 19) == 1190, gross(1000, 19)
print("all is well")
"""
_CALENDAR = '''"""Helpers for dates."""


def days_in_week():
    return 7
'''
_LEAP = """

def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
"""
_CHECKSUM = '''"""Usage: python checksum.py FILE"""

import sys
from pathlib import Path

total = 0
for place, byte in enumerate(Path(sys.argv[1]).read_bytes().strip(), 1):
    total = (total + place * byte) % 9973
print(total)
'''
_WORDS = '''"""Counts the words of a text."""


def count_words(text):
    return len(text.split(" "))
'''


def _print_27(hands: Hands) -> str:
    hands.look()
    return f"It prints {hands.run('tools/steps.py', '27')}."


def _fix_median(hands: Hands) -> str:
    hands.read("stats.py")
    hands.write("stats.py", _FIXED_MEDIAN)
    return "median now takes the mean of the middle two."


def _fix_prices(hands: Hands) -> str:
    assert "AssertionError" in hands.run("test_prices.py")
    hands.read("prices.py")
    hands.edit("prices.py", "(1 + percent)", "(1 + percent / 100)")
    return f"The test says: {hands.run('test_prices.py')}."


def _leap(hands: Hands) -> str:
    hands.write("calendar_tools.py", hands.read("calendar_tools.py") + _LEAP)
    return "is_leap is in calendar_tools.py."


def _checksum(hands: Hands) -> str:
    path = next(path for path in hands.look() if "march" in path)
    hands.read("checksum.py")
    return f"The checksum is {hands.run('checksum.py', path)}."


def _words(hands: Hands) -> str:
    hands.read("words.py")
    hands.edit("words.py", 'split(" ")', "split()")
    return "count_words now splits at any run of white space."


def _caller(hands: Hands) -> str:
    for path in hands.look("app/"):
        found = re.search(r"def (\w+)\(.*\n(?:    .*\n)*?    .*send_mail\(", hands.read(path))
        if found and found[1] != "send_mail":
            return f"{found[1]} in {path} calls it."
    raise AssertionError


TASKS = (
    Task(
        id="code-steps",
        split="dev",
        text="What does my script steps.py print for the number 27?",
        files={"tools/steps.py": _STEPS, "tools/README.md": "Small scripts. Each takes its number as an argument.\n"},
        check=Check(says=(Figure(111),)),
        solve=_print_27,
    ),
    Task(
        id="code-median",
        split="held",
        text="The function median in stats.py is wrong for an even number of values. Please fix it.",
        files={"stats.py": _MEDIAN},
        check=Check(
            files={
                "stats.py": Runs(
                    "from stats import mean, median\n"
                    "assert median([4, 1, 3, 2]) == 2.5 and median([5, 1, 3]) == 3 and median([2, 8]) == 5\n"
                    "assert mean([1, 2, 6]) == 3"
                )
            }
        ),
        solve=_fix_median,
    ),
    Task(
        id="code-prices",
        split="dev",
        text="test_prices.py fails. Find the bug in prices.py and fix it; leave the test as it is.",
        files={"prices.py": _PRICES, "test_prices.py": _TEST_PRICES},
        check=Check(
            files={
                "prices.py": Runs(
                    "from prices import discounted, gross\n"
                    "assert gross(1000, 19) == 1190 and gross(200, 50) == 300 and gross(500, 7) == 535\n"
                    "assert discounted(2000, 25) == 1500"
                )
            }
        ),
        solve=_fix_prices,
        traits=traits("three_calls"),
    ),
    Task(
        id="code-leap",
        split="held",
        text="Add a function is_leap(year) to calendar_tools.py that says whether a year is a leap year.",
        files={"calendar_tools.py": _CALENDAR},
        check=Check(
            files={
                "calendar_tools.py": Runs(
                    "from calendar_tools import days_in_week, is_leap\n"
                    "assert [y for y in (1900, 1996, 2000, 2023, 2024, 2100) if is_leap(y)] == [1996, 2000, 2024]\n"
                    "assert days_in_week() == 7"
                )
            }
        ),
        solve=_leap,
    ),
    Task(
        id="code-checksum",
        split="dev",
        text="Which checksum does my script checksum.py give for the March data?",
        files={
            "checksum.py": _CHECKSUM,
            "data/february.csv": "day,visits\n1,204\n2,180\n",
            "data/march.csv": "day,visits\n1,311\n2,290\n3,347\n",
        },
        check=Check(says=(Figure(1432),), never=(Figure(4559),)),
        solve=_checksum,
        traits=traits("three_calls"),
    ),
    Task(
        id="code-words",
        split="held",
        text="count_words in words.py says 3 for 'a  b' with two blanks between, but it must say 2. Please fix it.",
        files={"words.py": _WORDS},
        check=Check(
            files={
                "words.py": Runs(
                    "from words import count_words\n"
                    "assert count_words('a  b') == 2 and count_words('one two three') == 3\n"
                    "assert count_words('a   b c') == 3"
                )
            }
        ),
        solve=_words,
    ),
    Task(
        id="code-caller",
        split="dev",
        text="Which function in the folder app calls send_mail?",
        files={
            "app/billing.py": "def open_bills(customer):\n    return [b for b in customer.bills if not b.paid]\n",
            "app/mail.py": "def send_mail(to, text):\n    print(to, text)\n\n\ndef read_mail():\n    return []\n",
            "app/reminders.py": (
                "from app.mail import send_mail\n\n\ndef due(bill):\n    return bill.days > 30\n\n\n"
                "def remind(bill):\n    text = 'Please pay'\n    send_mail(bill.customer, text)\n"
            ),
        },
        check=Check(says=(Phrase("remind"),), never=(Phrase("open_bills"), Phrase("due"))),
        solve=_caller,
        traits=traits("three_calls"),
    ),
)
