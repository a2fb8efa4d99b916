import pytest

from benchmarks.tasks.answers import Absence, Clock, Day, Digits, Figure, Phrase, plain


def says(wanted, answer):
    return wanted.found_in(plain(answer))


@pytest.mark.parametrize(
    "answer",
    ["1234", "1,234", "It is 1234.0.", "**1,234.00** EUR", "€1234", "total=1234", "1'234 km", "1\u202f234", "(1234)"],
)
def test_a_figure_is_found_however_it_is_written(answer):
    assert says(Figure(1234), answer)


@pytest.mark.parametrize(
    "answer",
    ["12345", "11234", "1234.5", "-1234", "v1234", "1.1234", "1234:30", "2024-1234", "1234th", "1234k", "12, 34", ""],
)
def test_a_figure_is_not_found_in_another(answer):
    assert not says(Figure(1234), answer)


def test_float_noise_and_a_decimal_comma_are_the_same_figure():
    assert says(Figure(97.35), "97.35000000000001")
    assert says(Figure(97.35), "97,35 euros")
    assert not says(Figure(97.35), "97.4")


def test_a_small_count_may_be_a_word():
    assert says(Figure(9), "Nine books are lent out.")
    assert not says(Figure(9), "Ninety books")
    assert not says(Figure(1), "one of them")


@pytest.mark.parametrize("answer", ["14:40", "at 2:40 pm", "14.40", "2:40 p.m.", "14:40:00", "14h40"])
def test_a_time_is_found(answer):
    assert says(Clock(14, 40), answer)


@pytest.mark.parametrize("answer", ["4:40", "14:4", "2:40 am", "2:40", "114:40", "14:401"])
def test_another_time_is_not(answer):
    assert not says(Clock(14, 40), answer)


@pytest.mark.parametrize(
    "answer",
    ["2024-03-12", "12 March 2024", "March 12, 2024", "Mar 12th", "12.03.2024", "the 12th of March", "3/12/2024"],
)
def test_a_date_is_found(answer):
    assert says(Day(2024, 3, 12), answer)


@pytest.mark.parametrize("answer", ["2024-03-13", "12 March 2023", "2 March", "12 May 2024", "March 120", "2023-03-12"])
def test_another_date_is_not(answer):
    assert not says(Day(2024, 3, 12), answer)


def test_a_telephone_number_may_be_spaced_as_one_likes():
    assert says(Digits("01715550148"), "0171-555 0148")
    assert not says(Digits("01715550148"), "0171 555 01489")


def test_a_phrase_has_word_boundaries():
    assert says(Phrase("Ines"), "**Ines**.")
    assert not says(Phrase("Ines"), "Inesa")


@pytest.mark.parametrize(
    "answer",
    [
        "Not found.",
        "There is no passport number in the papers.",
        "The file does not contain a passport.",
        "I couldn't find your passport number.",
        "I looked. The passport isn't listed in papers/licence.txt",
        "None",
    ],
)
def test_an_honest_absence_is_seen(answer):
    assert says(Absence("passport"), answer)


@pytest.mark.parametrize(
    "answer",
    ["", "Your passport number is 17.", "I don't know.", "The licence is not valid. The passport number is X."],
)
def test_anything_else_is_no_absence(answer):
    assert not says(Absence("passport"), answer)


def test_a_curt_absence_does_not_say_which_of_two_things_is_missing():
    assert not says(Absence("August", curt=False), "Not found.")
    assert says(Absence("August", curt=False), "58.15 in July; no entry for August.")
