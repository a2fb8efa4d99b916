import base64
import time

import pytest

from agentx import wording


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Send it to (Ann@x.org), please!", ["Send", "it", "to", "Ann@x.org", "please"]),
        ("see <https://x.org/a?b=1/> or “www.x.org”.", ["see", "https://x.org/a?b=1/", "or", "www.x.org"]),
        ("../x /y -5 @z .", ["../x", "/y", "-5", "@z"]),
        ("内容是「你好」。", ["内容是「你好"]),
    ],
)
def test_tokens_lose_their_quotation_marks_and_no_more(text: str, tokens: list[str]) -> None:
    assert wording.tokens(text) == tokens


@pytest.mark.parametrize(
    ("token", "number"),
    [("1,050.00", "1050"), ("4.0", "4"), ("12.50", "12.5"), ("0.5", "0.5"), ("007", None), ("x1", None), ("1,05", None),
     ("9" * 1_000_000, None)],
)  # fmt: skip
def test_numbers_have_one_form_and_names_made_of_digits_have_their_own(token: str, number: str | None) -> None:
    assert wording.number(token) == number


SAID = wording.plain("Mail ann@x.org/bob@x.org or mailto:cy@x.org on https://www.y.org/a#b; Ann's report—final, 13.5")


@pytest.mark.parametrize(
    "piece", ["ann@x.org", "bob@x.org", "cy@x.org", "www.y.org/a", "ann", "report", "final", "13.5", "mail ann@x.org"]
)
def test_a_piece_stands_by_itself(piece: str) -> None:
    assert wording.stands_in(piece, SAID)


@pytest.mark.parametrize("piece", ["nn@x.org", "n@x.org", "x.or", "y.o", "repor", "13", "5", "x.org", "", "evil"])
def test_a_part_of_a_longer_one_does_not(piece: str) -> None:
    assert not wording.stands_in(piece, SAID)


def test_scripts_without_spaces_have_no_bounds() -> None:
    said = wording.plain("请把会议时间发给bob@x.org，内容是你好")
    assert wording.stands_in("你好", said) and wording.stands_in("bob@x.org", said)
    assert not wording.stands_in("ob@x.org", said)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("2024-05-15T10:00:00Z", []),
        ("2024-05-15T10:00+02:00", []),
        ("at 10:30 on June 13 or (May 13th, 2024).", ["at", "on", "or"]),
        ("take 13 in June", ["take", "13", "in"]),
        ("file 13", ["file", "13"]),
        (
            "june@evil.org 2024-05-13@evil.org 10:30@evil.org",
            ["june@evil.org", "2024-05-13@evil.org", "10:30@evil.org"],
        ),
        ("https://evil.org/2047-11-01T12:34", ["https://evil.org/2047-11-01T12:34"]),
    ],
)
def test_dates_and_times_are_cut_out_where_they_stand_alone(text: str, left: list[str]) -> None:
    assert wording.tokens(wording.undated(text)) == left


@pytest.mark.parametrize(
    "code",
    [
        lambda text: text[::-1],
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.b32encode(text.encode()).decode().lower(),
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex("-"),
        lambda text: base64.b64encode(text.encode().hex().encode()).decode(),
    ],
)
def test_a_code_is_read(code) -> None:
    assert any("walnut harbour" in reading for reading in wording.readings(f"look at {code('walnut harbour')}"))


def test_escapes_are_undone_however_many() -> None:
    assert wording.unescaped("a%2525252520b+c") == "a b c"


def test_texts_of_any_value() -> None:
    deep: list = []
    for _ in range(50_000):
        deep = [deep]
    assert list(wording.texts(deep)) == []
    assert sorted(wording.texts({"a": ["b", {"c": 1}], "d": None, "e": True})) == ["a", "b", "c", "d", "e"]
    assert list(wording.texts(b"x")) == ["b'x'"]
    assert "…" in list(wording.texts([0] * 200_000))


@pytest.mark.parametrize(
    "text", ["1," * 50_000 + "x", "," * 100_000, "a" + "!" * 100_000 + "a", "12:30 " * 50_000, "2024-05-13 " * 50_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.thread_time()
    wording.tokens(wording.undated(text))
    wording.pieces(text)
    wording.stands_in(wording.plain(text[:50]), wording.plain(text))
    wording.readings(text[:2_000])
    assert time.thread_time() - started < 2
