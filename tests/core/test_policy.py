import pytest

from agentx.errors import UsageError
from agentx.messages import ToolCall
from agentx.policy import MODES, Pattern, Policy, Verdict
from agentx.tool import Tool


def made(*capabilities: str) -> Tool:
    return Tool.from_schema("save", "", {}, lambda: None, capabilities=frozenset(capabilities))


def call(**arguments: object) -> ToolCall:
    return ToolCall("1", "save", arguments)


@pytest.mark.parametrize("capabilities", [[], ["reads_private"], ["ingests_untrusted"]])
def test_reading_never_asks(capabilities: list[str]) -> None:
    for mode in MODES:
        assert Policy(mode=mode).judge(made(*capabilities), call()) == Verdict("allow")


@pytest.mark.parametrize(
    ("capability", "words"),
    [("writes", "changes files"), ("executes", "runs code"), ("egress", "sends data out"), ("costs", "costs money")],
)
def test_effects_ask_and_say_which(capability: str, words: str) -> None:
    assert Policy().judge(made(capability), call()) == Verdict("ask", f"save {words}")


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


def test_a_pattern_of_endless_length_is_refused() -> None:
    with pytest.raises(UsageError, match="has 100000 characters; it may have 1000"):
        Pattern.parse("[" * 100_000)


@pytest.mark.parametrize("text", ["", "save(path=x)", "save(", 'save(path="a" "b")', "a b"])
def test_a_text_that_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no pattern"):
        Policy([text])


@pytest.mark.parametrize(
    ("mode", "writes", "executes"),
    [("read-only", "deny", "deny"), ("ask", "ask", "ask"), ("auto-edit", "allow", "ask"), ("full", "allow", "allow")],
)
def test_the_mode_decides_where_no_pattern_does(mode: str, writes: str, executes: str) -> None:
    policy = Policy(mode=mode)
    assert policy.judge(made("writes"), call()).answer == writes
    assert policy.judge(made("executes"), call()).answer == executes
    assert policy.judge(made("writes", "egress"), call()).answer == executes


def test_patterns_that_allow_do_not_lift_a_mode_that_is_read_only() -> None:
    verdict = Policy(["all"], mode="read-only").judge(made("writes"), call())
    assert verdict == Verdict("deny", "save changes files, and the mode is read-only")


def test_what_is_denied_goes_before_all_that_allows() -> None:
    policy = Policy(["all"], ['save(path="secret/*")'], "full")
    assert policy.judge(made("writes"), call(path="open/a")).answer == "allow"
    for path in ("secret/a", "./secret/a", "open/../secret/a", "secret//a"):
        assert policy.judge(made("writes"), call(path=path)) == Verdict(
            "deny", 'the pattern save(path="secret/*") forbids it'
        )
    assert Policy(deny=["save"]).judge(made(), call()).answer == "deny"


def test_a_grant_holds_for_its_session_alone() -> None:
    policy = Policy(["load"])
    session = policy.for_session()
    session.grant('save(path="a")')
    assert session.judge(made("writes"), call(path="a")).answer == "allow"
    assert session.judge(made("writes"), call(path="b")).answer == "ask"
    assert policy.judge(made("writes"), call(path="a")).answer == "ask"
    with pytest.raises(UsageError, match="is no pattern"):
        session.grant("save(")


def test_a_mode_that_is_changed_counts_in_sessions_that_began_before() -> None:
    policy = Policy(mode="ask")
    session = policy.for_session()
    policy.mode = "auto-edit"
    assert (session.mode, session.patterns()["mode"]) == ("auto-edit", "auto-edit")
    assert session.judge(made("writes"), call()) == Verdict("allow")
    policy.mode = "read-only"
    assert session.for_session().judge(made("writes"), call()).answer == "deny"
    with pytest.raises(UsageError, match="There is no mode `wild`"):
        policy.mode = "wild"
    assert policy.mode == "read-only"


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no mode `yolo`; the modes are: read-only, ask, auto-edit, full"):
        Policy(mode="yolo")
