import asyncio
import time

import pytest
from agentx_tools.remembered import Remembered
from agentx_tools.search import SearchFailed, SearchHit
from agentx_tools.search.asking import Asking, Manners, key_of
from agentx_tools.search.ddgs import DdgsSearch, load_engines
from agentx_tools.web_search import hits_of, web_search

from agentx.errors import ToolError
from agentx.tool import ToolContext
from tests.tools.servers import serving

HITS = [SearchHit("Cats", "https://cats.example/")]
QUICK = Manners(min_interval_s=0)


class Provider:
    """Gives these outcomes one after the other, the last for ever."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.times = []

    async def search(self, query, limit):
        self.times.append(time.monotonic())
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def ask(provider, *queries, manners=QUICK, asking=None, timeout_s=25.0, key="p"):
    asking = asking or Asking()

    async def all_of_them():
        return [await hits_of(provider, query, 5, timeout_s, manners, key, asking) for query in queries]

    return asyncio.run(all_of_them())


def test_the_same_question_is_asked_once():
    provider, asking = Provider(HITS), Asking()
    assert ask(provider, "cats", " cats ", "cats", asking=asking) == [HITS] * 3
    assert len(provider.times) == 1
    ask(provider, "dogs", asking=asking)
    ask(provider, "cats", asking=asking, key="another provider")
    asyncio.run(hits_of(provider, "cats", 6, 25.0, QUICK, "p", asking))
    assert len(provider.times) == 4


def test_hits_are_kept_for_a_time_that_may_be_none():
    provider = Provider(HITS)
    ask(provider, "cats", "cats", manners=Manners(cache_s=0, min_interval_s=0))
    assert len(provider.times) == 2


def test_that_nothing_was_found_is_not_kept():
    provider = Provider([], HITS)
    assert ask(provider, "cats", "cats") == [[], HITS]


def test_a_failure_is_not_kept():
    provider, asking = Provider(SearchFailed("no"), HITS), Asking()
    with pytest.raises(ToolError):
        ask(provider, "cats", asking=asking)
    assert ask(provider, "cats", asking=asking) == [HITS]


@pytest.mark.parametrize("failure", [SearchFailed("busy", passing=True), TimeoutError(), ConnectionResetError()])
def test_what_may_pass_is_tried_again(failure):
    provider = Provider(failure, failure, HITS)
    assert ask(provider, "cats") == [HITS]
    assert len(provider.times) == 3


@pytest.mark.parametrize("outcome", [SearchFailed("no such engine"), ValueError("x"), []])
def test_what_will_not_pass_is_not_tried_again(outcome):
    provider = Provider(outcome)
    if outcome:
        with pytest.raises(ToolError, match="^search failed: "):
            ask(provider, "cats")
    else:
        assert ask(provider, "cats") == [[]]
    assert len(provider.times) == 1


def test_after_the_last_attempt_the_failure_is_told():
    provider = Provider(SearchFailed("busy", passing=True))
    with pytest.raises(ToolError, match=r"^search failed: busy\.$"):
        ask(provider, "cats", manners=Manners(min_interval_s=0, retries=1))
    assert len(provider.times) == 2


def test_retries_end_with_the_time_of_the_search():
    provider = Provider(SearchFailed("busy", passing=True))
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"^search failed: no answer within 0\.8 s \(the last attempt: busy\)\.$"):
        ask(provider, "cats", manners=Manners(min_interval_s=0, retries=50), timeout_s=0.8)
    assert time.monotonic() - started < 5


def test_requests_to_a_provider_keep_their_distance_and_retries_too():
    provider, asking = Provider(SearchFailed("busy", passing=True), HITS), Asking()
    ask(provider, "a", "b", "c", manners=Manners(min_interval_s=0.7), asking=asking)
    gaps = [after - before for before, after in zip(provider.times, provider.times[1:], strict=False)]
    # What a busy machine takes between the stamp and the request makes a gap shorter; without a distance it is none.
    assert len(gaps) == 3 and min(gaps) >= 0.5
    other = Provider(HITS)
    started = time.monotonic()
    ask(other, "a", manners=Manners(min_interval_s=30), asking=asking, key="other")
    assert time.monotonic() - started < 10


def test_questions_at_a_time_keep_their_distance_too():
    provider, asking = Provider(HITS), Asking()

    async def together():
        manners = Manners(min_interval_s=0.2)
        await asyncio.gather(*(hits_of(provider, str(n), 5, 25.0, manners, "p", asking) for n in range(4)))

    asyncio.run(together())
    assert provider.times[3] - provider.times[0] >= 0.59


@pytest.mark.parametrize(
    "settings", [{"cache_s": -1}, {"min_interval_s": "1"}, {"retries": 1.5}, {"retries": True}, {"cache_s": None}]
)
def test_a_setting_that_is_no_number_is_said_so(settings, tmp_path):
    with pytest.raises(
        ToolError, match=r"^search failed: the setting `\w+` of web_search must be a .*number from 0 up, not"
    ):
        asyncio.run(web_search.function(context=ToolContext(tmp_path, settings=settings), query="cats"))


def test_settings_tell_questions_apart():
    assert key_of("x", {"a": [1], "b": 2}) == key_of("x", {"b": 2, "a": [1]})
    assert key_of("x", {"a": 1}) != key_of("x", {"a": 2}) != key_of("y", {"a": 2})


def test_what_is_remembered_goes_with_time_and_with_room():
    now = [0.0]
    kept = Remembered(2, lambda: now[0])
    kept.keep("a", 1, 10)
    kept.keep("b", 2, 100)
    assert kept.get("a") == 1
    kept.keep("c", 3, 100)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)
    now[0] = 10
    assert (kept.get("a"), kept.get("c")) == (None, 3)
    kept.keep("d", 4, 0)
    assert kept.get("d") is None


@pytest.mark.parametrize(("status", "passing"), [(429, True), (503, True), (403, False), (202, False)])
def test_an_engine_that_turns_a_request_away_is_told_with_its_status(status, passing):
    engine = load_engines(["mojeek"])["mojeek"]
    with serving(search=({"status": status, "Content-Type": "text/html"}, b"<p>no")) as place:
        engine.search_url = f"http://{place}/search"
        with pytest.raises(SearchFailed, match=rf"^answered {status} \(mojeek\)$") as caught:
            asyncio.run(DdgsSearch({"engines": ["mojeek"]}, {"mojeek": engine}).search("cats", 5))
    assert caught.value.passing is passing
