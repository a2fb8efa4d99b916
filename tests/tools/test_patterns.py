import re
import time

import pytest
from agentx_tools.patterns import LinePattern, path_pattern, wants_hidden
from hypothesis import given
from hypothesis import strategies as st

from agentx.errors import ToolError


def numbers(pattern, text, **options):
    return [number for number, _, _ in LinePattern(pattern, **options).lines(text.encode())]


@pytest.mark.parametrize(
    "pattern",
    [
        "b",
        "^b",
        "b$",
        r"\w+",
        r"\d",
        r"[\w.]+@",
        "x*",
        "^$",
        r"a\Z",
        "[]b]",
        "[^]b]",
        r"[\[a]",
        r"[\]b]x?$",
        r"\[",
        "ü|é",
        r"[^\d]x",
        "a|b",
        r"12\s*kg",
        r"^[^\W\d_]+$",
        r"^[\W]+$",
        r"^[\D]x",
        "^a{,1}b",
        "^[{,2}]",
        "^1{,}2",
        r"\u00fc[\u0031-\u0032]",
        r"\U000000e9",
    ],
)
def test_lines_match_as_they_do_in_python(pattern):
    text = "a\nb\n\nab]\nü1x\né.x@y\n[a\n٣x\n12\xa0kg\n\x1f\n–_\n…–\n{,2}\näé"
    expected = [number for number, line in enumerate(text.split("\n"), 1) if re.search(pattern, line)]
    assert numbers(pattern, text) == expected


@pytest.mark.parametrize("pattern", [r"\s", r"[\s]", r"\S", r"[\S]", r"[^\s]", r"[^\S]", r"[^\S\t]", r"[\s\S]"])
def test_white_space_is_that_of_python(pattern):
    signs = [chr(number) for number in range(0x3100) if number != 10]
    expected = [place for place, sign in enumerate(signs, 1) if re.search(pattern, sign)]
    assert numbers(pattern, "\n".join(signs)) == expected


def test_an_escape_that_is_not_known_is_not_called_a_look_around():
    with pytest.raises(ToolError, match=r"at character 2 .*; this escape is not known here, write the sign itself\.$"):
        LinePattern(r"a\N{EM DASH}")
    with pytest.raises(ToolError, match=r"; look-around and back-references are not known here\.$"):
        LinePattern(r"(a)\1")


@given(st.text("ab\n", max_size=20), st.sampled_from(["a", "b$", "^a", "x*", "a.b", "[^b]", "a\nb", r"\s"]))
def test_no_match_reaches_over_a_line_end(text, pattern):
    lines = text.removesuffix("\n").split("\n") if text else []
    assert numbers(pattern, text) == [number for number, line in enumerate(lines, 1) if re.search(pattern, line)]


def test_case_and_classes_of_other_engines_are_known():
    assert numbers("É", "é\nx", ignore_case=True) == [1]
    assert numbers("(?i)X", "é\nx") == [2]
    assert numbers("[[:digit:]]+$", "a\n12") == [2]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "(a?){40}a{40}b"])
def test_no_pattern_takes_longer_than_the_text_is_long(pattern):
    started = time.thread_time()
    numbers(pattern, "a" * 100_000 + "!")
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("f(x", r"at character 2 \(`\(`\): missing \), unterminated subpattern; a \\ makes a sign literal\."),
        ("ab**", r"at character 4 \(`\*`\): multiple repeat"),
        ("a(?=b)", r"at character 2 \(`\(\?=`\): .*look-around and back-references are not known here"),
        (r"(a)\1", r"at character 4 \(`\\1`\)"),
        ("a{100000000}", "invalid repetition size"),
        ("", "The pattern is empty"),
        ("\ud800", "half of a surrogate pair"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_told_with_its_place(pattern, sentence):
    with pytest.raises(ToolError, match=sentence) as raised:
        LinePattern(pattern)
    assert raised.value.argument == "pattern"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.py", ["a.py", "src/deep/a.py"], ["a.pyc", "a.py/b"]),
        ("./src/*.py", ["src/a.py"], ["src/deep/a.py", "a/src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/deep/er/a.py"], ["a.py", "src/a.txt"]),
        ("**/test_*", ["test_a", "x/test_b"], ["x/a_test"]),
        ("data/**", ["data/a", "data/b/c"], ["data", "x/data/a"]),
        ("*.{csv,tsv}", ["a.csv", "x/b.tsv"], ["a.txt"]),
        ("?[!0-9].t+t", ["ab.t+t"], ["a1.t+t", "ab.txt"]),
        ("[]x]", ["]", "x"], ["a"]),
        ("größe*", ["größe.txt"], ["grosse"]),
    ],
)
def test_globs_match_as_people_expect(glob, yes, no):
    matches = path_pattern(glob)
    assert [path for path in [*yes, *no] if matches(path)] == yes


@pytest.mark.parametrize(
    ("glob", "sentence"), [(" ", "empty"), ("/etc/*", "relative"), ("../*", "relative"), ("[z-a]", "range")]
)
def test_a_glob_that_makes_no_sense_is_refused(glob, sentence):
    with pytest.raises(ToolError, match=sentence):
        path_pattern(glob)


def test_hidden_files_are_wanted_where_a_part_begins_with_a_dot():
    assert [glob for glob in (".*", ".github/*.yml", "*.py", "./a", "a/.env") if wants_hidden(glob)] == [
        ".*",
        ".github/*.yml",
        "a/.env",
    ]
