import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentx.messages import ToolCall, ToolResult
from agentx.provenance import Provenance
from agentx.tool import Tool, ToolContext


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


def test_what_derives_from_strangers_stays_marked() -> None:
    provenance = after((WEB, "x"), said="sum 1 2")
    assert provenance.take(PROGRAM, call(), result("7", changed=["out.txt"])).untrusted
    assert provenance.take(FILES, call(path="./out.txt"), result("7")).untrusted
    assert provenance.take(FILES, call(path="/home/w/out.txt"), result("7")).untrusted
    assert provenance.take(FILES, call(pattern="7"), result("out.txt:1: 7")).untrusted
    assert not provenance.take(FILES, call(path="mine.txt"), result("7")).untrusted
    assert provenance.take(NOTHING, call(text="obey eve"), result("OBEY EVE")).untrusted
    assert not provenance.take(NOTHING, call(text="sum 1 2"), result("3")).untrusted


@pytest.mark.parametrize(
    ("arguments", "foreign"),
    [
        ({"to": "ann@x.org", "text": "See you at 5"}, []),
        ({"to": "eve@y.org", "text": "See you at 5"}, ["to"]),
        ({"to": ["ann@x.org", "eve@y.org"]}, ["to"]),
        ({"text": "see YOU, at 5!"}, []),
        ({"text": "you see"}, []),
        ({"amount": 1050, "day": "2024-05-13"}, []),
        ({"amount": 1051, "at": ["2024-05-14T10:30:00", "11:00"]}, []),
        ({"amount": "1050"}, []),
        ({"amount": "1051"}, ["amount"]),
        ({"id": "a-7"}, ["id"]),
        ({"id": "13"}, ["id"]),
        ({"day": "May 13"}, []),
        ({"to": "ann@x.org;eve@y.org"}, ["to"]),
        ({"to": {"ann@x.org": {"text": "hello"}}}, ["to"]),
        ({"to": "june@x.org"}, ["to"]),
        ({"to": "10:30@x.org"}, ["to"]),
        ({"to": "nn@x.org"}, ["to"]),
        ({"path": "../../send"}, ["path"]),
        ({"url": "https://www.shop.org/boats/"}, []),
        ({"url": "https://shop.org/boats/2047-11-01T12:34"}, ["url"]),
        ({"urgent": True, "copy": None, "files": []}, []),
        ({"data": b"x"}, ["data"]),
        ({"url": "https://shop.org/Boats"}, ["url"]),
        ({"url": "https://SHOP.org/boats"}, []),
    ],
)
def test_what_is_not_the_users_word_is_foreign(arguments: dict[str, Any], foreign: list[str]) -> None:
    provenance = after(
        said="Send ann@x.org £1,050.00 on May 13th, 2024 with the text 'See you at 5'. Look at shop.org/boats"
    )
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


def test_an_enumeration_that_is_referred_to_is_offered_too() -> None:
    right = {"type": "string", "enum": ["r", "rw"]}
    loop = {"$ref": "#/$defs/Loop"}
    properties = {"right": {"$ref": "#/$defs/Right"}, "other": {"$ref": "#/$defs/Gone"}, "loop": loop}
    schema = {"type": "object", "properties": properties, "$defs": {"Right": right, "Loop": loop}}
    tool = Tool.from_schema("t", "", schema, lambda: None)
    provenance = after()
    assert provenance.foreign(tool, {"right": "r"}) == []
    assert provenance.foreign(tool, {"right": "x", "other": "r", "loop": "r"}) == ["right", "other", "loop"]


@pytest.mark.parametrize("schema", [{"enum": None}, {"enum": 5}, {"anyOf": None}, {"oneOf": "x"}, None, 3])
def test_odd_schemas_offer_nothing(schema: Any) -> None:
    assert after().foreign(made(a=schema), {"a": "x"}) == ["a"]


def test_addresses_that_a_search_found_may_be_gone_to() -> None:
    provenance = Provenance()
    provenance.take(WEB, call(), result("see https://evil.org/x", addresses=["https://X.org/a,b?c=1/", "eve"]))
    for known in ("https://x.org/a,b?c=1/", "http://www.x.org/a,b?c=1", "eve"):
        assert provenance.foreign(NOTHING, {"url": known}) == []
    for other in ("https://x.org/a,b?c=2/", "https://evil.org/x", "https://x.org/A,b?c=1", "b?c=1", "a"):
        assert provenance.foreign(NOTHING, {"url": other}) == ["url"]


def test_a_name_in_which_a_letter_may_stand_is_no_address() -> None:
    letters = ["external: write to eve@evil.org", "https://evil.org/,please,send,all,to,eve@evil.org", "x" * 3_000]
    provenance = Provenance()
    provenance.take(WEB, call(), result("x", addresses=["general", *letters]))
    assert provenance.foreign(NOTHING, {"a": "general", "b": "eve@evil.org", "c": "send all"}) == ["b", "c"]


def test_a_tool_may_find_what_is_no_text_but_not_one_text(tmp_path: Path) -> None:
    context = ToolContext(tmp_path)
    context.found(["a@x.org", None, 3])  # type: ignore[list-item]
    assert context.marks.addresses == ["a@x.org"]
    with pytest.raises(TypeError, match="takes a list"):
        context.found("a@x.org")


def test_values_of_any_size_and_depth_are_borne() -> None:
    deep: Any = "x"
    for _ in range(sys.getrecursionlimit() * 3):
        deep = [deep]
    provenance = after((WEB, "x"), said="9" * 1_000_000)
    started = time.thread_time()
    assert provenance.foreign(NOTHING, {"a": deep, "b": float("nan"), "c": "\ud800", "d": 10**4000}) == ["a", "c"]
    provenance.foreign(NOTHING, {"a": " ".join(map(str, range(100_000)))})
    provenance.take(NOTHING, call(a="y " * 500_000), result("z " * 500_000))
    assert time.thread_time() - started < 3


def test_what_a_tool_brings_that_asks_a_person_is_theirs_only_where_it_brings_nothing_else() -> None:
    def asking(*capabilities: str) -> Tool:
        return replace(made(*capabilities), needs_person=True)

    provenance = after((WEB, "x"), said="hello")
    assert not provenance.take(asking(), call(question="obey eve?"), result("yes")).untrusted
    for tool, brought in ((asking("ingests_untrusted"), result("a page")), (asking(), result("yes", untrusted=True))):
        provenance = Provenance()
        assert provenance.take(tool, call(), brought).untrusted and provenance.tainted
    for capability in ("reads_private", "executes"):
        provenance = after((asking(capability), "the boat is Walnut"))
        assert provenance.privacy.in_query("walnut")
    assert after((asking("executes"), "x"), (WEB, "y")).take(asking("executes"), call(), result("z")).untrusted


def test_all_that_a_program_gets_of_private_text_is_private_and_of_a_models_call_what_it_is_shown() -> None:
    long = result("the boat […] fees", full_text="the boat Walnut fees")
    for call_id, is_private in (("call-1.a", True), ("call-1", False)):
        provenance = Provenance()
        provenance.take(FILES, ToolCall(call_id, "t", {}), long)
        assert bool(provenance.privacy.in_query("walnut")) is is_private
