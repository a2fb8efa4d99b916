"""A count rests on what is listed; a measure is no count."""

import pytest

from tests.planner.test_grounding import unsupported

TWELVE = "\n".join(f"file-{letter}.txt" for letter in "abcdefghijkl")
LETTERS = ", ".join("abcdefgh")


@pytest.mark.parametrize(
    ("answer", "result", "missing"),
    [
        ("It takes 12 minutes.", TWELVE, ["12 minutes"]),
        ("It takes twelve minutes.", TWELVE, ["twelve minutes"]),
        ("It is 8 kilometres away.", LETTERS, ["8 kilometres"]),
        ("It is eight kilometres away.", LETTERS, ["eight kilometres"]),
        ("It is eight percent.", LETTERS, ["eight percent"]),
        ("It costs 8 dollars.", f"dollar: {LETTERS}", ["8"]),
        ("Prices for tea, milk, bread and eggs came to 4.", "tea, milk", ["4"]),
        ("Prices for tea, milk, bread and eggs came to 4 euros.", "tea, milk; euro", ["4"]),
    ],
)
def test_a_measure_or_a_sum_is_not_supported_by_so_many_things(answer: str, result: str, missing: list[str]) -> None:
    assert unsupported(answer, result) == missing


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ("There are 12 files.", TWELVE),
        ("There are twelve of them.", TWELVE),
        ("There are 8 letters.", LETTERS),
        ("Tea, milk, bread and eggs are 4 things.", "tea milk bread eggs plums"),
        ("Tea, milk, bread and eggs: four items.", "tea milk bread eggs plums"),
        ("You have 3 days off: the first, the second and the last.", "off"),
        ("The first, the second and the last are 3 days.", "off"),
        ("It rains on 3 days.", "wet\nwet\nwet"),
    ],
)
def test_a_count_is_supported_by_so_many_things(answer: str, result: str) -> None:
    assert unsupported(answer, result) == []
