"""The spans of a session, and their layout as a waterfall."""

import itertools
import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentx import events as ev
from agentx import trace_layout as layout
from agentx.cli.text import one_line
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.trace import Span, Trace, call_id, read
from agentx.trace_building import spans

STARTED = ev.RunStarted("s", "Add it up.", "m", "react", [], "/w", {"mode": "ask"})
READ = ToolCall("r", "read_file", {"path": "orders.csv"})
WRITE = ToolCall("w", "write_file", {"path": "total.txt", "text": "42\n"})
ASKED = Usage(prompt_tokens=900, reused_tokens=3100, forced_tokens=30, sampled_tokens=112, prompt_s=1.0, decode_s=3.0)
PROBED = Usage(prompt_tokens=40, probe_tokens=2, prompt_s=0.5)
DRAFTED = Usage(prompt_tokens=10, sampled_tokens=20, drafted_tokens=12, accepted_tokens=8, decode_s=1.0)
RUN: list[tuple[float, Any]] = [
    (0.0, STARTED),
    (2.0, ev.ModelLoaded("m", 2.0)),
    (2.0, ev.StepStarted(1)),
    (2.5, ev.ModelScored("d0", [-0.1, -2.3], PROBED)),
    (6.5, ev.ModelReplied("d1", "# I look.\nread_file()", "grammar", [], ASKED)),
    (6.5, ev.Thought("I look.")),
    (6.5, ev.CallDecoded(READ)),
    (6.5, ev.CallDecoded(WRITE)),
    (6.5, ev.CallStarted(READ)),
    (7.0, ev.CallFinished(ToolResult("r", "ok", "1,2", elapsed_s=0.5))),
    (7.0, ev.ApprovalAsked(WRITE, "it changes files")),
    (9.0, ev.ApprovalGiven("w", True, "the user said yes")),
    (9.0, ev.CallStarted(WRITE)),
    (9.5, ev.CallFinished(ToolResult("w", "error", "The disk is full.", full_text="The disk is full. All of it."))),
    (9.5, ev.StepFinished(1, ASKED)),
    (9.5, ev.StepStarted(2)),
    (10.5, ev.ModelReplied("d2", "Answer: 42", "stop", [], DRAFTED)),
    (10.5, ev.StepFinished(2, DRAFTED)),
    (10.5, ev.Answered("42")),
    (10.6, ev.RunFinished("ok", "42", None, 2, ASKED)),
]


def tree(span: Span) -> list[Any]:
    return [(span.kind, span.name, span.start, span.end), *(tree(child) for child in span.children)]


def test_a_task_is_a_tree_of_spans_with_their_times() -> None:
    [task] = spans("s", RUN)
    assert tree(task) == [
        ("task", "task", 0.0, 10.6),
        [("load", "load the model", 0.0, 2.0)],
        [
            ("step", "step 1", 2.0, 9.5),
            [("probe", "probe", 2.0, 2.5)],
            [("reply", "reply", 2.5, 6.5)],
            [("call", "read_file", 6.5, 7.0)],
            [("call", "write_file", 7.0, 9.5)],
        ],
        [("step", "step 2", 9.5, 10.5), [("reply", "reply", 9.5, 10.5)]],
    ]
    load, step, _ = task.children
    _, reply, _, write = step.children
    assert [(part.kind, part.start, part.end) for part in reply.parts] == [("read", 2.5, 3.5), ("write", 3.5, 6.5)]
    assert [(part.kind, part.start, part.end) for part in write.parts] == [("wait", 7.0, 9.0), ("tool", 9.0, 9.5)]
    assert (write.status, task.status, step.about) == ("error", "", "I look.")
    assert dict(write.texts)["Result"] == "The disk is full. All of it."
    assert '"path": "total.txt"' in dict(write.texts)["Arguments"]
    assert dict(task.texts)["Answer"] == "42"
    assert step.usage == PROBED + ASKED
    assert task.usage == PROBED + ASKED + DRAFTED
    assert (load.request, reply.request) == ("", "d1")


def test_what_a_program_calls_is_below_its_call_and_a_fold_holds_its_summary() -> None:
    program = ToolCall("p", "python", {"code": "f()"})
    inner = ToolCall("p.1", "read_file", {"path": "a"})
    [task] = spans(
        "s",
        [
            (0.0, STARTED),
            (0.0, ev.StepStarted(1)),
            (1.0, ev.ModelReplied("d0", "{}", "stop", [], Usage(sampled_tokens=5))),
            (1.0, ev.ContextFolded(8000, 2000, [1], {"goal": "g"})),
            (2.0, ev.ModelReplied("d1", "f", "stop", [], Usage(sampled_tokens=5))),
            (2.0, ev.CallDecoded(program)),
            (2.0, ev.CallStarted(program)),
            (2.5, ev.CallDecoded(inner)),
            (2.5, ev.CallStarted(inner)),
            (2.7, ev.CallFinished(ToolResult("p.1", "ok", "x"))),
            (3.0, ev.CallFinished(ToolResult("p", "ok", "y"))),
            (3.0, ev.Notice("Look.")),
            (3.0, ev.StepFinished(1, Usage())),
        ],
    )
    [step] = task.children
    assert tree(step) == [
        ("step", "step 1", 0.0, 3.0),
        [("fold", "fold", 0.0, 1.0), [("reply", "reply", 0.0, 1.0)]],
        [("reply", "reply", 1.0, 2.0)],
        [("call", "python", 2.0, 3.0), [("call", "read_file", 2.5, 2.7)]],
        [("mark", "notice", 3.0, 3.0)],
    ]
    assert task.status == "open" and step.children[0].about == "8,000 to 2,000 tokens"


def test_what_broke_off_has_not_lasted_until_it_went_on() -> None:
    call = ToolCall("c", "shell", {})
    first, second = spans(
        "s",
        [
            (0.0, STARTED),
            (0.0, ev.StepStarted(1)),
            (1.0, ev.CallDecoded(call)),
            (1.0, ev.CallStarted(call)),
            (5000.0, ev.RunResumed("s", "Add it up.")),
            (5000.0, ev.StepStarted(1)),
            (5002.0, ev.CallFinished(ToolResult("c", "ok", "done", elapsed_s=0.5))),
            (5002.0, ev.RunFinished("ok", "", None, 1, Usage())),
        ],
    )
    assert (first.status, first.end) == ("broke off", 1.0)
    assert (second.name, second.status, second.end) == ("task, resumed", "", 5002.0)
    [known], [again] = first.children[0].children, second.children[0].children
    assert (known.status, known.end) == ("broke off", 1.0)
    assert (again.status, again.name, again.start) == ("", "shell", 5001.5)


CALLS = [ToolCall(id, "t", {"a": id}) for id in ("a", "b", "a.1", "a.1.2")]
EVENTS = st.sampled_from(
    [
        STARTED,
        ev.RunResumed("s", "t"),
        ev.ModelLoaded("m", 3.0),
        ev.StepStarted(1),
        ev.StepFinished(1, Usage()),
        ev.Thought("t"),
        ev.ModelReplied("d", "t", "stop", [], ASKED),
        ev.ModelReplied("e", "t", "stop", [], Usage()),
        ev.ModelScored("f", [-1.0], PROBED),
        ev.ContextFolded(2, 1, [], {}),
        ev.Notice("n"),
        ev.Rewound(1, [], []),
        ev.Answered("a"),
        ev.RunFinished("failed", None, "no", 1, Usage()),
        *(ev.CallDecoded(call) for call in CALLS),
        *(ev.ApprovalAsked(call, "why") for call in CALLS),
        *(ev.ApprovalGiven(call.id, True, "yes") for call in CALLS),
        *(ev.QuestionAsked(call.id, "q") for call in CALLS),
        *(ev.QuestionAnswered(call.id, None) for call in CALLS),
        *(ev.CallStarted(call) for call in CALLS),
        *(ev.CallFinished(ToolResult(call.id, "ok", "r", elapsed_s=9.0)) for call in CALLS),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), EVENTS), max_size=40), st.integers(20, 200))
def test_whatever_comes_spans_nest_and_their_bars_fit(given: list[tuple[float, Any]], width: int) -> None:
    at, timed = 0.0, []
    for wait, event in given:
        at += wait
        timed.append((at, event))
    tasks = spans("s", timed)
    trace = Trace("s", tuple(tasks))
    keys = [span.key for span in trace.walk()]
    assert len(keys) == len(set(keys))
    columns = layout.columns(width)
    window = layout.Window(0.0, trace.end)
    for span in trace.walk():
        assert span.start <= span.end
        for child in span.children:
            assert span.start <= child.start + 1e-6 and child.end <= span.end + 1e-6
        assert span.parts, span
        assert math.isclose(span.parts[0].start, span.start, abs_tol=1e-6)
        assert math.isclose(span.parts[-1].end, span.end, abs_tol=1e-6)
        assert all(math.isclose(one.end, other.start, abs_tol=1e-6) for one, other in pairwise(span.parts))
        drawn = layout.bar(span, window, columns.bar)
        assert drawn and all(start >= 0 and cells >= 1 and start + cells <= columns.bar for _, start, cells in drawn)
        assert all(one[1] + one[2] <= other[1] for one, other in pairwise(drawn))
    for line in layout.lines(trace, width, one_line):
        assert len(line) <= max(width, columns.label + columns.bar + 2 + columns.elapsed)


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (10.6, "0s 2s 4s 6s 8s"),
        (0.4, "0.0s 0.1s 0.2s 0.3s"),
        (600.0, "0:00 2:00 4:00 6:00 8:00"),
        (90_000.0, "0:00 10:00:00 20:00:00"),
    ],
)
def test_the_axis_names_round_times_where_they_are(end: float, text: str) -> None:
    drawn = layout.axis(layout.Window(0.0, end), 40)
    assert len(drawn) == 40
    assert drawn.split() == text.split()
    for label in drawn.split():
        value = 0.0
        for part in label.removesuffix("s").split(":"):
            value = value * 60 + float(part)
        assert drawn.find(label) == round(value / end * 40), (label, drawn)


def test_numbers_and_times_are_short() -> None:
    assert [layout.elapsed(value) for value in (0.0042, 0.5, 12.34, 125.0)] == ["4ms", "0.50s", "12.3s", "2:05"]
    assert [layout.thousands(value) for value in (0, 812, 3100, 131_000)] == ["", "812", "3.1k", "131k"]
    assert layout.drafted(DRAFTED) == "8/12" and layout.drafted(ASKED) == ""
    assert layout.usage_line(DRAFTED) == "read 10, sampled 20 in 1.00s, drafted 12, accepted 8"


def kept(journal: Journal, session_id: str, timed: list[tuple[float, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for at, event in timed:
        stamped = (begin + timedelta(seconds=at)).isoformat()
        monkeypatch.setattr("agentx.journal.journal.stamp", lambda stamped=stamped: stamped)
        journal.append(session_id, event)


def test_a_journal_gives_the_trace_with_the_sessions_that_helped(monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(":memory:") as journal:
        name = journal.create_session(workspace="/w", model="m", task="t")
        kept(journal, name, [*RUN[:8], (6.5, ev.TextDelta("answer", "4")), *RUN[8:]], monkeypatch)
        kept(journal, name, [(at + 3600, event) for at, event in RUN], monkeypatch)
        helper = journal.create_session(workspace="/w", model="m", task="h", session_id="r-1234-1", parent=name)
        kept(journal, helper, [(6.6, STARTED), (6.9, ev.RunFinished("ok", "", None, 0, Usage()))], monkeypatch)
        journal.fork(name)
        trace = read(journal, name)
    # The hour between the tasks is no work.
    assert [(round(task.start, 6), round(task.end, 6)) for task in trace.tasks] == [(0.0, 10.6), (10.6, 21.2)]
    assert round(trace.end, 6) == 21.2
    helpers = [span for span in trace.walk() if span.kind == "agent"]
    [call] = [span for span in trace.walk() if any(child in helpers for child in span.children)]
    assert call.name == "read_file"
    assert [(round(span.start, 6), round(span.end, 6)) for span in helpers] == [(6.6, 6.9)]


def test_a_helper_belongs_to_a_call_of_the_session_that_it_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names its session otherwise is found by the time, at which another helper may have a call too."""
    outer, inner = ToolCall("o", "ask_others", {}), ToolCall("i", "read_file", {"path": "a"})
    end = ev.RunFinished("ok", "", None, 0, Usage())
    with Journal(":memory:") as journal:
        name = journal.create_session(workspace="/w", model="m", task="t")
        asked = [(0.0, STARTED), (1.0, ev.CallDecoded(outer)), (1.0, ev.CallStarted(outer))]
        kept(journal, name, [*asked, (9.0, ev.CallFinished(ToolResult("o", "ok", ""))), (9.0, end)], monkeypatch)
        begun = [(2.0, STARTED), (2.5, ev.CallDecoded(inner)), (2.5, ev.CallStarted(inner))]
        for helper, events in (("first", begun), ("second", [(3.0, STARTED)])):
            journal.create_session(workspace="/w", model="m", task="h", session_id=helper, parent=name)
            kept(journal, helper, [*events, (8.0, end)], monkeypatch)
        trace = read(journal, name)
    [call] = [span for span in trace.walk() if span.name == "ask_others"]
    assert [(span.kind, span.session_id) for span in call.children] == [("agent", "first"), ("agent", "second")]


def test_names_and_numbers_of_a_stranger_do_no_harm() -> None:
    """A session that was taken in from elsewhere holds whatever its file held."""
    assert len(spans("a#b/c", RUN)) == 1
    assert {call_id(span) for task in spans("a#b", RUN) for span in task.walk()} >= {"", "r"}
    for prompt_s, decode_s in itertools.product((math.inf, -math.inf, math.nan, -1e300, 1e300, 0.0), repeat=2):
        usage = Usage(prompt_s=prompt_s, decode_s=decode_s)
        asked = [*RUN[:1], (1.0, ev.ModelReplied("d", "t", "stop", [], usage)), *RUN[1:]]
        assert len(list(layout.lines(Trace("s", tuple(spans("s", asked))), 100, one_line))) == 11
    nested = [(float(at), ev.CallStarted(ToolCall(".".join("1" * at), "f", {}))) for at in range(1, 1500)]
    assert len(layout.rows(Trace("s", tuple(spans("s", [*RUN[:1], *nested]))), ())) == 1500


@pytest.mark.parametrize("width", [17, 20, 26, 31, 40, 70, 108, 200])
def test_a_line_is_as_wide_as_the_terminal(width: int) -> None:
    parts = layout.columns(width)
    assert parts.label + parts.bar + parts.elapsed + 2 + sum(1 + each.width for each in parts.figures) == width


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (725.0, 725.5, "12:05.0 12:05.2"),
        (725.0, 755.0, "12:10 12:20 12:30"),
        (36_000.0, 36_000.02, "10:00:00.000 10:00:00.010"),
    ],
)
def test_the_axis_of_a_short_stretch_names_different_times(begin: float, end: float, text: str) -> None:
    found = layout.axis(layout.Window(begin, end), 28)
    assert found.split() == text.split() and len(found) == 28


def test_the_plain_waterfall_is_as_it_was() -> None:
    text = list(layout.lines(Trace("s", tuple(spans("s", RUN))), 100, one_line))
    assert [line[:40].rstrip() for line in text[1:]] == [
        "task  Add it up.",
        "  load the model  m",
        "  step 1  I look.",
        "    probe  2 continuations",
        "    reply  read_file()",
        "    read_file  orders.csv",
        "    write_file [error]  total.txt 42",
        "  step 2",
        "    reply  Answer: 42",
    ]
    assert text[0].split() == ["0s", "5s", "took", "read", "reused", "made"]
    assert [line.split()[-1] for line in text[4:8]] == ["42", "142", "0.50s", "2.50s"]
    assert all(ord(sign) < 128 for line in layout.lines(Trace("s", ()), 100, one_line, True) for sign in line)
