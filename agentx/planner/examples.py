"""Worked examples that show a small model how a run goes; more use to it than rules.

They are about other tools than the user's, so that no name or value of theirs can be mistaken for the task's.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    thought: str
    calls: tuple[tuple[str, dict[str, Any]], ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    task: str
    steps: tuple[Step, ...]
    conclusion: str
    answer: str


EXAMPLES = (
    Example(
        "What is the capital of the country where Ann lives?",
        (
            Step("I have to find out where Ann lives.", (("look_up", {"person": "Ann"}),), ("Ann Berg, Norway",)),
            Step("Ann lives in Norway; now its capital.", (("capital_of", {"country": "Norway"}),), ("Oslo",)),
        ),
        "I know the capital: Oslo.",
        "Ann lives in Norway, whose capital is Oslo.",
    ),
    Example(
        "Put the total of the prices in shop/prices.txt into shop/total.txt.",
        (
            Step(
                "The task names a document: I open it first.",
                (("open_document", {"name": "shop/prices.txt"}),),
                ("apple 2\npear 3\nplum 4",),
            ),
            Step("The prices are 2, 3 and 4; I add them.", (("compute", {"formula": "2 + 3 + 4"}),), ("9",)),
            Step(
                "The total is 9; the task asks me to save it.",
                (("save_document", {"name": "shop/total.txt", "content": "9\n"}),),
                ("saved",),
            ),
        ),
        "The total is saved.",
        "The total of the prices is 9; it is now in shop/total.txt.",
    ),
    Example(
        "When does Bo's train leave?",
        (
            Step("I look for Bo's train in the notes.", (("search_notes", {"text": "Bo train"}),), ("no match",)),
            Step("Nothing there; I look in the mail.", (("search_mail", {"text": "train"}),), ("no match",)),
        ),
        "Neither the notes nor the mail say it.",
        "I could not find when Bo's train leaves: neither the notes nor the mail mention it.",
    ),
    Example("Thanks, that was all. How are you?", (), "A greeting needs no function.", "Fine, and glad to help!"),
)
