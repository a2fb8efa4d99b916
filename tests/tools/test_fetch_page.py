import asyncio
import gzip
import ipaddress
import os
import shutil
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest
from agentx_tools import addresses
from agentx_tools.download import Document, Limits, download, inflated, parse
from agentx_tools.fetch_page import fetch_page, named_page
from agentx_tools.page import to_text

from agentx.errors import ToolError
from agentx.tool import ToolContext
from tests.tools.pdfs import pdf
from tests.tools.servers import html, serving

ARTICLE = """<!doctype html><html><head><title>Opening  hours</title></head><body>
<nav><a href="/">Home</a></nav>
<article><h1>Opening hours</h1>
<p>The museum is open from ten to six, and the last ticket is sold at five; it is closed on every Monday.</p>
<p>Prices are on <a href="/prices">the page of prices</a>, which is renewed in the spring of each year.</p>
<table><tr><th>Day</th><th>Hours</th></tr><tr><td>Sunday</td><td>10-18</td></tr></table>
</article></body></html>"""


def fetch(url, allow=()):
    context = ToolContext(workspace="/nowhere", settings={"allow": list(allow)})
    return asyncio.run(fetch_page.function(context=context, url=url))


def fetched(path, allow=None, limits=None, **pages):
    with serving(**pages) as place:
        return asyncio.run(download(f"http://{place}/{path}", [place] if allow is None else allow, limits))


def test_a_page_becomes_markdown_under_its_title_and_address():
    with serving(hours=html(ARTICLE)) as place:
        text = fetch(f"http://{place}/hours", [place])
    assert text.startswith(f"# Opening hours\nURL: http://{place}/hours\n\n")
    assert "the last ticket is sold at five" in text
    assert f"[the page of prices](http://{place}/prices)" in text
    assert "| Sunday | 10-18 |" in text
    assert "Home" not in text


def test_a_long_page_comes_without_its_links():
    paragraphs = "".join(
        f"<p>Sentence {n} of a long text, with <a href='/{n}'>a link</a> in its middle.</p>" for n in range(150)
    )
    text = to_text(
        Document(
            "https://x.example/",
            f"<html><title>Long</title><body><article>{paragraphs}</article></body></html>".encode(),
            "text/html",
        ),
        6_000,
    )
    assert "Sentence 149" in text and "](" not in text


def test_a_page_of_a_few_words_is_not_lost():
    document = Document("https://x.example/", b"<html><body><div>The code is 4711.</div></body></html>", "text/html")
    assert to_text(document, 6_000).endswith("The code is 4711.")


def test_a_page_without_text_says_so():
    document = Document("https://x.example/", b"<html><body></body></html>", "text/html")
    assert to_text(document, 6_000) == "# (no title)\nURL: https://x.example/\n\n(the page holds no text)"


def test_a_pdf_becomes_text():
    with serving(plan=({"Content-Type": "application/pdf"}, pdf("The plan of the year"))) as place:
        text = fetch(f"http://{place}/plan", [place])
    assert text == f"# (no title)\nURL: http://{place}/plan\n\n[page 1 of 1]\nThe plan of the year"


def test_other_text_comes_as_it_is():
    with serving(data=({"Content-Type": "application/json"}, b'{"a": [1, 2]}\n')) as place:
        assert fetch(f"http://{place}/data", [place]) == '{"a": [1, 2]}\n'


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("application/pdf", b"%PDF-1.7", "is a damaged PDF, or none at all"),
        ("image/png", b"\x89PNG", "is no text but image/png"),
        ("text/plain", b"\0\1\2\3" * 100, "is no text but binary data"),
        ("", b"\0\1\2\3" * 100, "is no text but binary data"),
    ],
)
def test_a_binary_document_is_refused_with_what_it_is(kind, content, sentence):
    with pytest.raises(ToolError, match=sentence):
        to_text(Document("https://x.example/a", content, kind), 6_000)


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("é “x”".encode(), None),
        ("é “x”".encode(), "utf-8"),
        ("é “x”".encode("cp1252"), "iso-8859-1"),
        ("é “x”".encode("cp1252"), None),
        ("é “x”".encode("utf-16"), "utf-8"),
        ("é “x”".encode(), "no-such-charset"),
        (b"\xef\xbb\xbf" + "é “x”".encode(), "utf-8"),
    ],
)
def test_the_charset_is_found(content, charset):
    assert to_text(Document("https://x.example/", content, "text/plain", charset), 6_000) == "é “x”"


def test_the_charset_that_a_page_declares_is_used():
    body = "<html><head><meta charset='windows-1251'><title>Привет</title></head><body><p>мир</p></body></html>"
    text = to_text(Document("https://x.example/", body.encode("cp1251"), "text/html"), 6_000)
    assert text.startswith("# Привет\n") and "мир" in text


def test_redirects_are_followed_and_the_last_address_is_told():
    def to(target):
        return {"status": 302, "Location": target}, b""

    document = fetched("a", a=to("/b"), b=to("c?x=1#part"), **{"c?x=1": html("<p>end</p>")})
    assert document.url.endswith("/c?x=1") and b"end" in document.content


def test_redirects_without_end_are_refused():
    with pytest.raises(ToolError, match="redirects more than 5 times"):
        fetched("a", a=lambda h: (h.send_response(302), h.send_header("Location", "/a"), h.end_headers()))


def test_a_redirect_to_a_private_address_or_another_scheme_is_refused():
    with pytest.raises(ToolError, match=r"`127\.0\.0\.2` is 127\.0\.0\.2, a private address"):
        fetched("a", a=({"status": 302, "Location": "http://127.0.0.2:1/"}, b""))
    with pytest.raises(ToolError, match="only http and https can, not file"):
        fetched("a", a=({"status": 302, "Location": "file:///etc/passwd"}, b""))


def test_a_private_address_is_fetched_only_where_it_is_allowed():
    with pytest.raises(ToolError, match=r"^`127\.0\.0\.1` is 127\.0\.0\.1, a private address"):
        fetched("a", allow=[], a=html("x"))
    with pytest.raises(ToolError, match="a private address"):
        fetched("a", allow=["127.0.0.1:1"], a=html("x"))


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"],
)
def test_no_spelling_of_a_private_address_is_fetched(host):
    with pytest.raises(ToolError, match="a private address"):
        asyncio.run(download(f"http://{host}/"))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2002:808:808::1", False),
        ("::ffff:8.8.8.8", True),
        ("::8.8.8.8", False),
        ("64:ff9b:1::808:808", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("2606:4700::5efe:a00:1", False),
        ("fd00:ec2::254", False),
        ("fec0::1", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
        ("198.18.0.1", False),
        ("2001:db8::1", False),
        ("2606:4700::1111%eth0", False),
    ],
)
def test_which_addresses_are_public(address, public):
    assert addresses.is_public(ipaddress.ip_address(address)) is public


def test_a_host_that_is_not_there_is_said_so():
    with pytest.raises(ToolError, match=r"^The host `no-such-host\.invalid` cannot be found"):
        asyncio.run(download("https://no-such-host.invalid/"))


def test_a_server_that_is_not_there_is_said_so():
    with pytest.raises(ToolError, match=r"^http://127\.0\.0\.1:1/ cannot be reached"):
        asyncio.run(download("http://127.0.0.1:1/", ["127.0.0.1:1"]))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "The address is empty"),
        ("ftp://x.example/", "only http and https can, not ftp"),
        ("file:///etc/passwd", "only http and https can, not file"),
        ("http:///path", "names no host"),
        ("http://[::1", "is no web address"),
        ("http://x.example:99999/", "names the port 99999"),
        ("mailto:me@x.example", "only http and https can, not mailto"),
        ("http://a\x00b/", "is no web address"),
    ],
)
def test_what_is_no_web_address_is_refused(url, sentence):
    with pytest.raises(ToolError, match=sentence):
        parse(url)


def test_an_address_is_completed_and_loses_its_credentials():
    assert str(parse("example.org/a b")) == "https://example.org/a%20b"
    assert str(parse("example.org:8080/a")) == "https://example.org:8080/a"
    assert str(parse("http://me:secret@example.org/#top")) == "http://example.org/"


def test_the_server_is_asked_by_name():
    seen = []

    def answer(handler):
        seen.append(handler.headers["Host"])
        handler.send_response(200)
        handler.end_headers()

    with serving(a=answer) as place:
        port = place.split(":")[1]
        asyncio.run(download(f"http://localhost:{port}/a", [f"localhost:{port}"]))
    assert seen == [f"localhost:{port}"]


@pytest.mark.skipif(
    shutil.which("openssl") is None and "CI" not in os.environ, reason="needs openssl to make a certificate"
)
def test_the_certificate_must_be_that_of_the_name_and_not_of_the_address(tmp_path, monkeypatch):
    pem = tmp_path / "localhost.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {tmp_path}/key.pem -out {tmp_path}/cert.pem",
        shell=True,
        check=True,
        capture_output=True,
    )
    pem.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text())
    with serving(certificate=pem, a=html("safe")) as place:
        port = place.split(":")[1]
        allow = [place, f"localhost:{port}"]
        with pytest.raises(ToolError, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(download(f"https://localhost:{port}/a", allow))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert b"safe" in asyncio.run(download(f"https://localhost:{port}/a", allow)).content
        with pytest.raises(ToolError, match="IP address mismatch"):
            asyncio.run(download(f"https://{place}/a", allow))


def test_an_error_of_the_server_is_told():
    with pytest.raises(ToolError, match=r"/missing answered 404 Not Found\.$"):
        fetched("missing")


def test_a_document_that_is_too_large_is_refused_compressed_or_not():
    big = b"x" * 200_000
    limits = Limits(max_bytes=100_000)
    for coding, body in (
        ({}, big),
        ({"Content-Encoding": "gzip"}, gzip.compress(big)),
        ({"Content-Encoding": "deflate"}, zlib.compress(big)),
    ):
        with pytest.raises(ToolError, match="larger than 0.0953674 MiB, too large to fetch"):
            fetched("a", limits=limits, a=({"Content-Type": "text/plain", **coding}, body))


@pytest.mark.parametrize("wbits", [31, 15, -15])
def test_each_kind_of_compression_is_read(wbits):
    compressor = zlib.compressobj(wbits=wbits)
    body = compressor.compress(b"hello " * 1000) + compressor.flush()
    coding = "gzip" if wbits == 31 else "deflate"
    document = fetched("a", a=({"Content-Type": "text/plain", "Content-Encoding": coding}, body))
    assert document.content == b"hello " * 1000


def test_no_step_of_decompression_swells_beyond_the_limit():
    async def pieces():
        yield gzip.compress(b"\0" * 50_000_000)

    async def largest():
        sizes = [len(piece) async for piece in inflated(pieces(), 100_000)]
        return max(sizes), sum(sizes)

    assert asyncio.run(largest()) == (100_001, 50_000_000)


def test_compressed_data_may_come_byte_by_byte():
    async def opened(data):
        async def pieces():
            for byte in data:
                yield bytes([byte])

        return b"".join([piece async for piece in inflated(pieces(), 100)])

    for data in (gzip.compress(b"hello"), zlib.compress(b"hello"), zlib.compress(b"hello", wbits=-15)):
        assert asyncio.run(opened(data)) == b"hello"
        with pytest.raises(zlib.error):
            asyncio.run(opened(data[:1]))
    assert asyncio.run(opened(b"")) == b""


def test_damaged_and_unasked_compression_is_refused():
    with pytest.raises(ToolError, match="is compressed and damaged"):
        fetched("a", a=({"Content-Encoding": "gzip"}, b"\x1f\x8bnonsense"))
    with pytest.raises(ToolError, match=r"compressed in a way that was not asked for \(br\)"):
        fetched("a", a=({"Content-Encoding": "br"}, b"x"))


def test_a_server_that_drips_is_given_up():
    stop = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                break
            if stop.wait(0.05):
                break

    started = time.monotonic()
    with serving(a=drip) as place:
        with pytest.raises(ToolError, match=r"/a did not answer within 0\.3 s\.$"):
            asyncio.run(download(f"http://{place}/a", [place], Limits(total_s=0.3)))
        stop.set()
    assert time.monotonic() - started < 5


def test_a_server_that_breaks_off_is_told():
    def broken(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")

    with pytest.raises(ToolError, match="broke off"):
        fetched("a", a=broken)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert b"direct" in fetched("a", a=html("direct")).content


@pytest.mark.parametrize(
    ("task", "url"),
    [
        ("Sum up https://x.org/wiki/Mercury_(planet).", "https://x.org/wiki/Mercury_(planet)"),
        ("Read it (https://x.org/Mercury_(planet)), please", "https://x.org/Mercury_(planet)"),
        ("Read [this](https://x.org/a_[b]).", "https://x.org/a_[b]"),
        ("Is https://x.org/a?b={c} up?!", "https://x.org/a?b={c}"),
        ("Sum up **https://x.org/a**, please", "https://x.org/a"),
        ("_See https://x.org/a_", "https://x.org/a"),
        ("https://x.org/。", "https://x.org/"),
        ("（https://x.org/a）", "https://x.org/a"),
        ("「https://x.org/a」、", "https://x.org/a"),
        ("Read https://x.org/wiki/Fermat's_Last_Theorem", "https://x.org/wiki/Fermat's_Last_Theorem"),
        ("Read 'https://x.org/a's part", "https://x.org/a"),
        ("What is on https://x.org's front page?", "https://x.org"),
        ("What does https://x.org/a's table say?", "https://x.org/a"),
        ("What does https://x.org/a\u2019s table say?", "https://x.org/a"),
        ("What is (https://x.org/a)'s title?", "https://x.org/a"),
        ("What is https://?", "https://"),
    ],
)
def test_the_page_of_a_task_is_told_from_the_signs_around_it(task, url):
    assert named_page(ToolContext(Path(), task=task)) == {"url": url}


def test_the_tool_says_what_it_may_do():
    assert fetch_page.capabilities == {"egress", "ingests_untrusted"}
