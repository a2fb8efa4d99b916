import json
from pathlib import Path
from typing import Any

from agentx_tui.reducer import BROKEN_OFF, fold, reduce
from agentx_tui.rope import BLOCK_CHARACTERS, Rope
from agentx_tui.view import MAX_LIVE_LINES, Answer, Card, Note, Thought, View, Writing
from hypothesis import given, settings
from hypothesis import strategies as st

from agentx import events as ev
from agentx.messages import Citation, ToolCall, ToolResult, Usage

IDS = ["a", "b", "c"]
TEXT = st.text(max_size=30)
CALL = st.builds(
    ToolCall, st.sampled_from(IDS), st.sampled_from(["read", "write"]), st.dictionaries(TEXT, TEXT | st.integers())
)
USAGE = st.builds(Usage, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
RESULT = st.builds(
    ToolResult,
    st.sampled_from(IDS),
    st.sampled_from(["ok", "error", "denied", "refused", "timeout", "cancelled"]),
    TEXT,
)
EVENT = st.one_of(
    st.builds(ev.RunStarted, st.just("s"), TEXT, TEXT, st.just("react"), st.just([]), st.just("/w")),
    st.builds(ev.ModelLoaded, TEXT, st.just(1.0), st.just({}) | st.just({"context_tokens": 8192})),
    st.builds(ev.StepStarted, st.integers(1, 9)),
    st.builds(ev.TextDelta, st.sampled_from(["thought", "call", "answer"]), TEXT),
    st.builds(ev.Thought, TEXT),
    st.builds(ev.CallDecoded, CALL),
    st.builds(ev.ApprovalAsked, CALL, TEXT),
    st.builds(ev.ApprovalGiven, st.sampled_from(IDS), st.booleans(), TEXT, st.none() | st.just({"x": 1})),
    st.builds(ev.QuestionAsked, st.sampled_from(IDS), TEXT),
    st.builds(ev.QuestionAnswered, st.sampled_from(IDS), st.none() | TEXT),
    st.builds(ev.CallStarted, CALL),
    st.builds(ev.CallProgress, st.sampled_from(IDS), TEXT),
    st.builds(ev.CallFinished, RESULT),
    st.builds(ev.Notice, TEXT),
    st.builds(ev.Steered, TEXT),
    st.builds(ev.SteeringShown, st.integers(1, 9), st.lists(TEXT, max_size=2)),
    st.builds(ev.SteeringUnheard, st.lists(TEXT, max_size=2)),
    st.builds(ev.ContextFolded, st.integers(0, 9), st.integers(0, 9), st.just([]), st.just({})),
    st.builds(ev.ModelReplied, TEXT, TEXT, st.just("stop"), st.just([]), USAGE),
    st.builds(ev.RunResumed, st.just("s"), TEXT),
    st.builds(ev.StepFinished, st.integers(1, 9), USAGE),
    st.builds(ev.Criticised, TEXT, st.just(0.5), TEXT),
    st.builds(ev.Answered, TEXT, st.just([Citation("x", 0, 1, "a", "x", 0, 1)]), st.lists(TEXT, max_size=2)),
    st.builds(
        ev.RunFinished,
        st.sampled_from(["ok", "failed", "refused", "denied", "in_doubt", "timeout", "interrupted"]),
        TEXT,
        st.none() | TEXT,
        st.integers(0, 9),
        USAGE,
    ),
)
STARTED = ev.RunStarted("s", "the task", "m", "react", [], "/w")


def reloaded(event: ev.Event) -> ev.Event:
    return ev.from_json(json.loads(json.dumps(ev.to_json(event))))


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENT, max_size=40))
def test_a_reloaded_session_gives_the_view_that_was_seen_live(events: list[ev.Event]) -> None:
    live = View()
    for event in events:
        live = reduce(live, event)
    assert fold(map(reloaded, events)) == live


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENT, max_size=25), st.data())
def test_how_text_was_cut_into_pieces_makes_no_difference(events: list[ev.Event], data: st.DataObject) -> None:
    cut: list[ev.Event] = []
    for event in events:
        if isinstance(event, ev.TextDelta):
            at = data.draw(st.integers(0, len(event.text)))
            cut += [ev.TextDelta(event.channel, event.text[:at]), ev.TextDelta(event.channel, event.text[at:])]
        else:
            cut.append(event)
    assert fold([STARTED, *cut]) == fold([STARTED, *events])


@given(st.lists(st.text(max_size=3 * BLOCK_CHARACTERS), max_size=6))
@settings(max_examples=50, deadline=None)
def test_ropes_of_one_text_are_equal_however_they_grew(pieces: list[str]) -> None:
    grown, whole = Rope(), "".join(pieces)
    for piece in pieces:
        grown = grown + piece
    assert grown == Rope() + whole
    assert (str(grown), len(grown)) == (whole, len(whole))
    assert grown.since(len(whole) // 2) == whole[len(whole) // 2 :]


@given(st.text("ab", max_size=4), st.text("ab", max_size=4), st.integers(-4, 1), st.integers(0, 2))
@settings(max_examples=200, deadline=None)
def test_a_rope_goes_on_from_each_of_its_beginnings_and_from_nothing_else(
    one: str, other: str, beyond: int, blocks: int
) -> None:
    long = "x" * max(0, blocks * BLOCK_CHARACTERS + beyond)
    assert (Rope() + long + one).goes_on_from(Rope() + long)
    assert (Rope() + one).goes_on_from(Rope() + other) == one.startswith(other)
    assert (Rope() + long + one).goes_on_from(Rope() + long + other) == one.startswith(other)


def test_events_before_any_run_and_after_its_end_change_nothing() -> None:
    assert fold([ev.TextDelta("answer", "x"), ev.Notice("y")]) == View()
    ended = fold([STARTED, ev.RunFinished("ok", "yes", None, 1, Usage())])
    assert fold([ev.TextDelta("answer", "late")], ended) == ended


def card_after(*events: ev.Event) -> Card:
    call = ToolCall("a", "write", {"path": "x"})
    view = fold([STARTED, ev.StepStarted(1), ev.CallDecoded(call), *events])
    assert view.turn is not None
    [card] = [item for item in view.turn.items if isinstance(item, Card)]
    return card


def test_a_card_goes_through_its_states() -> None:
    call = ToolCall("a", "write", {"path": "x"})
    assert card_after().status == "pending"
    assert card_after(ev.ApprovalAsked(call, "changes files")).status == "approval"
    given = card_after(ev.ApprovalAsked(call, "r"), ev.ApprovalGiven("a", True, "allowed", {"path": "y"}))
    assert (given.status, given.call.arguments, given.edited) == ("pending", {"path": "y"}, True)
    assert card_after(ev.CallStarted(call)).status == "running"
    assert card_after(ev.CallStarted(call), ev.QuestionAsked("a", "which?")).status == "question"
    for result, status in [
        ("ok", "success"),
        ("error", "error"),
        ("denied", "rejected"),
        ("refused", "rejected"),
        ("timeout", "timed-out"),
        ("cancelled", "cancelled"),
    ]:
        assert card_after(ev.CallFinished(ToolResult("a", result, "t"))).status == status  # type: ignore[arg-type]


def test_the_phase_says_what_the_agent_is_at() -> None:
    call = ToolCall("a", "write", {})
    steps: list[tuple[ev.Event, str]] = [
        (STARTED, "loading"),
        (ev.ModelLoaded("m", 1.0), "reading"),
        (ev.StepStarted(1), "reading"),
        (ev.TextDelta("call", "write("), "calling"),
        (ev.CallDecoded(call), "tool"),
        (ev.ApprovalAsked(call, "r"), "approval"),
        (ev.ApprovalGiven("a", True, "allowed"), "tool"),
        (ev.CallStarted(call), "tool"),
        (ev.QuestionAsked("a", "q"), "asking"),
        (ev.QuestionAnswered("a", "yes"), "tool"),
        (ev.CallFinished(ToolResult("a", "ok", "t")), "reading"),
        (ev.StepStarted(2), "reading"),
        (ev.TextDelta("answer", "yes"), "answering"),
        (ev.RunFinished("ok", "yes", None, 2, Usage()), "idle"),
    ]
    view = View()
    for event, phase in steps:
        view = reduce(view, event)
        assert view.phase == phase, event


def test_an_answer_that_was_thought_better_of_is_a_draft() -> None:
    view = fold(
        [
            STARTED,
            ev.StepStarted(1),
            ev.TextDelta("answer", "42 people"),
            ev.StepFinished(1, Usage()),
            ev.Notice("it is revised"),
            ev.StepStarted(2),
            ev.TextDelta("answer", "I do not know"),
            ev.Answered("I do not know"),
        ]
    )
    assert view.turn is not None
    assert [item.state for item in view.turn.items if isinstance(item, Answer)] == ["draft", "final"]


def test_a_run_that_is_stopped_keeps_what_was_said_and_cancels_what_was_under_way() -> None:
    view = fold(
        [
            STARTED,
            ev.StepStarted(1),
            ev.CallDecoded(ToolCall("a", "shell", {})),
            ev.CallStarted(ToolCall("a", "shell", {})),
            ev.TextDelta("answer", "so far"),
            ev.RunFinished("interrupted", None, "The run was interrupted.", 0, Usage()),
        ]
    )
    assert view.turn is not None and not view.busy
    card, text = view.turn.items
    assert isinstance(card, Card) and card.status == "cancelled"
    assert isinstance(text, Answer) and (str(text.text), text.state) == ("so far", "final")


def test_a_run_whose_end_nobody_has_written_is_over_where_another_begins() -> None:
    call = ToolCall("a", "shell", {})
    killed = [STARTED, ev.StepStarted(1), ev.CallDecoded(call), ev.CallStarted(call), ev.TextDelta("answer", "so far")]
    following = [ev.RunStarted("s", "another", "m", "react", [], "/w"), ev.StepStarted(1)]
    view = fold([*killed, *following])
    [past] = view.past
    assert (past.status, past.error, past.runs_tool) == ("interrupted", "The run broke off.", False)
    # As it is shown where the session is taken up in between.
    assert view == fold([*killed, BROKEN_OFF, *following])


def test_a_thought_stands_before_what_was_streamed_with_it_and_the_card_takes_the_call_s_place() -> None:
    view = fold([STARTED, ev.StepStarted(1), ev.TextDelta("call", "write("), ev.Thought("I write.")])
    assert view.turn is not None
    assert [type(item) for item in view.turn.items] == [Thought, Writing]
    view = reduce(view, ev.CallDecoded(ToolCall("a", "write", {})))
    assert view.turn is not None
    assert [type(item) for item in view.turn.items] == [Thought, Card]


def test_a_notice_and_a_critique_are_notes() -> None:
    view = fold([STARTED, ev.Notice("n"), ev.Criticised("be kind", 0.9, "it is not")])
    assert view.turn is not None
    assert view.turn.items == (Note("n"), Note("The draft goes against “be kind”: it is not", "critique"))


def test_of_live_output_only_the_last_lines_are_kept() -> None:
    call = ToolCall("a", "shell", {})
    text = "\n".join(map(str, range(3 * MAX_LIVE_LINES)))
    view = fold([STARTED, ev.CallDecoded(call), ev.CallStarted(call), ev.CallProgress("a", text)])
    assert view.turn is not None
    card: Any = view.turn.items[0]
    assert len(card.live) == MAX_LIVE_LINES and card.live[-1] == str(3 * MAX_LIVE_LINES - 1)


def test_the_view_knows_nothing_of_widgets() -> None:
    package = Path(__file__).parents[2] / "tui" / "agentx_tui"
    for name in ("view", "reducer", "rope", "blocks", "segments", "conversation", "status", "engine", "card_text"):
        assert "textual" not in (package / f"{name}.py").read_text(), name
