"""What the table `[guard]` may say, and what holds where it says nothing."""

from pathlib import Path
from typing import Any

import pytest

from agentx import config
from agentx.errors import ConfigError
from agentx.guarded import Found
from agentx.guarding.actions import GuardSettings, Rule
from agentx.guarding.checking import Guards
from agentx.guarding.desk import masked
from agentx.guards.secrets import Secrets


def rule(table: dict[str, Any], kind: str, place: Any) -> Rule:
    return GuardSettings.of({"actions": table}).rule(kind, place)


def test_what_is_not_said_is_as_by_default() -> None:
    assert rule({}, "secret", "input") == Rule("warn")
    assert rule({}, "secret", "output") == Rule("mask")
    assert rule({}, "personal", "tool_result") == Rule("allow")
    assert rule({}, "injection", "tool_result") == Rule("warn")


def test_an_action_alone_holds_everywhere_and_a_table_for_its_places() -> None:
    assert rule({"secret": "block"}, "secret", "input") == Rule("block")
    table = {"secret": {"output": "block", "threshold": 0.8}}
    assert rule(table, "secret", "output") == Rule("block", 0.8)
    assert rule(table, "secret", "tool_result") == Rule("mask", 0.8)
    deep = {"injection": {"tool_result": {"action": "block", "threshold": 0.9}, "threshold": 0.2}}
    assert rule(deep, "injection", "tool_result") == Rule("block", 0.9)
    assert rule(deep, "injection", "input") == Rule("warn", 0.2)


def test_only_what_may_keep_an_answer_back_withholds_it() -> None:
    assert Guards([Secrets({})]).withholds
    for action, withholds in (("allow", False), ("warn", False), ("mask", True), ("ask", True), ("block", True)):
        settings = GuardSettings.of({"actions": {"secret": {"output": action}}})
        assert Guards([Secrets({})], settings).withholds is withholds
        assert not Guards([], settings).withholds


WRONG = [
    ("guard = 1", "`guard` is a table"),
    ('[guard]\non = "secrets"', "`guard.on` must be a list of guards' names"),
    ("[guard]\nof = []", "there is no `guard.of`"),
    ('[guard.actions]\nsecret = "explode"', "`guard.actions.secret` must be one of allow, warn, mask, ask, block"),
    ("[guard.actions]\nsecret = 1", "`guard.actions.secret` must be one of"),
    ('[guard.actions.secret]\nanswer = "block"', "`guard.actions.secret` has no `answer`"),
    ('[guard.actions.secret]\noutput = "no"', "`guard.actions.secret.output` must be one of"),
    ("[guard.actions.secret]\nthreshold = 2", "a threshold must be a number from 0 to 1"),
    ("[guard.actions.secret]\nthreshold = true", "a threshold must be a number from 0 to 1"),
    ("[guard.actions.secret.output]\nthreshold = 0.5", "must have an action"),
    ("[guard]\nactions = 1", "`guard.actions` must be a table"),
    ("[guard.settings]\nwords = 1", "`guard.settings.words` must be a table"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_what_is_wrong_in_the_settings_is_told_with_its_file(text: str, sentence: str, tmp_path: Path) -> None:
    config.user_file().parent.mkdir(parents=True)
    config.user_file().write_text(text)
    with pytest.raises(ConfigError) as told:
        config.load(tmp_path)
    assert sentence in str(told.value) and str(config.user_file()) in str(told.value)
    assert str(told.value).endswith(".") and "line 1" in str(told.value)


def test_the_project_adds_to_what_the_user_set(tmp_path: Path) -> None:
    config.user_file().parent.mkdir(parents=True)
    config.user_file().write_text('[guard]\non = ["secrets"]\n[guard.actions]\nsecret = "block"\npersonal = "mask"\n')
    project = config.project_file(tmp_path)
    project.parent.mkdir()
    project.write_text(
        '[guard]\non = ["words"]\n[guard.actions]\npersonal = "warn"\n[guard.settings.words]\nextra = ["x"]'
    )
    assert config.load(tmp_path).settings.guard["on"] == ["secrets"]  # it is not trusted
    config.trust_project(tmp_path)
    loaded = config.load(tmp_path)
    assert loaded.settings.guard == {
        "on": ["words"],
        "actions": {"secret": "block", "personal": "warn"},
        "settings": {"words": {"extra": ["x"]}},
    }
    assert loaded.origins["guard.actions.secret"] == str(config.user_file())
    assert loaded.origins["guard.actions.personal"] == str(project)


def test_it_can_be_set_from_the_command_line(tmp_path: Path) -> None:
    config.set_user_value("guard.on", "secrets,personal")
    config.set_user_value("guard.actions.secret", "block")
    config.set_user_value("guard.actions.personal.output", "mask")
    config.set_user_value("guard.settings.words.extra", '["x"]')
    assert config.load(tmp_path).settings.guard == {
        "on": ["secrets", "personal"],
        "actions": {"secret": "block", "personal": {"output": "mask"}},
        "settings": {"words": {"extra": ["x"]}},
    }


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("guard.on", "secrets,nope", "there is no guard `nope`"),
        ("guard.actions.secret", "explode", "must be one of allow, warn, mask, ask, block"),
        ("guard.actions.secret.answer", "block", "has no `answer`"),
        ("guard.nonsense", "1", "there is no setting `guard.nonsense`"),
    ],
)
def test_what_cannot_be_set_leaves_the_file_as_it_was(key: str, value: str, sentence: str) -> None:
    config.set_user_value("guard.on", "secrets")
    before = config.user_file().read_text()
    with pytest.raises(ConfigError, match=sentence):
        config.set_user_value(key, value)
    assert config.user_file().read_text() == before


def one(kind: str, *spans: list[int], action: str = "mask") -> Found:
    return Found(kind, 0.9, "x", "g", action, list(spans))


def test_masks_stand_in_the_place_of_what_was_found() -> None:
    assert masked("a kiwi b", [one("secret", [2, 6])]) == "a [secret] b"
    assert masked("kiwi", [one("secret", [0, 4])]) == "[secret]"
    assert masked("abc", [one("injection")]) == "[injection]"
    assert masked("abcdef", [one("x", [0, 3]), one("y", [2, 5])]) == "[x]f"
    assert masked("abcdef", [one("x", [0, 6]), one("y", [2, 3])]) == "[x]"
    assert masked("abcdef", [one("x", [1, 2], [3, 4])]) == "a[x]c[x]ef"
    assert masked("abcdef", [one("x", [1, 2], action="warn"), one("y", [3, 4])]) == "abc[y]ef"
