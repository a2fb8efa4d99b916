import asyncio
import time

import pytest
from agentx_tools.addresses import NoAddress, NotPublic
from agentx_tools.download import parse
from agentx_tools.fetch_page import fetched
from agentx_tools.robots import Robots, _parsed

from agentx.errors import ToolError
from tests.tools.servers import Network, html, raw, serving

TEXT = {"Content-Type": "text/plain"}


def fetch(path="page", settings=None, names=None, **pages):
    with serving(page=html("<p>the page"), **pages) as place:
        return asyncio.run(fetched(f"http://site.example/{path}", settings or {}, Network(place, **(names or {}))))


def robots(text, **headers):
    return {"robots.txt": ({**TEXT, **headers}, text.encode())}


@pytest.mark.parametrize(
    "rules",
    [
        "User-agent: *\nDisallow: /",
        "User-agent: agentx\nDisallow: /page",
        "User-agent: AgentX\nDisallow: /*e$",
        "User-agent: other\nUser-agent: agentx\nDisallow: /\n\nUser-agent: *\nAllow: /",
    ],
)
def test_a_page_that_robots_are_asked_to_leave_alone_is_not_fetched(rules):
    with pytest.raises(ToolError, match=r"^http://site\.example/page may not be fetched: .*/robots\.txt asks robots"):
        fetch(**robots(rules))


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "User-agent: other\nDisallow: /",
        "User-agent: *\nDisallow: /private",
        "User-agent: *\nDisallow: /\n\nUser-agent: agentx\nAllow: /",
        "User-agent: other\nUser-agent: another\nDisallow: /\n\nUser-agent: *\nAllow: /",
        "<html><body>Not found</body></html>",
        "\x00\xff\ufffe",
    ],
)
def test_a_page_that_they_may_read_is_fetched(rules):
    assert fetch(**robots(rules)).endswith("the page")


def test_the_user_may_say_otherwise():
    rules = robots("User-agent: *\nDisallow: /")
    assert fetch(settings={"robots": False}, **rules).endswith("the page")
    with pytest.raises(ToolError, match=r"^The setting `robots` of fetch_page must be true or false, not 'no'"):
        fetch(settings={"robots": "no"}, **rules)


def test_a_host_that_the_user_allowed_is_not_asked():
    rules = robots("User-agent: *\nDisallow: /")
    with serving(page=html("<p>inner"), **rules) as place:
        assert asyncio.run(fetched(f"http://{place}/page", {"allow": [place]})).endswith("inner")


def test_where_there_are_no_rules_all_is_allowed():
    assert fetch().endswith("the page")
    for status in (401, 403, 410, 429):
        assert fetch(**robots("", status=status)).endswith("the page")
    assert asyncio.run(_of_raw(b"HTTP/1.1 302 Found\r\nLocation: /robots.txt\r\n\r\n")) is None


async def _of_raw(answer):
    with raw(lambda connection: connection.sendall(answer)) as place:
        return await Robots(Network(place)).check(parse("http://site.example/"))


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Busy\r\n\r\n", b"HTTP/1.1 500 Oh\r\n\r\n", b"nonsense"])
def test_where_the_rules_cannot_be_had_nothing_is_fetched(answer):
    with pytest.raises(ToolError, match=r"^http://site\.example does not say what robots may fetch \(.+\), so nothing"):
        asyncio.run(_of_raw(answer))


def test_rules_that_lead_to_a_private_address_are_not_followed():
    with serving(page=html("secret")) as inner:
        away = {"robots.txt": ({"status": 302, "Location": f"http://{inner}/page"}, b"")}
        with pytest.raises(ToolError, match="its robots.txt leads elsewhere: `127.0.0.1` is 127.0.0.1, a private"):
            fetch(**away)


def test_a_site_that_is_private_or_not_there_is_told_of_as_such():
    with pytest.raises(NotPublic, match="^`site.example` is 10.0.0.1, a private address"):
        asyncio.run(Robots(Network("x:1", site_example=["10.0.0.1"])).check(parse("http://site.example/")))

    class Nowhere(Network):
        async def look_up(self, host, port):
            raise OSError(-2, "Name or service not known")

    with pytest.raises(NoAddress, match="^The host `site.example` cannot be found"):
        asyncio.run(Robots(Nowhere("x:1")).check(parse("http://site.example/")))


def test_each_site_is_asked_once_and_each_address_is_judged():
    asked = []

    def rules(handler):
        asked.append(handler.headers["Host"])
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"User-agent: *\nDisallow: /private")

    async def run(place):
        known = Robots(Network(place))
        await known.check(parse("http://site.example/a"))
        await known.check(parse("http://site.example/b"))
        await known.check(parse("http://site.example:8080/b"))
        with pytest.raises(ToolError, match="may not be fetched"):
            await known.check(parse("http://site.example/private/c"))

    with serving(**{"robots.txt": rules}) as place:
        asyncio.run(run(place))
    assert asked == ["site.example", "site.example:8080"]


def test_a_redirect_leads_past_no_rules():
    with pytest.raises(ToolError, match="may not be fetched"):
        fetch("go", go=({"status": 302, "Location": "/page"}, b""), **robots("User-agent: *\nDisallow: /page"))


def test_rules_made_to_keep_a_reader_busy_are_read_at_once():
    started = time.thread_time()
    groups = "".join(f"User-agent: x{number}\n" for number in range(15_000))
    rules = "".join(f"Disallow: /{number}\n" for number in range(15_000))
    assert (
        _parsed(groups * 2 + rules + "\nUser-agent: *\nDisallow: /private").can_fetch("http://a/private", "agentx")
        is False
    )
    stars = "User-agent: *\nDisallow: /" + "*a" * 200_000 + "b\n"
    assert _parsed(stars).can_fetch("http://a/" + "a" * 8_000, "agentx")
    assert time.thread_time() - started < 5
