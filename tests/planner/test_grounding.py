import pytest

from agentx.planner.grounding import unsupported_figures


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ("It is 7.", "7"),
        ("It costs 1,234.50.", "total 1234.5"),
        ("It costs 1234.5.", "total 1,234.50"),
        ("About 33.3 %.", "33.33333"),
        ("On 2024-03-12 at 14:40.", "2024-03-12 14:40"),
        ("Nothing was found.", ""),
        ("12,5 kg", "12.5"),
    ],
)
def test_a_figure_that_was_seen_is_supported(answer: str, source: str) -> None:
    assert unsupported_figures(answer, [source]) == []


@pytest.mark.parametrize(
    ("answer", "source", "missing"),
    [("It is 8.", "7", ["8"]), ("7 of 12", "7", ["12"]), ("It is 100.85.", "24.00 44.75 31.10", ["100.85"])],
)
def test_a_figure_that_nobody_has_seen_is_named(answer: str, source: str, missing: list[str]) -> None:
    assert unsupported_figures(answer, [source]) == missing
