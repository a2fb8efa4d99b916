"""A moment rests on the same moment in other notation, as people and as programs write it."""

import pytest

from tests.planner.test_grounding import unsupported


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ("At 10:30:00.", "10:30"),
        ("At 10:30.", "10:30:15"),
        ("At 10:30:15.", "10:30:15"),
        ("At 17:00 Uhr.", "17:00"),
        ("Um 17:00 Uhr.", "5 pm"),
        ("At 17:00.", "17:00 Uhr"),
    ],
)
def test_a_time_in_other_notation_is_the_same(answer: str, result: str) -> None:
    assert unsupported(answer, result) == []


@pytest.mark.parametrize(
    ("answer", "result", "missing"),
    [
        ("At 10:30:15.", "10:30", ["10:30:15"]),
        ("At 10:30:00.", "10:30:15", ["10:30:00"]),
        ("At 10:31:00.", "10:30", ["10:31:00"]),
        ("At 18:00 Uhr.", "17:00", ["18:00 Uhr"]),
        ("At 00:00:00.", "on 1 May 2024", ["00:00:00"]),
    ],
)
def test_another_time_is_named(answer: str, result: str, missing: list[str]) -> None:
    assert unsupported(answer, result) == missing


@pytest.mark.parametrize(
    ("moment", "result", "missing"),
    [
        ("2024-05-01T10:30:00", "1 May 2024, 10:30", []),
        ("2024-05-01T10:30:00Z", "1 May 2024, 10:30", []),
        ("2024-05-01T00:00:00", "1 May 2024", []),
        ("2024-05-01T00:00:00Z", "1 May 2024", []),
        ("2024-05-01 00:00", "1 May 2024", []),
        ("2024-05-01T10:45:00", "1 May 2024, 10:30", ["10:45:00"]),
        ("2024-05-01T00:00:01", "1 May 2024", ["00:00:01"]),
        ("2024-05-02T00:00:00", "1 May 2024", ["2024-05-02"]),
    ],
)
def test_a_typed_moment_is_checked_as_far_as_it_is_told(moment: str, result: str, missing: list[str]) -> None:
    assert unsupported(f'{{"when": "{moment}"}}', result, typed=True) == missing
