from hypothesis import given
from hypothesis import strategies as st

from agentx.decoding.ledger import Ledger, common_prefix

TOKENS = st.lists(st.integers(0, 3), max_size=30)


@given(TOKENS, TOKENS)
def test_the_common_prefix_is_the_longest(a: list[int], b: list[int]) -> None:
    length = common_prefix(a, b)
    assert a[:length] == b[:length]
    assert length == min(len(a), len(b)) or a[length] != b[length]


def test_the_longest_cached_prefix_is_found() -> None:
    ledger = Ledger(3, 100)
    ledger.append(ledger.sequences[0], [1, 2, 3])
    ledger.append(ledger.sequences[1], [1, 2, 3, 4, 9])
    best, length = ledger.best_match([1, 2, 3, 4, 5])
    assert (best.id, length) == (1, 4)


def test_of_equal_prefixes_one_that_can_be_extended_is_preferred() -> None:
    ledger = Ledger(3, 100)
    ledger.append(ledger.sequences[0], [1, 2, 3, 7, 7])
    ledger.append(ledger.sequences[2], [1, 2, 3])
    best, length = ledger.best_match([1, 2, 3, 4])
    assert (best.id, length) == (2, 3)


def test_shared_cells_are_counted_once_and_freed_with_the_last_user() -> None:
    ledger = Ledger(2, 100)
    first, second = ledger.sequences
    ledger.append(first, [1, 2, 3, 4])
    ledger.share(first, second, 3)
    ledger.append(second, [9])
    assert ledger.used_cells == 5
    ledger.truncate(first, 0)
    assert ledger.used_cells == 4
    ledger.truncate(second, 0)
    assert ledger.used_cells == 0


def test_the_least_recently_used_idle_sequence_is_emptied_first() -> None:
    ledger = Ledger(3, 10)
    for sequence in ledger.sequences:
        ledger.append(sequence, [sequence.id] * 3)
    ledger.take(ledger.sequences[0])
    ledger.release(ledger.sequences[0])
    ledger.take(ledger.sequences[2])
    assert [sequence.id for sequence in ledger.victims(2)] == [1]
    assert [sequence.id for sequence in ledger.victims(10)] == [1, 0]
    assert ledger.victims(1) == []


@given(st.data())
def test_cells_in_use_never_exceed_what_the_sequences_hold(data: st.DataObject) -> None:
    ledger = Ledger(4, 1000)
    for _ in range(data.draw(st.integers(1, 25))):
        a = data.draw(st.sampled_from(ledger.sequences))
        b = data.draw(st.sampled_from(ledger.sequences))
        match data.draw(st.sampled_from(["append", "share", "truncate"])):
            case "append":
                ledger.append(a, data.draw(TOKENS))
            case "share" if a is not b:
                ledger.share(a, b, data.draw(st.integers(0, len(a.tokens))))
            case _:
                ledger.truncate(a, data.draw(st.integers(0, len(a.tokens))))
    assert ledger.used_cells == len({cell for sequence in ledger.sequences for cell in sequence.cells})
    assert all(len(sequence.cells) == len(sequence.tokens) for sequence in ledger.sequences)
