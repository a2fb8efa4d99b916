"""A figure rests on the same figure in another notation or unit, and not on one that shares digits with it."""

import pytest

from agentx.planner.claims.source import Source
from agentx.planner.grounding import ground
from tests.planner.test_grounding import unsupported
from tests.timing import cpu_s


@pytest.mark.parametrize(
    ("answer", "result", "missing"),
    [
        # Another unit
        ("It takes 5 days.", "5 hours", ["5 days"]),
        ("It takes five days.", "5 hours", ["five days"]),
        ("It weighs 5 kg.", "5 g", ["5 kg"]),
        ("It is 5 MB.", "5 kB", ["5 MB"]),
        ("It is 1.5 km away.", "1.5 m", ["1.5 km"]),
        ("It takes ninety minutes.", "ninety seconds", ["ninety minutes"]),
        # Another currency
        ("It costs €100.", "$100", ["€100"]),
        ("It costs $100.", "100 EUR", ["$100"]),
        ("It costs £100.", "EUR 100", ["£100"]),
        ("It costs 100 €.", "100 $", ["100"]),
        ("It costs 100 dollars.", "100 euros", ["100"]),
        ("It costs $107.", "99 USD 107 EUR", ["$107"]),
        # Within another number
        ("It costs 234.56.", "1,234.56", ["234.56"]),
        ("It is 567.", "1,234,567", ["567"]),
        ("It is 567.", "There are 1,234,567 of them.", ["567"]),
        ("It is 567.", "1.234.567 Einwohner", ["567"]),
        ("It is 234.", "1 234,50 EUR".replace(" ", "\u00a0"), ["234"]),
        ("It is 5 kg.", "12,5 kg", ["5 kg"]),
        ("It is 25.", "99.25", ["25"]),
        ("It is 12 kg.", "12.75 kg", ["12 kg"]),
        ("It is twelve kg.", "12.75 kg", ["twelve kg"]),
        ("It is 5.", "5 million", ["5"]),
        ("It is 5.", "5 hundred", ["5"]),
        ("It is 1 million.", "5 million", ["1 million"]),
        ("It is 5.", "2.5e-05", ["5"]),
        ("It is 234.", "total: 1,234\nopen: 2,345", ["234"]),
        # Grouped by blanks
        ("It is 1 234 567.", "1234568", ["1 234 567"]),
        ("It is 1234567.", "1 234 568", ["1234567"]),
        ("It is 1 234 567.", "1 and 567", ["1 234 567"]),
        # Fractions
        ("It is 3/4.", "70 %", ["3/4"]),
        ("It is 3/4.", "3 of 5", ["3/4"]),
        ("It takes 1½ hours.", "1 hour", ["1½ hours"]),
        ("That is 70 %.", "3/4", ["70 %"]),
        ("It was in 2023.", "05/07/24", ["2023"]),
    ],
)
def test_a_figure_that_only_looks_alike_supports_nothing(answer: str, result: str, missing: list[str]) -> None:
    assert unsupported(answer, result) == missing


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        # Units
        ("It is 1500 m away.", "1.5 km"),
        ("It takes 120 min.", "2 h"),
        ("It takes 2 hours.", "120 minutes"),
        ("It takes two hours.", "120 minutes"),
        ("It takes 90 minutes.", "ninety minutes"),
        ("It takes 5400 s.", "ninety minutes"),
        ("It takes 5 hours.", "5 h"),
        ("It takes 5 hours.", "hours: 5"),
        ("It takes 5 minutes.", "5m"),
        ("It takes 2 weeks.", "14 days"),
        ("It takes 5 days, or 5 hours.", "5 days\n5 hours"),
        ("It is 5 MB.", "5 MiB"),
        ("It is 4.0 KB.", "4.0K\tnotes"),
        ("It is 512 MB.", "512M data"),
        ("It takes 1 hour and 30 minutes.", "1 hour, 30 minutes"),
        ("The 30 minutes are over.", "1 hour 30 minutes"),
        # Currencies
        ("It costs €100.", "100 EUR"),
        ("It costs €100.", "EUR 100"),
        ("It costs €100.", "100€"),
        ("It costs 100 euros.", "€ 100"),
        ("It costs 100 €.", "100"),
        ("It costs $107.", "99 EUR 107 USD"),
        ("It costs $107.", "EUR 99 USD 107"),
        ("It costs $107.", "99 € 107 $"),
        ("It costs €99 or $107.", "€99 $107"),
        ("It costs £5.", "5 pounds"),
        ("It costs $5 million.", "5,000,000 dollars"),
        # Decimal commas, groups, rounding, shares, places
        ("It is 3.5.", "3,5"),
        ("It is 3,5 kg.", "3.5 kg"),
        ("It costs 1.234,56 EUR.", "1,234.56 EUR"),
        ("It costs 1234.56.", "1.234,56"),
        ("It costs 1235.", "1.234,56"),
        ("It is 12.", "12.4"),
        ("It is twelve km.", "12.4 km"),
        ("It runs on Python 3.", "Python 3.9"),
        ("It is 12,5 %.", "0.125"),
        ("It is twelve percent.", "0.12"),
        ("It is the 3rd.", "third place: 3"),
        ("On the 2nd.", "2."),
        ("It fell by 5.", "-5"),
        ("About 5 million.", "5,012,345"),
        ("It is 5 million.", "5M"),
        # Rows, lists, dates and codes
        ("Row 17 has 42.", "id,count\n17,42\n18,43"),
        ("Row 1 has 234.", "id,count\n1,234\n2,345"),
        ("It is 234.", "a,1,234,567,open"),
        ("It is 200.", '{"sizes":[100,200,300]}'),
        ("It is -200.", "[-200,100]"),
        ("It is 200.", "at (100,200)"),
        ("Rooms 3 and 5.", "rooms 3,5"),
        ("Ports 80 and 443.", "ports 80,443,8080"),
        ("The 7th, at 9.", "2024-05-07T09:00"),
        ("It is 12.", "demo 1.12.3"),
        ("It is number 17.", "INV-2024-017.pdf, v1.17"),
        # Grouped by blanks
        ("It is 1 234 567.", "1234567"),
        ("It is 1 234 567.", "1,234,567"),
        ("It is 1234567.", "1 234 567"),
        ("It is 1,234,567.", "1 234 567".replace(" ", "\u202f")),
        ("It is 1 234 567.".replace(" ", "\u00a0"), "1234567"),
        ("It is 1 234,50 EUR.", "1234.5 EUR"),
        ("It is 12 500 m.", "12.5 km"),
        ("It is 234.", "1 234 567"),
        ("They are 100 200 300.", "100, 200, 300"),
        ("In 2024 100 people came.", "2024: 100"),
        ("It is 300 m.", "at 14:40 300 m"),
        # Fractions
        ("It is 3/4.", "75 %"),
        ("It is 75 %.", "3/4 of them"),
        ("It is 33 %.", "1/3"),
        ("It is 2/3.", "0.67"),
        ("3/4 tests passed.", "passed: 3\ntotal: 4"),
        ("The ratio is 3 of 4.", "3/4"),
        ("It is open 24/7.", "24 hours, 7 days"),
        ("It takes 1½ hours.", "90 minutes"),
        ("It takes 1.5 hours.", "1½ h"),
        ("It is ½.", "50 %"),
        ("It was in 2024.", "05/07/24"),
    ],
)
def test_a_figure_in_other_notation_is_the_same(answer: str, result: str) -> None:
    assert unsupported(answer, result) == []


def test_a_price_in_another_currency_is_named_though_the_user_has_named_the_currency() -> None:
    assert unsupported("It costs 99 USD.", "99.00 EUR", task="What is it in USD?") == ["99"]


def test_a_compact_list_of_a_typed_answer_is_read_as_a_list() -> None:
    answer = '{"sizes":[100,200]}'
    assert unsupported(answer, "100 and 200", typed=True) == []
    assert unsupported(answer, "100 and 300", typed=True) == ["100,200"]


def test_what_is_the_same_is_cited_before_what_is_the_same_in_another_unit() -> None:
    sources = [Source("300 min", "call-1"), Source("5 hours", "call-2")]
    [citation] = ground("It takes 5 hours.", sources).citations
    assert citation.call_id == "call-2"


@pytest.mark.parametrize("text", ["{} hours and 5 minutes", "5 hours {} minutes", "{}½", "{}/4", "{} 000", "€{}"])
def test_a_figure_of_thousands_of_digits_is_borne(text: str) -> None:
    assert "7" not in unsupported(f"There are 7, or {text.format('9' * 5000)}.", "7 files")
    assert unsupported("There are 8.", text.format("9" * 5000)) == ["8"]


def test_a_long_text_of_figures_is_read_in_a_time_that_grows_with_its_length() -> None:
    def reading(lines: int) -> float:
        text = "\n".join(f"{k},{k % 1000:03d},{k} km, 1 {k % 1000:03d} 567 €, 3/4, 1½ h, ten km" for k in range(lines))
        return cpu_s(lambda: ground("It is 99999999 or 7 777 777 €.", [Source(text, "call-1")]))

    assert reading(1200) < 8 * reading(300)
