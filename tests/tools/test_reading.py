import asyncio
import json
import os
import time

import pytest
from agentx_tools.download import Document
from agentx_tools.page import MAX_CHARACTERS, decoded, plain, to_text
from agentx_tools.pdf import MAX_PAGES
from agentx_tools.reading import LIMITS, read
from agentx_tools.sandbox.limits import Limits

from agentx.errors import ToolError
from tests.tools.pdfs import pdf

URL = "https://x.example/a"
SHORT = Limits(timeout_s=1.0, processes=8, memory_bytes=2**29, output_bytes=5 * 2**20)


def page(body, limits=LIMITS, kind="text/html", charset="utf-8"):
    return asyncio.run(read(Document(URL, body, kind, charset), 6_000, limits))


@pytest.mark.parametrize("tag", ["div", "b", "table><tr><td", "ul><li", "blockquote", "p><a href=/><span", "font"])
def test_twenty_thousand_nested_tags_lose_no_text(tag):
    started = time.monotonic()
    names = [name.split()[0] for name in tag.split("><")]
    ends = "".join(f"</{name}>" for name in reversed(names))
    text = page(f"<html><body>{f'<{tag}>' * 20_000}at the bottom{ends * 20_000}</body></html>".encode())
    assert text == f"# (no title)\nURL: {URL}\n\nat the bottom"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "body",
    [
        b"<p title='" + b"x" * 4_000_000 + b"'>hello</p>",
        b"<p " + b"".join(b"a%d=1 " % number for number in range(20_000)) + b">hello</p>",
        b"<!--" + b"-" * 2_000_000 + b"--><p>hello",
        b"<p>hello" + b"</div>" * 100_000,
        b"<p>hello</p><script>" + b"x" * 1_000_000,
        b"<script type='application/ld+json'>" + b"[" * 500_000 + b"</script><p>hello",
        b"<p>hello <" + b"a" * 1_000_000,
        b"<p>hello &" + b"#x41" * 100_000,
    ],
    ids=["attribute", "attributes", "comment", "ends", "script", "json", "name", "entity"],
)
def test_a_page_that_is_made_to_break_a_parser_gives_its_text(body):
    started = time.monotonic()
    assert "hello" in page(b"<html><body>" + body)
    assert time.monotonic() - started < 12


def test_a_page_that_takes_too_long_for_markdown_comes_as_bare_text():
    rows = b"".join(b"<tr><td>row %d<td>b" % number for number in range(50_000))
    text = page(b"<html><body><table>" + rows, SHORT)
    assert text.startswith(f"# (no title)\nURL: {URL}\n\nrow 0\nb\nrow 1\n")


def test_a_page_that_takes_too_long_is_given_up_in_a_sentence():
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"^https://x\.example/a is built so that reading it takes too much time; try"):
        page(b"<html>" + b"<" * 5_000_000, Limits(timeout_s=0.5))
    assert time.monotonic() - started < 5


def test_a_page_that_takes_too_much_memory_is_given_up_in_a_sentence():
    with pytest.raises(ToolError, match="takes too much memory"):
        page(b"<html><body>" + b"<a href=/x>y</a> " * 200_000, Limits(memory_bytes=2**22))


def test_a_reader_that_breaks_off_is_a_sentence():
    with pytest.raises(ToolError, match="is damaged, or made to do damage: the program that reads it broke off"):
        page(b"<p>x", kind="text/html", charset=["no text"])


def test_a_long_text_is_cut():
    text = page(b"<html><body><p>" + b"word " * 400_000)
    assert len(text) < MAX_CHARACTERS + 100 and text.endswith("more characters are left out …]")
    assert to_text(Document(URL, b"x" * (MAX_CHARACTERS + 5), "text/plain"), 9).endswith(
        "x\n[… 5 more characters are left out …]"
    )


def test_the_reader_is_behind_walls_and_warm():
    page(b"<p>x")
    started = time.monotonic()
    for _ in range(5):
        page(b"<p>x")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "utf-7", "unicode_escape", "rot13", "hex", "x" * 10_000, "a\0b", "ü"]
)
def test_a_charset_that_is_none_is_passed_over(charset):
    assert decoded(Document(URL, "é+AGE-".encode() * 50_000, "text/plain", charset)).startswith("é+AGE-é")


def test_a_declared_charset_that_is_none_is_passed_over():
    assert "é" in to_text(Document(URL, "<meta charset=punycode><p>é".encode(), "text/html"), 6_000)


def test_plain_text_of_a_page_has_no_scripts_and_a_line_a_block():
    html = (
        "<title>t</title><style>a{}</style><p>One <b>two</b>\n three<div>four</div><script>x<y</script>five &amp; six"
    )
    assert plain(html) == "One two\nthree\nfour\nfive & six"


def test_a_pdf_becomes_text_with_a_mark_for_each_page():
    text = page(pdf("Opening hours: ten to six", "Closed on Monday"), kind="application/pdf")
    assert text == (
        f"# (no title)\nURL: {URL}\n\n[page 1 of 2]\nOpening hours: ten to six\n\n[page 2 of 2]\nClosed on Monday"
    )


def test_a_pdf_is_known_by_how_it_begins_where_the_server_does_not_say():
    assert "Closed" in page(pdf("Closed"), kind="application/octet-stream")
    assert "Closed" in page(pdf("Closed"), kind="")


def test_a_pdf_tells_its_title():
    assert page(pdf("x", title="The Plan"), kind="application/pdf").startswith("# The Plan\n")


def test_of_a_long_pdf_the_first_pages_are_read():
    text = page(pdf(*(f"page number {n}" for n in range(1, MAX_PAGES + 4))), kind="application/pdf")
    assert f"page number {MAX_PAGES}\n" in text and f"page number {MAX_PAGES + 1}" not in text
    assert text.endswith(f"[pages {MAX_PAGES + 1} to {MAX_PAGES + 3} are left out]")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7\n", "is a damaged PDF, or none at all, and cannot be read"),
        (b"<html>no PDF", "is a damaged PDF, or none at all, and cannot be read"),
        (b"", "is a damaged PDF, or none at all, and cannot be read"),
        (pdf("x")[:200], "is a damaged PDF, or none at all, and cannot be read"),
        (pdf("x", encrypted=True), "is a PDF that needs a password, so it cannot be read"),
        (pdf(""), "is a PDF of 1 page without text, probably of scanned images"),
    ],
    ids=["head", "html", "empty", "cut", "encrypted", "scanned"],
)
def test_a_pdf_that_cannot_be_read_is_a_sentence(content, sentence):
    with pytest.raises(ToolError, match=f"^https://x\\.example/a {sentence}"):
        page(content, kind="application/pdf")


def test_no_damage_to_a_pdf_does_more_than_give_a_sentence():
    whole = bytearray(pdf("Some text of a page", "More of it"))
    for place in range(20, len(whole), 37):
        damaged = bytes(whole[:place]) + os.urandom(3) + bytes(whole[place + 3 :])
        try:
            assert page(damaged, kind="application/pdf").startswith("# ")
        except ToolError as error:
            assert json.dumps(str(error)) and "broke off" not in str(error)
