import base64
import time
from typing import Any

import pytest

from agentx.messages import ToolCall, ToolResult
from agentx.privacy import addresses
from agentx.provenance import Provenance
from agentx.tool import Tool

SECRET = "Walnut Harbour 4711"


def made(*capabilities: str) -> Tool:
    return Tool.from_schema("t", "", {}, lambda: None, capabilities=frozenset(capabilities))


WEB, FILES, NOTHING = made("ingests_untrusted"), made("reads_private"), made()


def after(*taken: tuple[Tool, str], said: str = "", found: tuple[str, ...] = (), **arguments: Any) -> Provenance:
    provenance = Provenance()
    provenance.said(said)
    for tool, text in taken:
        provenance.take(tool, ToolCall("1", "t", arguments), ToolResult("1", "ok", text, addresses=list(found)))
    return provenance


BOAT = ((FILES, f"the boat is {SECRET}"), (WEB, "the page, see https://shop.org/boats/7"))


@pytest.mark.parametrize(
    "query",
    [
        "walnut", "HARBOUR fees", "code 4711", "w-a-l-n-u-t", "xxwalnutxx", "tunlaw", "jnyahg", "wal nut",
        "Ｗａｌｎｕｔ",
        "wálnut", "47 11", "x4711", base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex(),
        SECRET.encode().hex("-"), "a8f5f167f44f4964e6c998dee827110c", "%2525257walnut", "x" * 3_000,
    ],
)  # fmt: skip
def test_private_text_is_known_in_many_guises(query: str) -> None:
    assert after(*BOAT, said="What does my boat cost?").privacy.in_query(query)


@pytest.mark.parametrize("query", ["price of a boat", "the page", "weather tomorrow", "boat cost 2024", "boats for 8"])
def test_other_queries_pass(query: str) -> None:
    assert after(*BOAT, said="What does my boat cost?").privacy.in_query(query) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.org/?q=Harbour", "https://evil.org/4711", "https://evil.org/x4711", "https://evil.org/47/11",
        "https://WALNUT.evil.org", "https://evil.org/w4lnut", "https://evil.org/wаlnut", "https://evil.org/wwaallnnuutt",
        "https://evil.org/119-97-108", "https://evil.org/xbmovu", "https://evil.org/?q=%25252557alnut",
        "evil.org/walnut",
        "https://shop.org/boats/4711", "https://shop.org/page/see", "https://evil.org/77-61-6c-6e-75-74",
    ],
)  # fmt: skip
def test_an_address_of_unknown_parts_may_say_anything(address: str) -> None:
    assert after(*BOAT, said="What does my boat cost?").privacy.in_address(address)


@pytest.mark.parametrize(
    "address",
    ["https://shop.org/boats/7", "https://fees.org/x7a", "https://www.found.org/a?b=c", "https://shop.org/boat/cost/2"],
)
def test_an_address_that_is_known_as_a_whole_or_a_known_host_with_the_users_words_passes(address: str) -> None:
    provenance = after(
        *BOAT, said="What does my boat cost? Ask https://fees.org/x7a", found=("https://found.org/a?b=c",)
    )
    assert provenance.privacy.in_address(address) is None


def test_a_page_does_not_publish_what_was_private_before() -> None:
    words = " ".join(map(str, range(10_000)))
    privacy = after((FILES, SECRET), (WEB, f"walnut harbour {words} https://evil.org/4711")).privacy
    assert privacy.in_query("walnut") == "walnut"
    assert privacy.in_query("4711") == "4711"
    assert privacy.in_address("https://evil.org/4711") == "4711"


def test_what_the_user_has_said_and_what_was_public_before_is_not_private() -> None:
    assert after((FILES, SECRET), said="Search for walnut 4711").privacy.in_query("walnut 4711") is None
    assert after((WEB, "Harbour fees"), (FILES, SECRET)).privacy.in_query("harbour") is None


def test_what_is_both_private_and_of_strangers_is_private() -> None:
    both = made("reads_private", "ingests_untrusted")
    assert after((both, f"From Eve: {SECRET}")).privacy.in_query("harbour") == "harbour"


def test_what_is_made_of_private_text_is_private() -> None:
    provenance = after((FILES, SECRET), (NOTHING, "zephyr"), text=SECRET)
    assert provenance.privacy.in_query("zephyr") == "zephyr"
    assert after((FILES, SECRET), (NOTHING, "zephyr"), text="hello").privacy.in_query("zephyr") is None


PROGRAM = """
# a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9
s = open("secret.txt").read()
for n in range(9): fetch_page(url=f"https://shop.org/boats?page={n}")
fetch_page(url="https://shop.org/all")
"""


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        ("https://shop.org/all", True),
        ("https://shop.org/boats?page=1", True),
        ("https://shop.org/boats?page=7", False),
        ("https://shop.org/boats/7", True),
        ("https://shop.org/boats?page=471", False),
        ("https://evil.org/w-a-l-n-u-t-4-7-1-1", False),
        ("https://evil.org/" + "_" * 7, False),
        ("https://SHOP.org/all", False),
    ],
)
def test_a_program_may_go_where_it_says_and_where_a_page_leads(address: str, passes: bool) -> None:
    privacy = after((WEB, "see https://shop.org/boats/7"), said="prices?").privacy
    assert (privacy.in_address(address, PROGRAM) is None) is passes


def test_a_program_may_count() -> None:
    privacy = after((WEB, "x")).privacy
    pages = [privacy.in_address(f"https://shop.org/boats?page={number}", PROGRAM) for number in [1, 1, 2, 3, 5, 2, 4]]
    assert [page is None for page in pages] == [True, True, True, True, False, False, True]


def test_short_pieces_spell_nothing_over_several_addresses() -> None:
    privacy = after(*BOAT).privacy
    assert privacy.in_address("https://shop.org/wa/ln") is None
    assert privacy.in_address("https://shop.org/wa/ln") is None
    assert privacy.in_address("https://shop.org/ut") == "ln"


@pytest.mark.parametrize(
    "address",
    ["203.0.113.5/xbmovu", "evil.xn--p1ai/xbmovu", "u@evil.org/xbmovu", "evil.org./xbmovu", "evil。org/xbmovu",
     "[2001:db8::1]/xbmovu", "localhost/xbmovu", "evil.org:80", "w4lnut.evil.org"],
)  # fmt: skip
def test_what_stands_alone_is_gone_to(address: str) -> None:
    assert after(*BOAT).privacy.in_text(address, asks=True)


@pytest.mark.parametrize("query", ["红苹果", "密码是红苹果四七一一"])
def test_private_text_of_a_script_without_spaces(query: str) -> None:
    privacy = after((FILES, "我的银行密码是红苹果四七一一请保密"), (WEB, "x")).privacy
    assert privacy.in_query(query)
    assert privacy.in_query("天气") is None


@pytest.mark.parametrize("query", ["boat price 2024", "boat 2025", "boats because", "weather should", "Boot mit Motor"])
def test_years_and_common_words_pass(query: str) -> None:
    privacy = after((FILES, "… 2024 should increase because … 202 … mit der"), (WEB, "x")).privacy
    assert privacy.in_query(query) is None


def test_a_program_may_ask_what_it_says() -> None:
    privacy = after((WEB, "x")).privacy
    assert privacy.in_query("secret.txt", PROGRAM) is None
    assert privacy.in_query("s-e-c-r-e-t", PROGRAM)


def test_it_takes_no_time() -> None:
    privacy = after((FILES, " ".join(f"word{n}x" for n in range(100_000))), (WEB, "x")).privacy
    started = time.thread_time()
    privacy.in_query(base64.b64encode(b"hello there " * 100).decode())
    privacy.in_query("lorem ipsum " * 150)
    privacy.in_address("https://x.org/" + "a/" * 900)
    privacy.in_text(" ".join(f"https://x.org/{n}" for n in range(3_000)))
    privacy.in_text(" ".join(f"https://x.org/{n}" for n in range(199)))
    assert time.thread_time() - started < 2


def test_a_name_that_may_be_a_file_is_judged_as_a_query() -> None:
    privacy = after(*BOAT).privacy
    assert privacy.in_address("summary.txt") is None
    assert privacy.in_address("walnut.evil.org") == "walnut"


def test_addresses_are_found_wherever_they_stand() -> None:
    text = "see (https://x.org/a), evil.org/b, www.y.org; get('http://z.org/c') at v1.2 or 3.5 on a.txt, //w.org"
    assert list(dict.fromkeys(addresses(text))) == [
        "https://x.org/a", "evil.org/b", "www.y.org", "a.txt", "//w.org", "http://z.org/c",
    ]  # fmt: skip
