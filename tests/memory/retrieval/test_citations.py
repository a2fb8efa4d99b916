import pytest
from agentx_memory.retrieval.citations import resolved, without_marks


@pytest.fixture
def hits(memory):
    found = memory(a=["the crane lifts 4.5 tonnes"], b=["the berth costs 6200 crowns"], c=["the gate is blue"])
    return sorted(found.search("crane berth gate"), key=lambda hit: hit.source)


def test_marks_are_resolved_and_numbered_in_their_order(hits):
    text, citations = resolved("It costs 6200 crowns [2], lifts 4.5 tonnes [1] and costs that [2].", hits)
    assert text == "It costs 6200 crowns [1], lifts 4.5 tonnes [2] and costs that [1]."
    assert [(one.number, one.source, one.place, one.lines) for one in citations] == [
        (1, "b", "b:1", (1, 1)),
        (2, "a", "a:1", (1, 1)),
    ]
    assert citations[0].excerpt == "the berth costs 6200 crowns"


def test_marks_that_name_no_passage_are_removed(hits):
    text, citations = resolved("It is blue [3] [7], and so on [0] [2024].", hits)
    assert text == "It is blue [1], and so on."
    assert [one.source for one in citations] == ["c"]


@pytest.mark.parametrize("mark", ["[1, 3]", "[1,3]", "[3;1]", "[1] [3]"])
def test_a_mark_of_several_numbers_becomes_one_each(hits, mark):
    text, citations = resolved(f"Both {mark}.", hits)
    assert text == "Both [1] [2]."
    assert {one.source for one in citations} == {"a", "c"}


def test_what_only_looks_like_a_mark_is_not_one(memory):
    hits = memory(code=["rows[0] is the head, rows[2] the first"], gate=["the gate is blue"]).search("rows gate")
    hits.sort(key=lambda hit: hit.source)
    assert resolved("rows[0] is the head[1].", hits)[0] == "rows[0] is the head [1]."
    assert resolved("The head is `rows[1]` [2].", hits)[0] == "The head is `rows[1]` [1]."
    assert resolved("The head is `rows`[1].", hits)[0] == "The head is `rows` [1]."


def test_footnotes_of_a_passage_are_shown_as_no_marks_of_ours():
    assert without_marks("The crane [2] lifts.[1, 3] See rows[0].") == "The crane (2) lifts.(1, 3) See rows[0]."


def test_a_range_and_a_hostile_one(hits):
    assert resolved("All [1-3].", hits)[0] == "All [1] [2] [3]."
    assert resolved("All [2-99999999999].", hits)[0] == "All [1] [2]."
    assert resolved("None [9-1].", hits)[0].startswith("None")


def test_an_answer_without_a_mark_gets_that_of_the_passage_it_shares_most_with(hits):
    text, citations = resolved("A berth costs 6200 crowns.", hits)
    assert text == "A berth costs 6200 crowns. [1]"
    assert citations[0].source == "b"


def test_nothing_is_cited_where_nothing_is_said_or_shown(hits):
    assert resolved("", hits) == ("", ())
    assert resolved("A word [1].", []) == ("A word.", ())
