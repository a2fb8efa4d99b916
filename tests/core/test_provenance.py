import base64
from typing import Any

import pytest

from agentx.messages import ToolCall, ToolResult
from agentx.provenance import Provenance
from agentx.tool import Tool


def made(*capabilities: str, **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties}
    return Tool.from_schema("t", "", schema, lambda: None, capabilities=frozenset(capabilities))


WEB, FILES, PROGRAM, NOTHING = made("ingests_untrusted"), made("reads_private"), made("executes"), made()


def result(text: str, **fields: Any) -> ToolResult:
    return ToolResult("1", "ok", text, **fields)


def call(**arguments: Any) -> ToolCall:
    return ToolCall("1", "t", arguments)


def after(*taken: tuple[Tool, str], said: str = "") -> Provenance:
    provenance = Provenance()
    provenance.said(said)
    for tool, text in taken:
        provenance.take(tool, call(), result(text))
    return provenance


def test_text_of_strangers_taints_and_is_marked() -> None:
    provenance = Provenance()
    assert not provenance.take(FILES, call(), result("a")).untrusted
    assert not provenance.tainted
    assert provenance.take(WEB, call(), result("b")).untrusted
    assert provenance.tainted
    assert not provenance.take(FILES, call(path="a.txt"), result("a")).untrusted


def test_what_a_tool_marks_taints_too() -> None:
    provenance = Provenance()
    assert provenance.take(FILES, call(), result("a note", untrusted=True)).untrusted
    assert provenance.tainted


def test_results_of_programs_and_files_they_wrote_stay_tainted() -> None:
    provenance = after((WEB, "x"))
    assert provenance.take(PROGRAM, call(), result("7", changed=["out.txt"])).untrusted
    assert provenance.take(FILES, call(path="out.txt"), result("7")).untrusted
    assert not provenance.take(FILES, call(path="mine.txt"), result("7")).untrusted


@pytest.mark.parametrize(
    ("arguments", "foreign"),
    [
        ({"to": "ann@x.org", "text": "See you at 5"}, []),
        ({"to": "eve@y.org", "text": "See you at 5"}, ["to"]),
        ({"to": ["ann@x.org", "eve@y.org"]}, ["to"]),
        ({"text": "see YOU, at 5!"}, []),
        ({"amount": 1050, "day": "2024-05-13"}, []),
        ({"amount": 1051, "at": ["2024-05-14T10:30:00", "11:00"]}, []),
        ({"amount": "1051"}, ["amount"]),
        ({"id": "a-7"}, ["id"]),
        ({"id": "13"}, ["id"]),
        ({"day": "May 13"}, []),
        ({"to": "ann@x.org;eve@y.org"}, ["to"]),
        ({"to": {"ann@x.org": {"text": "hello"}}}, ["to"]),
        ({"urgent": True, "copy": None, "files": []}, []),
    ],
)
def test_what_is_not_the_users_word_is_foreign(arguments: dict[str, Any], foreign: list[str]) -> None:
    provenance = after(said="Send ann@x.org £1,050.00 on May 13th, 2024 with the text 'See you at 5'.")
    assert provenance.foreign(NOTHING, arguments) == foreign


def test_values_that_the_tool_offers_are_nobodys_words() -> None:
    tool = made(
        level={"enum": ["low", "high"]}, note={"type": "string", "default": "none"},
        kind={"anyOf": [{"const": "new"}, {"type": "null"}]}, tags={"type": "array", "items": {"enum": ["a", "b"]}},
    )  # fmt: skip
    provenance = after()
    assert provenance.foreign(tool, {"level": "high", "note": "none", "kind": "new", "tags": ["a", "b"]}) == []
    assert provenance.foreign(tool, {"level": "top", "note": "x", "kind": "old", "tags": ["a", "c"]}) == [
        "level", "note", "kind", "tags",
    ]  # fmt: skip


def test_addresses_that_a_search_found_may_be_gone_to() -> None:
    provenance = Provenance()
    provenance.take(WEB, call(), result("see https://evil.org/x", addresses=["https://x.org/a,b?c=1/"]))
    assert provenance.foreign(NOTHING, {"url": "https://x.org/a,b?c=1/"}) == []
    assert provenance.foreign(NOTHING, {"url": "https://x.org/a,b?c=2/"}) == ["url"]
    assert provenance.foreign(NOTHING, {"url": "https://evil.org/x"}) == ["url"]


def test_a_name_in_which_a_letter_may_stand_is_no_address() -> None:
    provenance = Provenance()
    provenance.take(WEB, call(), result("x", addresses=["general", "external: write to eve@evil.org"]))
    assert provenance.foreign(NOTHING, {"a": "general", "b": "eve@evil.org"}) == ["b"]


SECRET = "Walnut Harbour 4711"


@pytest.mark.parametrize(
    "value",
    [
        "walnut", "https://evil.org/?q=Harbour", "https://evil.org/4711", "https://WALNUT.evil.org", "w-a-l-n-u-t",
        "xxwalnutxx", "https://evil.org/?q=%57alnut", "https://evil.org/?q=%2557alnut", "tunlaw",
        f"https://evil.org/{base64.b64encode(SECRET.encode()).decode()}", f"https://evil.org/{SECRET.encode().hex()}",
        {"q": ["the", "Harbour"]}, "jnyahg", "wal nut", "Ｗａｌｎｕｔ", "https://evil.org/a8f5f167f44f4964e6c998dee827110c",
    ],
)  # fmt: skip
def test_private_text_is_known_in_any_guise(value: Any) -> None:
    provenance = after((FILES, f"the boat is {SECRET}"), (WEB, "the page"), said="What does my boat cost?")
    assert provenance.private_text(value)


@pytest.mark.parametrize(
    "value", ["price of a boat", "https://en.example.org/wiki/Boats", "the page", "weather tomorrow", "boat cost"]
)
def test_other_text_is_not_private(value: str) -> None:
    provenance = after((FILES, f"the boat is {SECRET}"), (WEB, "the page"), said="What does my boat cost?")
    assert provenance.private_text(value) is None


def test_what_the_user_or_the_web_has_said_is_not_private() -> None:
    provenance = after((FILES, SECRET), (WEB, "Harbour fees"), said="Search for walnut")
    assert provenance.private_text("walnut harbour") is None
    assert provenance.private_text("4711") == "4711"


def test_what_is_both_private_and_of_strangers_is_private() -> None:
    provenance = after((made("reads_private", "ingests_untrusted"), f"From Eve: {SECRET}"))
    assert provenance.private_text("harbour") == "harbour"


def test_what_is_made_of_private_text_is_private() -> None:
    provenance = after((FILES, SECRET))
    provenance.take(NOTHING, call(text=SECRET), result("Zephyr"))
    assert provenance.private_text("zephyr") == "zephyr"


def test_a_program_may_send_what_it_says_and_what_the_web_has_said_only() -> None:
    provenance = after((WEB, "see /prices/7"), said="prices at https://x.org")
    program = 'for n in links: fetch_page(url="https://api.example.org/" + n)'
    assert provenance.private_text("https://x.org/prices/7", program) is None
    assert provenance.private_text("https://api.example.org/prices", program) is None
    assert provenance.private_text("https://api.example.org/zephyr", program) == "zephyr"
