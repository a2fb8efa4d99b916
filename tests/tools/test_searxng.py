import asyncio
import json
import time

import pytest
from agentx_tools.download import Limits
from agentx_tools.search import SearchFailed, SearchHit
from agentx_tools.search.searxng import SearxngSearch
from agentx_tools.web_search import provider_for, web_search

from agentx.errors import ToolError
from agentx.tool import ToolContext
from tests.tools.servers import raw, serving

RESULTS = [
    {"title": " Cats \n and more", "url": "https://cats.example/", "content": "All  about cats.", "engine": "x"},
    {"title": "Again", "url": "https://cats.example/"},
    {"title": None, "url": "http://two.example/", "content": None},
    {"title": "Not of the web", "url": "magnet:?x"},
    {"title": "no address"},
    "nonsense",
]


def answering(body, kind="application/json", **headers):
    return {"Content-Type": kind, **headers}, body if isinstance(body, bytes) else json.dumps(body).encode()


def ask(page, limit=5, **settings):
    with serving(search=page) as place:
        return asyncio.run(SearxngSearch({"url": f"http://{place}", **settings}).search("cats & dogs", limit))


def test_results_become_hits_each_address_once():
    assert ask(answering({"results": RESULTS})) == [
        SearchHit("Cats and more", "https://cats.example/", "All about cats."),
        SearchHit("", "http://two.example/", ""),
    ]
    assert len(ask(answering({"results": RESULTS}), limit=1)) == 1


def test_the_instance_is_asked_for_json_below_its_own_path():
    asked = []

    def answer(handler):
        asked.append((handler.path, handler.headers["User-Agent"]))
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b'{"results": []}')

    with serving(**{"sub/search": answer}) as place:
        for settings in ({}, {"engines": ["mojeek", "brave"]}):
            asyncio.run(SearxngSearch({"url": f"http://{place}/sub/", **settings}).search("cats & dogs", 5))
    assert asked[0][0] == "/sub/search?q=cats+%26+dogs&format=json"
    assert asked[1][0] == "/sub/search?q=cats+%26+dogs&format=json&engines=mojeek%2Cbrave"
    assert asked[0][1].startswith("agentx")


def test_no_results_are_nothing_found_where_the_engines_have_answered():
    assert ask(answering({"results": [], "unresponsive_engines": []})) == []
    assert ask(answering({"results": []})) == []


def test_no_results_are_a_failure_where_engines_were_silent():
    silent = [["brave", "timeout"], ["google", "Suspended: CAPTCHA"], "bing"]
    with pytest.raises(
        SearchFailed, match="did not answer: brave: timeout, google: Suspended: CAPTCHA, bing$"
    ) as caught:
        ask(answering({"results": [], "unresponsive_engines": silent}))
    assert caught.value.passing


@pytest.mark.parametrize(
    ("page", "sentence", "passing"),
    [
        (answering(b"", status=403), r"refuses answers in JSON \(403\); add `json` to `search.formats`", False),
        (answering(b"", status=429), r"is asked too often \(429\)", True),
        (answering(b"", status=502), r"answered 502", True),
        (answering(b"", status=404), r"answered 404; is it a SearXNG instance", False),
        (answering(b"<html>hello", kind="text/html"), "sent text/html and no JSON; is it a SearXNG", False),
        (answering(b"[" * 100_000), "sent application/json and no JSON", False),
        (answering([1]), "sent JSON without a list of results", False),
        (answering({"results": {}}), "sent JSON without a list of results", False),
        (answering({"results": ["x", {}]}), "no result of the SearXNG instance has an address", False),
        (answering(b"x" * 3_000_000), "is larger than 2 MiB", True),
    ],
    ids=["403", "429", "502", "404", "html", "deep", "list", "no list", "no address", "large"],
)
def test_an_answer_that_is_none_is_a_failure(page, sentence, passing):
    with pytest.raises(SearchFailed, match=sentence) as caught:
        ask(page)
    assert caught.value.passing is passing
    assert "cats" not in str(caught.value)


def test_an_instance_that_is_silent_or_not_there_is_a_failure():
    started = time.monotonic()
    silent = pytest.raises(SearchFailed, match=r"did not answer within 0\.3 s$")
    with raw(lambda connection: time.sleep(1)) as place, silent as caught:
        asyncio.run(SearxngSearch({"url": f"http://{place}"}, Limits(total_s=0.3)).search("cats", 5))
    assert caught.value.passing and time.monotonic() - started < 3
    with pytest.raises(SearchFailed, match="^http://127.0.0.1:1 cannot be reached") as caught:
        asyncio.run(SearxngSearch({"url": "http://127.0.0.1:1"}).search("cats", 5))
    assert caught.value.passing and "cats" not in str(caught.value)


def test_a_redirect_does_not_lead_to_another_private_host():
    private = pytest.raises(SearchFailed, match="a private address")
    with serving(search=answering({"results": RESULTS})) as other, private:
        ask(answering(b"", status=302, Location=f"http://{other}/search"))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "the setting `url` of web_search is empty; set it to the address of your SearXNG instance"),
        ({"url": " "}, "the setting `url` of web_search is empty"),
        ({"url": 5}, "the setting `url` of web_search is empty"),
        ({"url": "ftp://x"}, "the setting `url` of web_search is wrong: ftp://x cannot be fetched"),
        ({"url": "http://x", "engines": "brave"}, "the setting `engines` of web_search must be a list of names"),
    ],
)
def test_a_setting_that_is_wrong_is_said_so(settings, sentence):
    with pytest.raises(ToolError, match=f"^search failed: {sentence}"):
        provider_for({"provider": "searxng", **settings})


def test_the_tool_searches_through_it_and_names_what_it_found(tmp_path):
    with serving(search=answering({"results": RESULTS})) as place:
        context = ToolContext(tmp_path, settings={"provider": "searxng", "url": f"http://{place}"})
        text = asyncio.run(web_search.function(context=context, query="cats", max_results=1))
    assert text == "1. Cats and more\n   https://cats.example/\n   All about cats."
    assert context.marks.addresses == ["https://cats.example/"]
