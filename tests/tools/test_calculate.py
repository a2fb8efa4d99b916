import pytest
from agentx_tools.calculate import calculate
from hypothesis import given, settings
from hypothesis import strategies as st

from agentx.errors import ToolError
from tests.timing import cpu_s


def result(expression):
    return calculate.function(expression=expression)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("3 * (4 + 5)", "27"),
        ("2^10", "1024"),
        ("2**10", "1024"),
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("3 × 4", "12"),
        ("10 ÷ 4", "2.5"),
        ("5 − 7", "-2"),
        ("3 x 4", "12"),
        ("3x4", "12"),
        ("0x10 + 1", "17"),
        ("7 // 2", "3"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3", "0.333333333333"),
        ("12345678901.23 + 1", "12345678902.23"),
        ("100.0", "100"),
        ("10^20", "100000000000000000000"),
        ("1e5 * 2", "200000"),
        ("007 + 1", "8"),
        ("1_000 + 1", "1001"),
    ],
)
def test_arithmetic(expression, value):
    assert result(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("15% of 80", "12"),
        ("15 percent of 80", "12"),
        ("15%", "0.15"),
        ("(10 + 5)% of 200", "30"),
        ("80 + 15%", "92"),
        ("200 - 10%", "180"),
        ("10% + 5%", "0.15"),
        ("10% + 20% + 30%", "0.6"),
        ("12% + 15% + 20%", "0.47"),
        ("30% - 10% - 5%", "0.15"),
        ("-10% + 5%", "-0.05"),
        ("80 + (10% + 5%)", "92"),
        ("80 + 10% + 10%", "96.8"),
        ("50% * 8", "4"),
        ("17 % 5", "2"),
        ("17%5", "2"),
        ("17 mod 5", "2"),
    ],
)
def test_a_percent_sign_is_a_share_or_a_remainder_as_it_stands(expression, value):
    assert result(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1,234.5 + 1", "1235.5"),
        ("1,234,567", "1234567"),
        ("(1,234 + 6) / 2", "620"),
        ("$1,250.00 * 2", "2500"),
        ("1\u202f234 + 1", "1235"),
        ("max(1,234)", "234"),
        ("3 + 4 =", "7"),
        ("= 3 + 4", "7"),
        ("what is 2 plus 3 times 4?", "14"),
        ("50 divided by 4", "12.5"),
        ("total = 3 * 4", "12"),
        ("'3 + 4'", "7"),
        ("2(3 + 4)", "14"),
        ("(1 + 2)(3 + 4)", "21"),
        ("2 pi", "6.28318530718"),
        ("√16 + √(9 + 16)", "9"),
        ("the square root of 16", "4"),
        ("3² + 1", "10"),
        ("5!", "120"),
        ("5! / 3!", "20"),
        ("sqrt 16", "4"),
        ("math.sqrt(16)", "4"),
        ("sin(30°)", "0.5"),
        ("sin 30°", "0.5"),
        ("2 cos 60° + 1", "2"),
        ("tan 45°", "1"),
        ("√9!", "602.395219105"),
        ("√3!!", "26.83281573"),
        ("3 + 4 = 7", "True"),
        ("3 > 4", "False"),
    ],
)
def test_what_people_write_is_read_as_they_mean_it(expression, value):
    assert result(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum(1, 2, 3)", "6"),
        ("sum([1, 2, 3])", "6"),
        ("sum((1, 2, 3))", "6"),
        ("mean(1, 2, 4)", "2.33333333333"),
        ("average([1, 2])", "1.5"),
        ("median(3, 1, 2)", "2"),
        ("min(3, 1) + max([4, 2])", "5"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.675, 2)", "2.68"),
        ("round(12.345, ndigits=1)", "12.3"),
        ("round(1234, -2)", "1200"),
        ("abs(-3)", "3"),
        ("log(100, 10)", "2"),
        ("log(8, 2)", "3"),
        ("ln(e)", "1"),
        ("factorial(5)", "120"),
        ("comb(5, 2)", "10"),
        ("gcd(12, 18)", "6"),
        ("pow(2, 10)", "1024"),
        ("stdev(2, 4)", "1.41421356237"),
        ("hex(255)", "0xff"),
        ("[1 + 1, 0.1 + 0.2]", "[2, 0.3]"),
    ],
)
def test_functions(expression, value):
    assert result(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('date("2024-03-01") - date("2024-02-01")', "29"),
        ("2024-03-01 - 2024-02-01", "29"),
        ("date(2024, 3, 1) - date('1 February 2024')", "29"),
        ("days between 2024-03-01 and 2024-02-01", "29"),
        ("How many days are between March 1, 2024 and '2024-02-01'?", "29"),
        ("days from 2024-02-01 to 2024-03-01", "29"),
        ("days_between('2024-02-01', '2024-03-01') * 2", "58"),
        ("2024-02-28 + 2", "2024-03-01"),
        ("max(2024-02-28, 2024-03-01) - 1", "2024-02-29"),
        ('weekday("2024-03-01")', "Friday"),
        ("2024-02-28 < today()", "True"),
    ],
)
def test_dates(expression, value):
    assert result(expression) == value


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "The expression is empty"),
        ("3 +", r"ends with `\+`"),
        ("3 4", "no operator between `3` and `4`"),
        ("(1 + 2", "never closed"),
        ("1 + 2)", r"`\)` closes a bracket that was never opened"),
        ("* 3", r"near `\*`"),
        ("1 @ 2", "`@` means nothing"),
        ("1,5 + 2", "write decimals with a point"),
        ("3 apples", "`apples` is no number"),
        ("price * 2", "`price` is no number"),
        ("x.y", r"`x\.y` is no number"),
        ("foo(3)", "There is no function `foo`; there are: abs"),
        ("sin", "only the name of a function"),
        ("2 + 1 / 0", r"^`1 / 0` divides by zero\.$"),
        ("1 + sqrt(-1)", r"^`sqrt\(-1\)` cannot be computed: math domain error\.$"),
        ("sqrt(1, 2)", r"`sqrt\(1, 2\)` cannot be computed"),
        ("(-8)^(1/3)", "has no real value"),
        ("[1, sin]", "only the name of a function"),
        ("exp(1000)", "too large for a number with decimals"),
        ("1e300 * 1e300", "The result is inf"),
        ("max([])", "needs at least one number"),
        ("factorial(2.5)", "takes whole numbers"),
        ("factorial(100000)", "out of range"),
        ("2024-13-45 + 1", "is no date"),
        ("date('soon')", "'soon' is no date"),
        ("2024-01-01 + 0.5", "whole days only"),
        ("2024-01-01 + 9999999", "beyond the calendar"),
        ("'a' * 3", "'a' is no number to compute with"),
        ("[1] * 3", r"\[1\] is no number to compute with"),
    ],
)
def test_an_error_is_one_sentence_that_names_the_bad_piece(expression, sentence):
    with pytest.raises(ToolError, match=sentence) as caught:
        result(expression)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "9^9^9^9",
        "2**13001",
        "(2**12000) * (2**12000)",
        "10**(10**10)",
        "factorial(factorial(10))",
        "1" * 3000,
        "(" * 900,
        "-" * 1900 + "1",
        "lcm(2**12999, 3**8000, 5**5000)",
        "10.0**9**9",
        "=" * 1999 + "x",
    ],
)
def test_a_bomb_is_refused_at_once(expression):
    def refused():
        with pytest.raises(ToolError):
            result(expression)

    result("1 + 1")  # the import of the evaluator is not what is timed
    assert cpu_s(refused) < 0.05


def test_the_largest_whole_numbers_are_exact():
    assert result("2**12999 - 1") == str(2**12999 - 1)
    assert result("factorial(1000)").startswith("402387260077093773543702433923003985719")


@pytest.mark.parametrize(
    "expression",
    ["__import__('os')", "().__class__", "(1).__class__", "abs.__self__", "lambda: 1", "[x for x in [1]]", "open('a')"],
)
def test_nothing_of_python_beyond_arithmetic_can_be_reached(expression):
    with pytest.raises(ToolError):
        result(expression)


WORDS = [
    "1",
    "2",
    "0.5",
    "1,234",
    "3",
    "-",
    "+",
    "*",
    "/",
    "^",
    "%",
    "!",
    "(",
    ")",
    "[",
    "]",
    ",",
    "=",
    "of",
    "sqrt",
    "sum",
    "round",
    "date",
    "pi",
    "e",
    "°",
    "√",
    "'a'",
    "2024-01-01",
    "<=",
    "if",
]


@settings(max_examples=300, deadline=None, database=None)
@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
def test_any_text_gives_a_value_or_a_sentence(expression):
    try:
        assert isinstance(result(expression), str)
    except ToolError as error:
        assert str(error)


@pytest.mark.parametrize("expression", ["None", "[None]", "None if True else 1"])
def test_nothing_is_no_result(expression):
    with pytest.raises(ToolError, match="The result is nothing"):
        calculate(expression)
