import asyncio
import gzip
import time

import pytest
from agentx_tools.addresses import NotPublic
from agentx_tools.connections import Guard
from agentx_tools.download import DownloadFailed, Limits, download, parse, place
from agentx_tools.fetch_page import fetched

from agentx.errors import ToolError
from tests.tools.servers import Network, html, raw, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def to(location, status=302):
    return {"status": status, "Location": location}, b""


def raw_document(answer, limits=None):
    with raw(answer) as place:
        return asyncio.run(download(f"http://{place}/", [place], limits))


def test_a_redirect_from_the_public_web_does_not_lead_to_what_the_user_allowed():
    with serving(secret=html("inner")) as inner, serving(go=to(f"http://{inner}/secret")) as public:
        network = Network(public)
        assert b"inner" in asyncio.run(download(f"http://{inner}/secret", [inner], network=network)).content
        with pytest.raises(NotPublic, match=r"`127\.0\.0\.1` is 127\.0\.0\.1, a private address"):
            asyncio.run(download("http://public.example/go", [inner], network=network))


def test_an_allowed_host_may_redirect_to_itself_and_to_no_other_allowed_one():
    with serving(secret=html("inner")) as inner, serving(a=to("/b"), b=html("end"), c=to(f"http://{inner}/")) as first:
        both = [first, inner]
        assert b"end" in asyncio.run(download(f"http://{first}/a", both)).content
        with pytest.raises(NotPublic):
            asyncio.run(download(f"http://{first}/c", both))


def test_a_way_over_the_public_web_does_not_lead_back():
    with serving(secret=html("inner")) as inner:
        away = to("http://public.example/back")
        with serving(a=away) as first, serving(back=to(f"http://{first}/a")) as public, pytest.raises(NotPublic):
            asyncio.run(download(f"http://{first}/a", [first, inner], network=Network(public)))


def test_another_spelling_of_an_allowed_host_is_another_host():
    with serving(a=html("x")) as here:
        port = here.split(":")[1]
        for other in (f"127.1:{port}", f"2130706433:{port}", f"[::ffff:127.0.0.1]:{port}"):
            with pytest.raises(NotPublic):
                asyncio.run(download(f"http://{other}/a", [here]))


def test_a_connected_socket_that_leads_elsewhere_is_closed_before_a_byte_is_sent():
    heard = []

    class Turned(Network):
        async def connect(self, address, port, timeout_s):
            return await super().connect("127.0.0.1", int(inner.split(":")[1]), timeout_s)

    refused = pytest.raises(NotPublic, match="`public.example` is 127.0.0.1, a private address")
    with raw(lambda connection: None, heard) as inner:
        with refused:
            asyncio.run(download("http://public.example/", network=Turned(inner)))
        with pytest.raises(DownloadFailed):
            asyncio.run(download(f"http://{inner}/", [inner]))
    assert [bool(request) for request in heard] == [False, True]


def test_a_public_address_of_this_very_machine_is_refused():
    class Own(Network):
        async def connect(self, address, port, timeout_s):
            stream = await super().connect(address, port, timeout_s)
            stream.get_extra_info = lambda info: (address, 80)
            return stream

    with serving(a=html("x")) as here, pytest.raises(NotPublic, match="is this very machine"):
        asyncio.run(download("http://public.example/a", network=Own(here)))


def test_no_connection_is_made_to_a_socket_of_the_file_system():
    with pytest.raises(ToolError, match="is a socket of this machine"):
        asyncio.run(Guard(Network("x:1")).connect_unix_socket("/var/run/x.sock"))


def test_the_second_address_is_tried_where_the_first_takes_no_connection():
    with serving(a=html("there")) as here:
        network = Network(here, two_example=["127.0.0.9", "127.0.0.1"])
        url = f"two.example:{here.split(':')[1]}"
        assert b"there" in asyncio.run(download(f"http://{url}/a", [url], network=network)).content


@pytest.mark.parametrize("written", ["127.0.0.1:80", "[::1]:8000", "Localhost:1", "bücher.local:80", "a-b.c:65535"])
def test_a_host_and_port_is_read_as_an_address_is(written):
    assert place(written) == place(written.lower())
    assert place(written).endswith(written.rpartition(":")[2])


@pytest.mark.parametrize(
    "written", ["", "localhost", "127.0.0.1:", ":80", "http://a:1", "a:b", "a@b:1", "a/b:1", "::1:1x"]
)
def test_what_is_no_host_and_port_is_said_so(written):
    with pytest.raises(ToolError, match="is no host and port; write it as"):
        place(written)


@pytest.mark.parametrize(
    "url", ["http://a%2eb/", "http://a\\.b/", "http://a\\@b/", "http://[::1%25lo]/", "http://a:٨٠/@b"]
)
def test_an_address_with_a_doubtful_host_is_refused(url):
    with pytest.raises(ToolError, match="its host can be read in two ways"):
        parse(url)


def test_credentials_with_odd_signs_do_no_harm():
    assert str(parse("http://me:p%40ss@example.org/%20x")) == "http://example.org/%20x"


@pytest.mark.parametrize("setting", ["127.0.0.1:80", [1], ["localhost"], 5, None])
def test_a_wrong_setting_is_said_so(setting):
    with pytest.raises(ToolError, match=r"`allow` of fetch_page must be a list|is no host and port"):
        asyncio.run(fetched("http://x.example/", {"allow": setting}))


def test_the_user_is_told_how_to_allow_what_was_asked_for_and_not_what_a_page_asks_for():
    with pytest.raises(ToolError, match=r"Only the user can allow it, with --allow-host 127\.0\.0\.1:81\.$"):
        asyncio.run(fetched("http://127.0.0.1:81/", {}))
    refused = pytest.raises(ToolError, match=r"pages of the public web only are fetched\.$")
    with serving(go=to("http://127.0.0.1:81/")) as public, refused:
        asyncio.run(fetched("http://public.example/go", {}, Network(public)))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (OK + b"Content-Length: 100\r\n\r\nhalf", r"broke off \(.*received 4 bytes, expected 100"),
        (OK + b"Content-Length: -5\r\n\r\nhalf", "gave no answer"),
        (OK + b"Content-Length: x\r\n\r\nhalf", "gave no answer"),
        (OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf", "gave no answer"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf", "broke off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhalf", "broke off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nhalf", "broke off"),
        (OK + b"X: " + b"x" * 200_000 + b"\r\n\r\n", "gave no answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "gave no answer"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "gave no answer"),
        (b"", "gave no answer"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", "which is no web address"),
        (b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\n\r\n", "redirects more than 5 times"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 999)[:-9], "is compressed and damaged"),
        (OK + b"Content-Encoding: gzip, gzip\r\n\r\n", r"not asked for \(gzip, gzip\)"),
    ],
    ids=str,
)
def test_an_answer_that_breaks_the_rules_is_a_sentence(answer, sentence):
    with pytest.raises(DownloadFailed, match=sentence):
        raw_document(lambda connection: connection.sendall(answer), Limits(total_s=5))


def test_what_comes_after_the_length_that_was_told_is_left():
    assert raw_document(lambda c: c.sendall(OK + b"Content-Length: 4\r\n\r\nfour and more")).content == b"four"


def endless(piece, pause_s=0.0):
    def answer(connection):
        connection.sendall(OK if not piece.startswith(b"HTTP") else b"")
        while True:
            connection.sendall(piece)
            time.sleep(pause_s)

    return answer


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (endless(b"\r\n" + b"x" * 65_536), "is larger than 1 MiB"),
        (endless(b"X: " + b"y" * 1_000 + b"\r\n"), "gave no answer"),
        (endless(b"X: y\r\n", 0.01), "did not answer within 1 s"),
        (endless(b"HTTP/1.1 100 Continue\r\n\r\n", 0.001), "did not answer within 1 s"),
    ],
    ids=["body", "head", "slow head", "continue"],
)
def test_an_answer_without_end_is_given_up(answer, sentence):
    started = time.monotonic()
    with pytest.raises(DownloadFailed, match=sentence):
        raw_document(answer, Limits(max_bytes=2**20, total_s=1))
    assert time.monotonic() - started < 3


def test_garbage_after_the_end_of_a_gzip_is_not_taken_in():
    def answer(connection):
        connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"short"))
        time.sleep(0.1)
        while True:
            connection.sendall(b"x" * 65_536)

    assert raw_document(answer, Limits(total_s=5)).content == b"short"


@pytest.mark.parametrize("pause_s", [0, 0.1])
def test_a_gzip_of_several_members_is_read_to_its_end(pause_s):
    def answer(connection):
        connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"one, "))
        time.sleep(pause_s)
        connection.sendall(gzip.compress(b"two, ") + gzip.compress(b"three"))

    assert raw_document(answer).content == b"one, two, three"
    with pytest.raises(DownloadFailed, match="is larger than"):
        raw_document(answer, Limits(max_bytes=12))


def with_rest(rest):
    return raw_document(lambda c: c.sendall(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"short") + rest))


@pytest.mark.parametrize("rest", [b"\n", b"garbage", bytes(100)])
def test_what_is_no_gzip_after_its_end_is_left(rest):
    assert with_rest(rest).content == b"short"


@pytest.mark.parametrize("rest", [gzip.compress(b"more")[:1], gzip.compress(b"more")[:-4], b"\x1f\x8bnonsense"])
def test_a_later_member_of_a_gzip_that_is_cut_short_or_damaged_is_damage(rest):
    with pytest.raises(DownloadFailed, match="is compressed and damaged"):
        with_rest(rest)


def test_a_document_can_be_cut_at_its_limit():
    limits = Limits(max_bytes=10, cuts=True)
    assert raw_document(lambda c: c.sendall(OK + b"\r\n" + b"x" * 99), limits).content == b"x" * 10
    packed = OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 99)
    assert raw_document(lambda c: c.sendall(packed), limits).content == b"x" * 10


def test_what_the_server_answered_is_kept_for_who_asks():
    with serving() as here, pytest.raises(DownloadFailed) as caught:
        asyncio.run(download(f"http://{here}/missing", [here]))
    assert caught.value.status == 404
    with pytest.raises(DownloadFailed) as caught:
        asyncio.run(download("http://127.0.0.1:1/", ["127.0.0.1:1"]))
    assert caught.value.status is None


def test_a_page_that_refreshes_itself_is_not_followed():
    page = html('<meta http-equiv="refresh" content="0; url=/b"><p>moved', Refresh="0; url=/b")
    asked = []

    def second(handler):
        asked.append(handler.path)
        handler.send_response(200)
        handler.end_headers()

    with serving(a=page, b=second) as here:
        assert asyncio.run(fetched(f"http://{here}/a", {"allow": [here]})).endswith("moved")
    assert asked == []
