"""The event of a finding: there and back, in words, and in a trace."""

import json

from agentx import events as ev
from agentx.guarded import PASS_ON, Found, Guarded, in_words
from agentx.messages import ToolCall, Usage
from agentx.trace_building import spans

ONE = Found("secret", 0.95, "github token", "secrets", "mask", [[2, 42], [50, 90]])
WHOLE = Found("injection", 0.71, "injection", "classifier", "warn", [])


def test_it_reads_back_as_it_was_written() -> None:
    event = Guarded("input", "mask", [ONE, WHOLE], text="a [secret]")
    assert ev.from_json(json.loads(json.dumps(ev.to_json(event)))) == event
    assert ev.from_json(json.loads(json.dumps(ev.to_json(ev.Delegated("s", event))))) == ev.Delegated("s", event)


def test_only_an_injection_taints() -> None:
    assert not Guarded("input", "mask", [ONE]).taints
    assert Guarded("tool_result", "warn", [ONE, WHOLE]).taints


def test_it_can_be_said_in_words() -> None:
    assert in_words([ONE, WHOLE, WHOLE]) == (
        "secret (github token, 0.95 by secrets, 2 times) and injection (0.71 by classifier)"
    )
    assert Guarded("output", "block", [WHOLE]).sentence == (
        "the answer holds injection (0.71 by classifier), and is kept back"
    )


def test_a_trace_shows_the_finding_and_how_long_a_person_was_asked() -> None:
    call = ToolCall("guard-1", PASS_ON, {"what": "the answer", "found": "injection"})
    started = ev.RunStarted("s", "Say it.", "m", "react", [], "/w")
    [task] = spans("s", [
        (0.0, started),
        (1.0, ev.StepStarted(1)),
        (2.0, ev.ApprovalAsked(call, "the answer holds injection")),
        (5.0, ev.ApprovalGiven("guard-1", False, "no")),
        (5.0, Guarded("output", "block", [WHOLE])),
        (9.0, ev.StepFinished(1, Usage())),
        (9.0, ev.RunFinished("refused", None, "no", 1, Usage())),
    ])  # fmt: skip
    by_name = {span.name: span for span in task.walk()}
    assert by_name[PASS_ON].status == "denied" and by_name[PASS_ON].elapsed_s == 3.0
    assert [part.kind for part in by_name[PASS_ON].parts] == ["wait"]
    assert "is kept back" in by_name["guard"].about
