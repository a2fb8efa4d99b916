"""No files needed: sums that a person types into a chat."""

from datetime import date

from benchmarks.tasks.answers import Day, Figure
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.task import Check, Task

_AROUND = {"diary.txt": "A quiet day.\n"}


def _share(hands: Hands) -> str:
    return f"That is {hands.calculate(2346 * 0.175)}."


def _seconds(hands: Hands) -> str:
    return f"That is {hands.calculate(17 * 86400 + 5 * 3600):.0f} seconds."


def _days(hands: Hands) -> str:
    hands.calculate(100)
    return f"It is {date.fromordinal(date(2024, 9, 17).toordinal() + 100).isoformat()}."


def _interest(hands: Hands) -> str:
    first = hands.calculate(1800 * 1.04)
    return f"There will be {hands.calculate(first * 1.03):.2f}."


TASKS = (
    Task(
        id="chat-share",
        split="dev",
        text="How much is 17.5 % of 2346?",
        files=_AROUND,
        check=Check(says=(Figure(410.55),)),
        solve=_share,
    ),
    Task(
        id="chat-seconds",
        split="held",
        text="How many seconds are 17 days and 5 hours?",
        files=_AROUND,
        check=Check(says=(Figure(1486800),)),
        solve=_seconds,
    ),
    Task(
        id="chat-days",
        split="dev",
        text="Which date is 100 days after 17 September 2024?",
        files=_AROUND,
        check=Check(says=(Day(2024, 12, 26),)),
        solve=_days,
    ),
    Task(
        id="chat-interest",
        split="held",
        text="I put 1800 in a savings account, at 4 % in the first year and 3 % in the second. What do I have then?",
        files=_AROUND,
        check=Check(says=(Figure(1928.16),)),
        solve=_interest,
    ),
)
