from agentx.events import CallDecoded, CallFinished, CallStarted, QuestionAnswered
from agentx.messages import ToolCall, ToolResult
from agentx.recorded_calls import RecordedCalls

PROGRAM = ToolCall("call-1", "python", {"code": "send('a')"})
SENT = ToolCall("call-1.7", "send", {"text": "a"})


def recorded(*events: CallDecoded | CallStarted | CallFinished | QuestionAnswered) -> RecordedCalls:
    calls = RecordedCalls()
    for event in events:
        calls.take(event)
    return calls


def test_the_same_call_gets_the_id_of_the_record_once() -> None:
    calls = recorded(CallDecoded(PROGRAM))
    assert calls.with_id("python", PROGRAM.arguments) == PROGRAM
    assert calls.with_id("python", PROGRAM.arguments).id != PROGRAM.id


def test_a_call_of_a_program_is_not_taken_for_one_of_the_models() -> None:
    calls = recorded(CallDecoded(PROGRAM), CallDecoded(SENT))
    assert calls.with_id("send", SENT.arguments).id.count(".") == 0
    assert calls.with_id("send", SENT.arguments, PROGRAM) == SENT


def test_a_call_that_was_begun_is_a_stray_until_the_run_comes_to_it_or_to_its_program() -> None:
    calls = recorded(CallDecoded(PROGRAM), CallStarted(PROGRAM), CallDecoded(SENT), CallStarted(SENT))
    assert calls.strays == [PROGRAM, SENT]
    calls.with_id("python", PROGRAM.arguments)
    assert calls.strays == []
    assert calls.unmade(PROGRAM) == [SENT]
    calls.with_id("send", SENT.arguments, PROGRAM)
    assert calls.unmade(PROGRAM) == []


def test_a_call_that_was_begun_once_more_has_no_result_until_it_ends_again() -> None:
    done = CallFinished(ToolResult(SENT.id, "ok", "sent"))
    calls = recorded(CallStarted(SENT), done)
    assert calls.within(PROGRAM) == [(SENT, done.result)]
    calls.take(CallStarted(SENT))
    assert (calls.result(SENT.id), calls.broken_off) == (None, [SENT])


def test_a_call_that_was_cancelled_counts_as_broken_off() -> None:
    calls = recorded(CallStarted(SENT), CallFinished(ToolResult(SENT.id, "cancelled", "")))
    assert calls.broken_off == [SENT]


def test_what_people_said_to_the_calls_of_a_program_is_said_to_the_program() -> None:
    calls = recorded(
        QuestionAnswered("call-1", "yes"), QuestionAnswered("call-1.7", "no"), QuestionAnswered("call-2", "x")
    )
    assert calls.answers(PROGRAM) == ["yes", "no"]
