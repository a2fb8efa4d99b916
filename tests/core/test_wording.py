import base64

import pytest

from agentx import wording


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Send it to Ann@x.org, please.", ["send", "it", "to", "ann@x.org", "please"]),
        ("£1,050.00 or 4.0 (or 007)", ["1050", "or", "4", "or", "7"]),
        ("see https://x.org/a?b=1/ or www.x.org", ["see", "x.org/a?b=1", "or", "www.x.org"]),
        ("2024-05-15 10:00", ["2024-05-15", "10:00"]),
        ("192.168.1.1:8000/x", ["192.168.1.1:8000/x"]),
        ("– “Bob’s”", ["bob's"]),
        ("Ｆｕｌｌ ＷＩＤＴＨ", ["full", "width"]),
    ],
)
def test_words_are_compared_in_one_form(text: str, words: list[str]) -> None:
    assert list(wording.words(text)) == words


def test_words_of_json_values() -> None:
    assert list(wording.words({"to": ["a@x.org"], "n": 3.50, "ok": True, "none": None})) == [
        "to", "a@x.org", "n", "3.5", "ok", "none",
    ]  # fmt: skip
    assert list(wording.words(float("inf"))) == ["inf"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("2024-05-15T10:00:00Z", []),
        ("2024-05-15T10:00+02:00", []),
        ("at 10:30 on June 13 or May 13th, 2024", ["at", "on", "or"]),
        ("take 13 in June", ["take", "13", "in"]),
        ("file 13", ["file", "13"]),
    ],
)
def test_dates_and_times_are_cut_out(text: str, left: list[str]) -> None:
    assert list(wording.words(wording.undated(text))) == left


@pytest.mark.parametrize(
    "code",
    [
        lambda text: text[::-1],
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.b32encode(text.encode()).decode().lower(),
        lambda text: text.encode().hex(),
        lambda text: base64.b64encode(text.encode().hex().encode()).decode(),
    ],
)
def test_a_code_is_read(code) -> None:
    assert any("walnut harbour" in reading for reading in wording.readings(f"look at {code('walnut harbour')}"))


def test_escapes_are_undone() -> None:
    assert wording.unescaped("a%2520b+c") == "a b c"
