import pytest
from agentx_memory.chunks import Chunk
from agentx_memory.retrieval.passages import distinct, within
from agentx_memory.retrieval.search import Retriever
from agentx_memory.store import Where

from agentx.errors import UsageError


def test_a_hit_tells_its_scores_its_place_and_why_it_was_found(memory):
    retriever = memory(boats=["the boat lies in Flensburg"], bread=["rye bread takes a day"])
    [first, *_] = retriever.search("boat in Flensburg")
    assert first.text == "the boat lies in Flensburg"
    assert first.reason == "dense 1st, lexical 1st"
    assert first.place == "boats:1"
    assert 0 < first.similarity <= 1
    assert first.score > 0


def test_what_only_one_retriever_finds_is_found(memory):
    retriever = memory(a=["boats"], b=["a mast"])
    hits = retriever.search("boat")
    assert {hit.reason.partition(" ")[0] for hit in hits} >= {"dense"}
    # The stemmer joins what the vectors of this test do not.
    assert retriever.store.lexical("boat", 5)
    assert hits[0].text == "boats"


def test_each_part_of_a_long_query_is_looked_up(memory):
    filler = {f"x{number}": [f"something else entirely {number}"] for number in range(20)}
    retriever = memory(one=["blue whales sing"], two=["red kites soar"], **filler)
    query = "blue whales sing\nred kites soar"
    assert {hit.source for hit in retriever.search(query, 2)} == {"one", "two"}


def test_filters_are_passed_on(memory):
    retriever = memory(one=["the boat is red"], two=["the boat is blue"])
    assert [hit.source for hit in retriever.search("boat", where=Where(sources=("two",)))] == ["two"]


@pytest.mark.parametrize("query", ["", " \n\t"])
def test_an_empty_query_is_refused(memory, query):
    with pytest.raises(UsageError, match="give it some words"):
        memory(one=["text"]).search(query)


def test_lone_surrogates_are_borne(memory):
    assert memory(one=["the boat is red"]).search("boat \ud800")


def test_nothing_is_found_in_an_empty_store(words, tmp_path):
    from agentx_memory.local import LocalStore

    assert Retriever(LocalStore(tmp_path / "none", words.name, "notes"), words).search("boat") == []
    assert not (tmp_path / "none").exists()


def test_near_duplicates_collapse_into_the_better_one(memory):
    text = "the pier is closed from the first of May until the repair of the crane is done and paid"
    retriever = memory(one=[text], two=[text + " ."], three=["the crane is blue"])
    hits = retriever.search("pier crane repair")
    assert sorted([hit.source for hit in hits]) in (["one", "three"], ["three", "two"])
    [kept] = [hit for hit in hits if hit.source != "three"]
    assert kept.also == ("two:1" if kept.source == "one" else "one:1",)


def test_neighbours_of_the_same_section_are_joined_and_no_others(memory):
    chunks = [
        Chunk("prices of berths", ("Club", "Berths"), 1, 2),
        Chunk("pier C costs 6200 crowns", ("Club", "Berths"), 3, 3),
        Chunk("the crane lifts 4 tonnes", ("Club", "Crane"), 7, 8),
    ]
    retriever = memory(club=chunks)
    [hit] = retriever.search("pier C costs crowns", 1)
    assert hit.text == "prices of berths\npier C costs 6200 crowns"
    assert hit.place == "club:1-3"
    assert hit.title == "Club > Berths"
    [bare] = retriever.search("pier C costs crowns", 1, around=0)
    assert bare.text == "pier C costs 6200 crowns"


def test_hits_that_touch_become_one_passage(memory):
    retriever = memory(log=[f"entry about the mast {number}" for number in range(6)])
    hits = retriever.search("mast", 6)
    assert [hit.place for hit in hits] == ["log:1-6"]


def test_a_passage_of_pages_is_cited_by_pages(memory):
    retriever = memory(report=[Chunk("the mast is long", page=4), Chunk("and made of spruce", page=5)])
    [hit] = retriever.search("mast", 2)
    assert hit.place == "report p. 4-5"


def test_a_budget_leaves_out_what_does_not_fit(memory):
    retriever = memory(long=["boat " * 40], short=["a boat"], other=["one more boat"])
    hits = retriever.search("boat", 5, budget_tokens=20, count=len)
    assert sum(len(hit.text) for hit in hits) <= 20
    assert {hit.source for hit in hits} == {"short", "other"}
    assert retriever.search("boat", 5, budget_tokens=0) == []


def test_limits_of_the_pure_parts(memory):
    hits = memory(one=["a b c"], two=["d e f"]).ranked("a b c d e f")
    assert len(distinct(hits, 1)) == 1
    assert within(hits, 5, len) == hits[:1]


def test_text_of_strangers_stays_marked(memory, words):
    from agentx_memory.adding import add_documents
    from agentx_memory.chunks import Document

    retriever = memory(mine=["the boat is red"])
    page = Document("web", "html", "0" * 64, (Chunk("the boat is stolen"),), untrusted=True)
    list(add_documents(retriever.store, words, [page]))
    marks = {hit.source: hit.untrusted for hit in retriever.search("boat")}
    assert marks == {"mine": False, "web": True}


def test_what_is_not_near_in_meaning_is_left_out_whatever_words_it_has(memory):
    retriever = memory(one=["the boat is red"], two=["a boat " + " ".join(f"word{n}" for n in range(60))])
    assert {hit.source for hit in retriever.search("boat red")} == {"one", "two"}
    [hit] = retriever.near("boat red", 5, least=0.5)
    assert (hit.source, hit.reason) == ("one", "dense 1st, lexical 1st")
    assert retriever.near("zebra", 5, least=0.5) == []


def test_a_chunk_that_only_its_words_have_found_is_measured_too(memory):
    near = {f"x{number}": ["boat boat boat red"] for number in range(100)}
    retriever = memory(**near, one=["boats boat red"])
    found = retriever.near("boat red boat boats", 101, least=0.5)
    assert all(hit.similarity is not None and hit.similarity >= 0.5 for hit in found)
    assert "one" in {hit.source for hit in found}
    assert memory().near("boat", 5, least=0.5) == []
