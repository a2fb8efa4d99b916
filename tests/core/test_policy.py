import pytest

from agentx.errors import UsageError
from agentx.messages import ToolCall
from agentx.policy import Pattern, Policy
from agentx.tool import Tool


def made(*capabilities: str) -> Tool:
    return Tool.from_schema("save", "", {}, lambda: None, capabilities=frozenset(capabilities))


def call(**arguments: object) -> ToolCall:
    return ToolCall("1", "save", arguments)


@pytest.mark.parametrize("capabilities", [[], ["reads_private"], ["ingests_untrusted"]])
def test_reading_never_asks(capabilities: list[str]) -> None:
    assert Policy().reason_to_ask(made(*capabilities), call()) is None


@pytest.mark.parametrize(
    ("capability", "words"),
    [("writes", "changes files"), ("executes", "runs code"), ("egress", "sends data out"), ("costs", "costs money")],
)
def test_effects_ask_and_say_which(capability: str, words: str) -> None:
    assert Policy().reason_to_ask(made(capability), call()) == f"save {words}"


@pytest.mark.parametrize(
    ("pattern", "arguments", "matches"),
    [
        ("all", {}, True),
        ("save", {}, True),
        ("sa*", {}, True),
        ("save(*)", {"path": "x"}, True),
        ("load", {}, False),
        ('save(path="out/*")', {"path": "out/a.txt"}, True),
        ('save(path="out/*")', {"path": "in/a.txt"}, False),
        ('save(path="out/*")', {"path": "out/../a.txt"}, False),
        ('save(path="out/*")', {}, False),
        ('save(path="*", n="3")', {"path": "x", "n": 3}, True),
        ('save(path="a, b)")', {"path": "a, b)"}, True),
    ],
)
def test_a_pattern_matches_calls(pattern: str, arguments: dict, matches: bool) -> None:
    assert Pattern.parse(pattern).matches(call(**arguments)) is matches


@pytest.mark.parametrize("text", ["", "save(path=x)", "save(", 'save(path="a" "b")', "a b"])
def test_a_text_that_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no pattern"):
        Policy([text])
