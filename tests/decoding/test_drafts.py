import random

from hypothesis import given
from hypothesis import strategies as st

from agentx.decoding.drafts import LONG_MATCH, MIN_MATCH, ROW_COSTS, Drafter, NgramIndex, Pace


def index_of(tokens: list[int]) -> NgramIndex:
    index = NgramIndex()
    index.extend(tokens)
    return index


def test_what_followed_the_same_tokens_before_is_found() -> None:
    index = index_of([1, 2, 3, 4, 5, 9, 1, 2, 3])
    assert index.match() == (3, 3)
    assert index.following(3, 2) == [4, 5]


def test_two_tokens_in_common_are_no_match() -> None:
    assert index_of([7, 2, 3, 4, 8, 2, 3]).match() == (0, 0)


def test_of_two_places_the_one_that_agrees_further_back_is_taken() -> None:
    index = index_of([5, 1, 2, 3, 10, 6, 1, 2, 3, 20, 5, 1, 2, 3])
    assert index.following(*index.match()) == [10, 6, 1, 2]


def test_of_equal_places_the_latest_is_taken() -> None:
    index = index_of([8, 1, 2, 3, 10, 9, 1, 2, 3, 20, 7, 1, 2, 3])
    position, length = index.match()
    assert (length, index.following(position, 1)) == (3, [20])


def test_what_repeats_itself_is_continued_beyond_its_end() -> None:
    index = index_of([9, 1, 2, 1, 2, 1, 2])
    position, _ = index.match()
    assert index.following(position, 5) == [1, 2, 1, 2, 1]


@given(st.lists(st.integers(0, 2), max_size=60), st.data())
def test_an_index_that_grew_piece_by_piece_finds_what_a_search_finds(tokens: list[int], data: st.DataObject) -> None:
    index = NgramIndex()
    cut = data.draw(st.integers(0, len(tokens)))
    index.extend(tokens[:cut])
    index.extend(tokens[cut:])
    end = len(tokens)
    places = [p for p in range(MIN_MATCH, end) if tokens[p - MIN_MATCH : p] == tokens[end - MIN_MATCH :]]
    position, length = index.match()
    assert bool(places) == bool(length)
    if length:
        assert position in places
        assert tokens[position - length : position] == tokens[end - length :]


def test_nothing_is_guessed_as_long_as_guesses_are_wrong() -> None:
    pace = Pace(0.5)
    for _ in range(4):
        pace.record(3, 0)
    assert pace.length(1, 16) == 0


def test_guesses_get_longer_as_they_prove_right() -> None:
    pace = Pace(0.5)
    lengths = []
    for _ in range(20):
        lengths.append(pace.length(1, 64))
        pace.record(lengths[-1], lengths[-1])
    assert 0 < lengths[0] < lengths[-1] <= max(ROW_COSTS) - 1
    assert lengths == sorted(lengths)


def test_what_did_not_pay_is_tried_again_later() -> None:
    pace = Pace(0.5)
    pace.record(3, 0)
    pace.record(3, 0)
    waited = next(i for i in range(1000) if pace.length(1, 16))
    assert 20 < waited < 400


def test_guesses_that_are_hardly_ever_right_cost_next_to_nothing() -> None:
    pace = Pace(0.7)
    draw = random.Random(3)
    cost = tokens = 0.0
    for _ in range(2000):
        guesses = pace.length(1, 16)
        right = next((i for i in range(guesses) if draw.random() > 0.1), guesses)
        if guesses:
            pace.record(guesses, right)
        cost += pace_cost(1 + guesses)
        tokens += 1 + right
    assert tokens / cost > 0.985


def test_guesses_that_are_nearly_always_right_double_the_speed() -> None:
    pace = Pace(0.5)
    draw = random.Random(3)
    cost = tokens = 0.0
    for _ in range(200):
        guesses = pace.length(1, 64)
        right = next((i for i in range(guesses) if draw.random() > 0.98), guesses)
        pace.record(guesses, right)
        cost += pace_cost(1 + guesses)
        tokens += 1 + right
    assert tokens / cost > 1.8


def test_where_rows_cost_as_much_as_batches_nothing_is_guessed() -> None:
    pace = Pace(0.9, costs={count: float(count) for count in (1, 2, 4, 8)})
    assert pace.length(1, 16) == 0


def pace_cost(rows: int) -> float:
    """Between the measured numbers of rows, the next one's: never less than the policy reckons with."""
    return min(cost for count, cost in ROW_COSTS.items() if count >= rows)


def test_a_draft_is_what_stands_behind_the_match_in_the_prompt() -> None:
    prompt = list(range(100, 140))
    drafter = Drafter(prompt)
    assert drafter.draft([7, 110, 111, 112], rows=1, most=1) == [113]
    assert drafter.draft([7, 110, 111, 112, 113], rows=1, most=1) == [114]


def test_a_reply_is_also_matched_with_itself() -> None:
    drafter = Drafter([1])
    assert drafter.draft([5, 6, 7, 8, 9, 5, 6, 7], rows=1, most=1) == [8]


def test_no_draft_is_longer_than_there_is_room_for() -> None:
    drafter = Drafter(list(range(50)))
    reply = list(range(LONG_MATCH))
    assert drafter.draft(reply, rows=1, most=0) == []
    assert len(drafter.draft(reply, rows=1, most=2)) <= 2
