"""What a guard has found is a line of the transcript, and never what it was."""

from agentx_tui.reducer import fold
from agentx_tui.view import Answer, Note

from agentx import events as ev
from agentx.guarded import Found, Guarded

STARTED = ev.RunStarted("s", "Add it up.", "m", "react", [], "/w")


def found(action: str) -> list[Found]:
    return [Found("secret", 0.95, "github token", "secrets", action, [[2, 42]])]


def test_a_finding_is_one_line() -> None:
    view = fold([STARTED, Guarded("tool_result", "mask", found("mask"), "c1")])
    assert view.turn is not None
    assert view.turn.items == (
        Note("A result holds secret (github token, 0.95 by secrets), and is passed on without it."),
    )


def test_an_answer_that_was_held_back_leaves_the_line_and_the_refusal() -> None:
    refusal = "No answer is given: it holds secret."
    view = fold([
        STARTED,
        Guarded("output", "block", found("block"), text=refusal),
        ev.RunFinished("refused", None, refusal, 1, ev.Usage()),
    ])  # fmt: skip
    assert view.turn is not None and view.turn.error == refusal
    assert [type(item) for item in view.turn.items] == [Note]
    assert not any(isinstance(item, Answer) for item in view.turn.items)
