import asyncio
import time
from types import SimpleNamespace

import pytest
from agentx_tools.search import SearchFailed, SearchHit
from agentx_tools.search.ddgs import ENGINES, DdgsSearch, load_engines
from agentx_tools.web_search import provider_for, search_with, web_search

from agentx.errors import ToolError
from agentx.tool import ToolContext


class FakeProvider:
    def __init__(self, outcome):
        self.outcome = outcome
        self.asked = []

    async def search(self, query, limit):
        self.asked.append((query, limit))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class SlowProvider:
    async def search(self, query, limit):
        await asyncio.sleep(60)


class FakeEngine:
    def __init__(self, outcome):
        self.outcome = outcome
        self.asked = []

    def search(self, query):
        self.asked.append(query)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def ask(provider, query="cats", max_results=5, **options):
    return asyncio.run(search_with(provider, query, max_results, **options))


def page(title, href, body=""):
    return SimpleNamespace(title=title, href=href, body=body)


def engines_asked(settings=None, **outcomes):
    return DdgsSearch({"engines": list(outcomes), **(settings or {})}, {k: FakeEngine(v) for k, v in outcomes.items()})


def test_hits_are_numbered_with_address_and_snippet():
    hits = [SearchHit("Cats", "https://cats.example/", "All about cats."), SearchHit("", "https://x.example/")]
    assert ask(FakeProvider(hits)) == (
        "1. Cats\n   https://cats.example/\n   All about cats.\n2. https://x.example/\n   https://x.example/"
    )


def test_the_number_of_hits_is_kept_within_bounds():
    provider = FakeProvider([SearchHit(str(n), f"https://{n}.example/") for n in range(20)])
    assert len(ask(provider, max_results=2).splitlines()) == 4
    ask(provider, max_results=500)
    ask(provider, max_results=0)
    assert provider.asked == [("cats", 2), ("cats", 10), ("cats", 1)]


def test_an_empty_answer_says_nothing_found():
    assert ask(FakeProvider([]), "  no  such thing ") == "nothing found for 'no such thing'"


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (SearchFailed("no network (duckduckgo)"), r"^search failed: no network \(duckduckgo\)\.$"),
        (RuntimeError("boom."), r"^search failed: boom\.$"),
        (ValueError(), r"^search failed: ValueError\.$"),
    ],
)
def test_a_failure_says_search_failed(outcome, sentence):
    with pytest.raises(ToolError, match=sentence):
        ask(FakeProvider(outcome))


def test_a_provider_that_hangs_has_failed():
    with pytest.raises(ToolError, match=r"^search failed: no answer within 0\.05 s\.$"):
        ask(SlowProvider(), timeout_s=0.05)


def test_an_empty_query_is_refused():
    with pytest.raises(ToolError, match="The query is empty"):
        ask(FakeProvider([]), "  ")


def test_engines_are_asked_in_the_order_given_until_one_has_hits():
    asked = {
        "first": FakeEngine(None),
        "second": FakeEngine([page(" A \n title", "https://a.example/", "x  y"), page("js", "javascript:1")]),
        "third": FakeEngine([page("never", "https://never.example/")]),
    }
    search = DdgsSearch({"engines": ["first", "second", "third"]}, asked)
    assert asyncio.run(search.search("cats", 5)) == [SearchHit("A title", "https://a.example/", "x y")]
    assert asked["first"].asked == asked["second"].asked == ["cats"]
    assert asked["third"].asked == []


def test_an_engine_that_turns_the_request_away_is_a_failure_and_no_empty_answer():
    with pytest.raises(ToolError, match=r"^search failed: turned the request away \(a, b\)\.$"):
        ask(engines_asked(a=None, b=None))


def test_nothing_found_takes_the_word_of_two_engines_where_others_failed():
    assert ask(engines_asked(a=[], b=[], c=None)) == "nothing found for 'cats'"
    assert ask(engines_asked(a=[])) == "nothing found for 'cats'"
    with pytest.raises(ToolError, match="search failed"):
        ask(engines_asked(a=[], b=OSError("x")))


def test_an_encyclopaedia_without_such_a_page_says_nothing_about_the_web():
    with pytest.raises(ToolError, match="search failed"):
        ask(engines_asked(wikipedia=[]))


def test_failures_are_summed_up_by_reason():
    from ddgs.exceptions import DDGSException, TimeoutException

    with pytest.raises(ToolError) as caught:
        ask(
            engines_asked(
                a=DDGSException("DNSError: DNSError('error sending request for url (https://a.example)')"),
                b=TimeoutException("operation timed out"),
                c=DDGSException("DNSError: x"),
                d=KeyError("href"),
            )
        )
    assert str(caught.value) == "search failed: no network (a, c); timed out (b); KeyError (d)."


def test_an_engine_that_is_not_known_is_a_failure():
    with pytest.raises(ToolError, match=r"no such engine \(altavista\)"):
        ask(DdgsSearch({"engines": ["altavista"]}))


@pytest.mark.parametrize("engines", ["brave", 5, {"brave": True}])
def test_engines_that_are_no_list_are_said_so(engines):
    sentence = "^search failed: the setting `engines` of web_search must be a list of names, not "
    with pytest.raises(ToolError, match=sentence):
        provider_for({"engines": engines})


def test_the_engines_of_the_list_exist_in_the_installed_ddgs():
    assert set(load_engines(ENGINES)) == set(ENGINES)


def test_the_search_without_a_network_fails_within_its_time(tmp_path):
    # The port of nothing, as a proxy: no request of this test can leave the machine.
    from ddgs.engines import ENGINES as KNOWN

    engines = {name: KNOWN["text"][name](proxy="http://127.0.0.1:9", timeout=5) for name in ENGINES}
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"^search failed: .+duckduckgo"):
        ask(DdgsSearch(engines=engines))
    assert time.monotonic() - started < 25


def test_the_provider_is_found_by_its_entry_point():
    assert isinstance(provider_for({}), DdgsSearch)
    with pytest.raises(ToolError, match=r"^search failed: No installed package registers `none`"):
        provider_for({"provider": "none"})


def test_the_tool_asks_the_provider_of_its_settings(tmp_path):
    context = ToolContext(workspace=tmp_path, settings={"provider": "ddgs", "engines": ["altavista"]})
    with pytest.raises(ToolError, match=r"^search failed: no such engine \(altavista\)\.$"):
        asyncio.run(web_search.function(context=context, query="cats"))
    assert web_search.capabilities == {"egress", "ingests_untrusted"}
