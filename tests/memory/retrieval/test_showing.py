from agentx_memory.retrieval.hit import Hit
from agentx_memory.showing import shown_hits, why
from agentx_memory.store import StoredChunk


def hit(text, **more):
    chunk = StoredChunk("1", "k", text, "note 1", "note", "note", "", "", "", False, 0, 1)
    return Hit((chunk,), "1", **{"score": 0.03, **more})


def test_hits_are_numbered_best_first_with_the_ranks_that_they_come_from():
    said = shown_hits(
        [
            hit("I live in Kiel.", ranks={"dense": 3, "lexical": 1}, similarity=0.19),
            hit("My dentist is in Kiel.", ranks={"dense": 1}, similarity=0.6),
        ]
    )
    assert said.splitlines() == [
        "1. note: 3rd in meaning (similarity 0.19), 1st by its words",
        "    I live in Kiel.",
        "",
        "2. note: 1st in meaning (similarity 0.60)",
        "    My dentist is in Kiel.",
    ]


def test_what_only_its_words_have_found_has_no_similarity():
    assert why(hit("a", ranks={"lexical": 2})) == "2nd by its words"
    assert why(hit("a", ranks={"dense": 1}, similarity=0.5, relevance=0.9)) == (
        "1st in meaning (similarity 0.50), relevance 0.90"
    )


def test_ranks_of_a_retriever_without_a_name_of_its_own_are_told_too():
    assert why(hit("a", ranks={"graph": 1})) == "1st by graph"


def test_where_else_the_same_text_stands_is_told():
    assert shown_hits([hit("a", ranks={"lexical": 2}, also=("b.md:3", "c.md:1-2"))]).splitlines() == [
        "1. note: 2nd by its words",
        "    a",
        "    the same: b.md:3, c.md:1-2",
    ]
