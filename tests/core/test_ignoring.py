import pytest

from agentx.ignoring import Patterns


@pytest.mark.parametrize(
    ("rules", "path", "decided"),
    [
        (b"*.log\n!keep.log\n", "a/b.log", True),
        (b"*.log\n!keep.log\n", "keep.log", False),
        (b"*.log\n", "a.txt", None),
        (b"/top\n", "sub/top", None),
        (b"build/\n", "build", None),
        (b"build/\n", "build/", True),
        (b"a/**\n", "a/", None),
        (b"a/**\n", "a/b", True),
        (b"?\n", "\u00e9", None),
        (b"\xef\xbb\xbfa\r\n", "a", True),
        (b"# a\n\n[\n!\n", "a", None),
        (b"", "a", None),
    ],
)
def test_a_file_of_rules_decides_as_git_does(rules, path, decided):
    assert Patterns.of(rules).decide(path) is decided


def test_very_many_rules_are_read_too():
    rules = Patterns.of(b"".join(b"*%d*x*%d*y*%d\n" % (number, number, number) for number in range(1500)))
    assert rules.decide("1499x1499y1499") is True and rules.decide("b") is None


def test_names_that_are_no_text_are_matched_by_their_bytes():
    assert Patterns.of(b"\xff*\n").decide("\udcff.txt") is True
