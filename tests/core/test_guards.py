"""The guards that come with AgentX: what they find, and what they leave alone."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentx import plugins
from agentx.errors import ConfigError
from agentx.guard import PLACES, Finding, Guard
from agentx.guarding.checking import Guards, make
from agentx.redaction import redact, secrets_in


def found(name: str, text: str, **settings: object) -> list[tuple[str, str]]:
    return [(text[item.start : item.end], item.reason) for item in make(name, settings).check(text, "input")]


@pytest.mark.parametrize("name", ["secrets", "personal", "words"])
def test_each_is_registered_and_has_its_name_and_finds_only_its_kinds(name: str) -> None:
    assert name in plugins.names("agentx.guards")
    guard: Guard = make(name, {})
    text = "damn, mail to anna@firma.de with the key ghp_" + "a1B2" * 9
    items = [item for place in PLACES for item in guard.check(text, place)]
    assert guard.name == name and items
    assert {item.kind for item in items} == guard.kinds
    assert all(0 <= item.score <= 1 and item.start is not None for item in items)
    assert not any(text[item.start : item.end] in item.reason for item in items)


SECRETS = {
    "ghp_" + "a1B2" * 9: "github token",
    "AKIA" + "ABCD1234" * 2: "AWS access key",
    "glpat-" + "x1y2z3" * 4: "gitlab token",
}


@pytest.mark.parametrize(("text", "what"), SECRETS.items())
def test_secrets_are_those_that_the_journal_redacts(text: str, what: str) -> None:
    line = f"The key is {text}, take care."
    assert found("secrets", line) == [(text, what)]
    assert redact(line) == f"The key is [redacted: {what}], take care."


@pytest.mark.parametrize("text", ["", "No key here.", "ghp_short", "sk-button-primary", "https://host/path@x", "AKIA"])
def test_what_only_begins_like_a_secret_is_none(text: str) -> None:
    assert found("secrets", text) == [] == secrets_in(text)


@pytest.mark.parametrize(
    ("text", "piece", "what"),
    [
        ("write to anna.b+x@mail.firma.de now", "anna.b+x@mail.firma.de", "e-mail address"),
        ("<bo_li@uni-bonn.de>", "bo_li@uni-bonn.de", "e-mail address"),
        ("IBAN DE89 3704 0044 0532 0130 00 today", "DE89 3704 0044 0532 0130 00", "IBAN"),
        ("to GB82WEST12345698765432.", "GB82WEST12345698765432", "IBAN"),
        ("NL91ABNA0417164300 EUR", "NL91ABNA0417164300", "IBAN"),
        ("pay with 4111 1111 1111 1111, please", "4111 1111 1111 1111", "payment card number"),
        ("pay with 5500-0000-0000-0004", "5500-0000-0000-0004", "payment card number"),
        ("amex 3782 822463 10005", "3782 822463 10005", "payment card number"),
        ("call +49 30 1234567 or so", "+49 30 1234567", "phone number"),
        ("at (415) 555-2671", "(415) 555-2671", "phone number"),
        ("at 415-555-2671.", "415-555-2671", "phone number"),
        ("Tel.: 030/1234567", "030/1234567", "phone number"),
        ("his number is 123-45-6789", "123-45-6789", "social security number"),
    ],
)
def test_personal_data_is_found_where_it_stands(text: str, piece: str, what: str) -> None:
    assert found("personal", text) == [(piece, what)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "git@github.com:owner/repo.git",
        "https://user:word@host.com/path",
        "anna@example.com, bo@mail.test and root@localhost",
        "icon@2x.png and sprite@dark.svg",
        "@tool def f(x: int)",
        "react@18.2.0 lodash@latest",
        "DE89 3704 0044 0532 0130 01",  # its checksum is wrong
        "GB82WEST1234569876543",  # too short for its country
        "4111 1111 1111 1112",  # Luhn
        "1234 5678 9012 3456",  # no card begins so
        "the hash is 4111111111111111abc",
        "2026-11-26 09:15:02,123 INFO 192.168.10.20",
        "version 1.2.3.4, build 20261126.0930",
        "1 + 1234567890 = 1234567891",
        "x+123456789",
        "3.14159265358979",
        "0x00000000deadbeef",
        "555-12 and 12-34-56",
        "000-12-3456 and 666-12-3456",
        "id 7f3e0012-3456-7890-1234-567890123456",
        "total 0123456789",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text: str) -> None:
    assert found("personal", text) == []


@pytest.mark.parametrize(
    "piece",
    [" 0123456789012345678901234567890a", "a@", "+", "(0", "0 ", "DE89 ", "4111 ", "a.b@c.", "tel ", "A", "4"],
)
def test_no_text_keeps_the_patterns_busy(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    began = time.perf_counter()
    make("personal", {}).check(text, "tool_result")
    make("secrets", {}).check(text, "tool_result")
    assert time.perf_counter() - began < 10


def test_words_are_found_in_disguise_and_not_within_others() -> None:
    assert [piece for piece, _ in found("words", "damn this, and sh1t too")] == ["damn", "sh1t"]
    assert found("words", "The class of the assassin from Scunthorpe assessed it.") == []


def test_words_can_be_added_and_allowed_in_other_languages() -> None:
    assert found("words", "what a plonk", extra=["plonk"]) == [("plonk", "word")]
    assert found("words", "damn", allowed=["damn"]) == []
    assert found("words", "so eine scheisse", languages=["de"])
    assert found("words", "so eine scheisse") == []


def test_without_its_package_the_word_list_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "badwords", None)
    monkeypatch.setattr("agentx.guards.words.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs badwords.*pip install 'agentx-local\[words\]'"):
        make("words", {})


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("secrets", {"x": 1}, "The guard `secrets` has no setting `x`; it has none."),
        ("words", {"language": "en"}, "has no setting `language`; it has languages, extra, allowed"),
        ("words", {"languages": "en"}, "`languages` must be a list of words, not 'en'"),
        ("words", {"extra": ["a", 1]}, "`extra` must be a list of words"),
    ],
)
def test_a_setting_that_is_off_is_told_of(name: str, settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make(name, settings)


def test_a_language_without_a_list_is_told_of() -> None:
    with pytest.raises(ConfigError, match="there is no list for a language"):
        make("words", {"languages": ["xx"]}).check("a", "input")


def test_several_threads_may_ask_at_once() -> None:
    guards = Guards([make(name, {}) for name in ("secrets", "personal", "words")])
    text = "damn, anna@firma.de " * 200
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: guards.findings(text, "output"), range(16)))
    assert all(result == results[0] for result in results) and len(results[0]) == 400


def test_half_of_a_surrogate_pair_stops_no_guard() -> None:
    found = Guards([make("words", {}), make("personal", {})]).findings("\ud800 shit at joe@firm.de", "input")
    assert sorted((item.kind, item.start, item.end) for item in found) == [("personal", 10, 21), ("profanity", 2, 6)]


def test_findings_of_one_kind_and_reason_are_one_with_many_places() -> None:
    guards = Guards([make("personal", {})])
    [one] = guards.look("anna@firma.de and bo@firma.de", "output")
    assert (one.kind, one.guard, one.action, one.spans) == ("personal", "personal", "warn", [[0, 13], [18, 29]])
    assert str(one) == "personal (e-mail address, 0.90 by personal, 2 times)"


def test_one_that_means_the_whole_text_stands_for_all() -> None:
    class Whole:
        name = "whole"
        kinds = frozenset({"injection"})

        def check(self, text: str, place: str) -> list[Finding]:
            return [Finding("injection", 0.6, 0, 1, "x"), Finding("injection", 0.9, None, None, "x")]

    [one] = Guards([Whole()]).look("abc", "tool_result")
    assert (one.score, one.spans, one.action) == (0.9, [], "warn")
