import pytest

from agentx.nearest import advice, did_you_mean, nearest


@pytest.mark.parametrize(
    ("value", "valid", "expected"),
    [
        ("octobr.csv", ["notes.txt", "orders/october.csv"], ["orders/october.csv"]),
        (
            "october.csv",
            ["orders/october.csv", "old/october.csv", "october.txt"],
            ["old/october.csv", "orders/october.csv"],
        ),
        ("NOTES.TXT", ["notes.txt", "notes2.txt"], ["notes.txt"]),
        ("currency_convert", ["convert_currency", "send_mail"], ["convert_currency"]),
        ("grey", ["gray", "green", "blue"], ["gray"]),
        ("zzz", ["gray", "green"], []),
        ("x", [], []),
        ("", ["a"], []),
    ],
)
def test_the_nearest_values_are_found(value: str, valid: list[str], expected: list[str]) -> None:
    assert nearest(value, valid)[: len(expected) or None] == expected


def test_at_most_three_are_offered() -> None:
    assert len(nearest("a.txt", [f"{i}/a.txt" for i in range(9)])) == 3


def test_one_or_several_are_put_into_a_sentence() -> None:
    assert did_you_mean("gry", ["gray", "blue"]) == " Did you mean `gray`?"
    assert (
        did_you_mean("a.txt", ["x/a.txt", "y/a.txt", "z/a.txt"]) == " Did you mean `x/a.txt`, `y/a.txt` or `z/a.txt`?"
    )
    assert did_you_mean("zzz", ["gray"]) == ""
    assert did_you_mean(7, [17, 70]) != ""


def test_where_nothing_comes_near_the_first_valid_values_are_listed() -> None:
    assert advice("zzz", ["gray", "blue"]) == " It can be: gray, blue."
    assert advice("zzz", [f"colour {i}" for i in range(20)]).endswith("colour 7, … (20 in all).")
    assert advice("zzz", []) == ""


def test_a_value_cannot_forge_a_line_nor_fill_the_prompt() -> None:
    assert "\n" not in did_you_mean("a b.txt", ["a\nb.txt"])
    assert len(did_you_mean("a" * 500, ["a" * 501])) < 200


def test_the_nearest_of_thousands_is_found() -> None:
    valid = [f"folder-{i % 100}/report-{i}.txt" for i in range(20_000)]
    assert nearest("folder-3/raport-103.txt", valid)[0] == "folder-3/report-103.txt"
