import random

from hypothesis import given
from hypothesis import strategies as st

from agentx.decoding.reply import Reply

PIECES = [b"a", b"b", b"\n", b"->", b"\n-", b"\xc3", b"\xa9", b" x", b"Stop", b"St", b"op"]


def piece(token: int) -> bytes:
    return PIECES[token]


@given(st.lists(st.integers(0, len(PIECES) - 1), max_size=40), st.lists(st.sampled_from(["\n->", "Stop", "b"])))
def test_what_is_shown_is_the_text_up_to_the_first_stop(tokens: list[int], stops: list[str]) -> None:
    reply = Reply(piece, stops)
    shown = ""
    for token in tokens:
        shown += reply.add(token)
        if reply.stopped:
            break
    shown += reply.flush()
    whole = b"".join(piece(token) for token in tokens).decode(errors="replace")
    ends = [whole.find(stop) for stop in stops if stop in whole]
    assert shown == (whole[: min(ends)] if ends else whole)
    assert reply.text == shown


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 7, 8, 9, 10]), max_size=40))
def test_fragments_hold_the_text_and_whole_tokens(tokens: list[int]) -> None:
    reply = Reply(piece, ["\n->", "Stop"])
    for token in tokens:
        reply.add(token)
        if reply.stopped:
            break
    reply.flush()
    fragments = reply.fragments()
    assert "".join(fragment.text for fragment in fragments) == reply.text
    for fragment in fragments:
        if fragment.tokens is not None:
            assert b"".join(piece(token) for token in fragment.tokens) == fragment.text.encode()


def test_a_reply_that_repeats_itself_without_end_is_noticed() -> None:
    reply = Reply(piece)
    noticed = []
    for i in range(200):
        reply.add([0, 1, 2][i % 3])
        noticed.append(reply.ran_away())
    assert any(noticed)


def test_a_long_reply_that_does_not_repeat_itself_is_left_alone() -> None:
    reply = Reply(piece)
    draw = random.Random(1)
    for _ in range(400):
        reply.add(draw.choice([0, 1, 2, 3]))
        assert not reply.ran_away()
