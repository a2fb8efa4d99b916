"""Runs that broke off and go on: cut after each event, as `kill -9` would, and resumed by another agent."""

import asyncio
import json
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, Decision, Tool, ToolContext, tool
from agentx.errors import UsageError
from agentx.events import (
    CallFinished,
    CallStarted,
    DoubtSettled,
    Event,
    ModelReplied,
    Notice,
    RunFinished,
    RunResumed,
    RunStarted,
    from_json,
    to_json,
)
from agentx.history import runs
from agentx.memory_journal import MemoryJournal
from agentx.messages import ToolCall
from agentx.models.scripted import ScriptedModel
from agentx.tape import Diverged

TASK = "Note one and two."


def both(prompt: str) -> str:
    for word in ("one", "two"):
        if f"noted {word}" not in prompt:
            return f'# I note it.\nnote(text="{word}")\n->'
    return "# All is noted.\nAnswer: Both are noted."


def noting(log: Path, **options: Any) -> Tool:
    """A tool whose effect is a line in a file outside the workspace."""

    def note(text: str) -> str:
        """Notes a text."""
        with log.open("a") as file:
            file.write(f"{text}\n")
        return f"noted {text}"

    return Tool.from_function(note, capabilities=frozenset({"writes"}), **options)


def lines(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def agent(says: Callable[[str], str], *tools: Tool, journal: MemoryJournal, **options: Any) -> Agent:
    options = {"allow": ["all"], "strategy": "react"} | options
    return Agent(ScriptedModel(repeat(says)), tools, journal=journal, **options)


def collected(stream: Any) -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in stream]

    return asyncio.run(all_events())


def cut(journal: MemoryJournal, session: str, length: int) -> MemoryJournal:
    """A journal that holds the first events of a session, as they are read back from a disk."""
    short = MemoryJournal()
    short.create_session(workspace=".", model="scripted", task=TASK, session_id=session)
    for event in journal.events(session)[:length]:
        short.append(session, from_json(json.loads(json.dumps(to_json(event)))))
    return short


def whole_run(says: Callable[[str], str], *tools: Tool, **options: Any) -> tuple[MemoryJournal, str, list[Event]]:
    journal = MemoryJournal()
    result = agent(says, *tools, journal=journal, **options).run_sync(TASK)
    assert result.status == "ok"
    return journal, result.session_id, journal.events(result.session_id)


def asked_twice(model: ScriptedModel, events: list[Event]) -> int:
    return len(model.prompts) - (3 - sum(isinstance(event, ModelReplied) for event in events))


def test_a_run_cut_after_any_event_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    assert lines(tmp_path / "log") == ["one", "two"]
    doubts = 0
    for length in range(1, len(events)):
        log = tmp_path / f"log-{length}"
        so_far = events[:length]
        for event in so_far:
            if isinstance(event, CallFinished):
                with log.open("a") as file:
                    file.write(event.result.text.removeprefix("noted ") + "\n")
        started, finished = (sum(isinstance(event, kind) for event in so_far) for kind in (CallStarted, CallFinished))
        resuming = agent(both, noting(log), journal=cut(journal, session, length))
        result = asyncio.run(resuming.resume(session).resume())
        if started > finished:
            doubts += 1
            assert result.status == "in_doubt" and "--in-doubt" in (result.error or "")
            assert lines(log) == ["one", "two"][:finished]
            continue
        assert (result.status, result.output) == ("ok", "Both are noted.")
        assert lines(log) == ["one", "two"]
        assert [call.arguments["text"] for call in result.calls] == ["one", "two"]
        assert asked_twice(resuming._model, so_far) == 0  # type: ignore[arg-type]
    assert doubts == 2


def test_what_a_resumed_run_leaves_in_the_journal_is_one_run_without_repeats(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    steady = [to_json(event) for event in events if isinstance(event, CallStarted | CallFinished | ModelReplied)]
    for length in range(1, len(events) - 1):
        if isinstance(events[length - 1], CallStarted):
            continue
        short = cut(journal, session, length)
        asyncio.run(agent(both, noting(tmp_path / "other"), journal=short).resume(session).resume())
        [run] = runs(short.numbered(session))
        assert run.finished and run.finished.status == "ok"
        kept = [event for event in run.events if isinstance(event, CallStarted | CallFinished | ModelReplied)]
        assert [row["kind"] for row in steady] == [type(event).__name__ for event in kept]


@pytest.mark.parametrize(("settlement", "expected"), [("happened", ["one", "two"]), ("again", ["one", "two", "two"])])
def test_a_person_settles_a_call_in_doubt(settlement: Any, expected: list[str], tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    place = max(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    asked: list[ToolCall] = []

    async def settle(call: ToolCall) -> Any:
        asked.append(call)
        return settlement

    short = cut(journal, session, place)

    def says(prompt: str) -> str:
        return "# Done.\nAnswer: Both are noted." if "done (the run broke off" in prompt else both(prompt)

    resuming = agent(says, noting(tmp_path / "log"), journal=short, settle=settle)
    result = asyncio.run(resuming.resume(session).resume())
    assert (result.status, result.output) == ("ok", "Both are noted.")
    assert [call.arguments for call in asked] == [{"text": "two"}]
    assert lines(tmp_path / "log") == expected
    [settled] = [event for event in short.events(session) if isinstance(event, DoubtSettled)]
    assert settled.happened == (settlement == "happened") and settled.reason == "the user says so"


def test_a_run_in_doubt_can_be_taken_up_again(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    place = max(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    short = cut(journal, session, place)
    for _ in range(2):
        result = asyncio.run(agent(both, noting(tmp_path / "log"), journal=short).resume(session).resume())
        assert result.status == "in_doubt"

    async def settle(call: ToolCall) -> Any:
        return "again"

    resuming = agent(both, noting(tmp_path / "log"), journal=short, settle=settle)
    assert asyncio.run(resuming.resume(session).resume()).status == "ok"


@pytest.mark.parametrize("happened", [True, False])
def test_a_probe_tells_whether_the_effect_has_happened(happened: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"

    def there(context: ToolContext, arguments: dict[str, Any]) -> bool:
        return arguments["text"] in lines(log)

    journal, session, events = whole_run(both, noting(log, probe=there))
    place = max(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    log.write_text("one\ntwo\n" if happened else "one\n")
    short = cut(journal, session, place)

    def says(prompt: str) -> str:
        return "# Done.\nAnswer: Both are noted." if "done (the run broke off" in prompt else both(prompt)

    result = asyncio.run(agent(says, noting(log, probe=there), journal=short).resume(session).resume())
    assert result.status == "ok"
    assert lines(log) == ["one", "two"]


def broken_probe(context: ToolContext, arguments: dict[str, Any]) -> bool:
    raise OSError("the server is down")


def hanging_probe(context: ToolContext, arguments: dict[str, Any]) -> bool:
    time.sleep(3)
    return True


async def hanging_async_probe(context: ToolContext, arguments: dict[str, Any]) -> bool:
    await asyncio.sleep(30)
    return True


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        (broken_probe, "OSError: the server is down"),
        (hanging_probe, "GivenUp: after 1 seconds"),
        (hanging_async_probe, "GivenUp: after 1 seconds"),
    ],
)
def test_a_probe_that_breaks_or_hangs_tells_nothing_and_a_person_settles_the_call(
    probe: Any, why: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    journal, session, events = whole_run(both, noting(log, probe=probe, timeout_s=1))
    place = max(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    short = cut(journal, session, place)

    def says(prompt: str) -> str:
        return "# Done.\nAnswer: Both are noted." if "done (the run broke off" in prompt else both(prompt)

    async def settle(call: ToolCall) -> Any:
        return "happened"

    resuming = agent(says, noting(log, probe=probe, timeout_s=1), journal=short, settle=settle)
    assert asyncio.run(resuming.resume(session).resume()).status == "ok"
    told = [event.text for event in short.events(session) if isinstance(event, Notice)]
    assert told == [f"note could not look whether its call was carried out ({why})."]


def test_a_tool_of_which_twice_is_as_good_as_once_is_called_again(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log", idempotent=True))
    place = max(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    again = agent(both, noting(tmp_path / "log", idempotent=True), journal=cut(journal, session, place))
    assert asyncio.run(again.resume(session).resume()).status == "ok"
    assert lines(tmp_path / "log") == ["one", "two", "two"]


@pytest.mark.parametrize("happened", [True, False])
def test_a_call_that_left_the_workspace_as_it_was_is_made_again(happened: bool, tmp_path: Path) -> None:
    log = tmp_path / "one.txt"
    (tmp_path / "old.txt").write_text("old")
    tools = noting(log, confined=True)
    _, _, events = whole_run(both, tools, workspace=tmp_path)
    first = min(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    assert isinstance(events[first - 1], CallStarted) and events[first - 1].workspace
    log.unlink()
    # Making and deleting a file leaves a folder that is not as it was.
    fresh = MemoryJournal()
    result = agent(both, tools, journal=fresh, workspace=tmp_path).run_sync(TASK)
    log.unlink()
    second = fresh.events(result.session_id)
    intent = next(event for event in second if isinstance(event, CallStarted))
    before = cut(fresh, result.session_id, second.index(intent))
    from agentx import changes

    before.append(result.session_id, CallStarted(intent.call, changes.fingerprint(tmp_path)))
    if happened:
        log.write_text("one\n")
    outcome = asyncio.run(agent(both, tools, journal=before, workspace=tmp_path).resume(result.session_id).resume())
    assert outcome.status == ("in_doubt" if happened else "ok")
    assert lines(log) == (["one"] if happened else ["one", "two"])


def test_a_conversation_goes_on_in_another_process_as_if_it_were_the_same(tmp_path: Path) -> None:
    def says(prompt: str) -> str:
        return f"# Yes.\nAnswer: answer {prompt.count('Answer: answer') + 1}"

    journal = MemoryJournal()
    steady = agent(says, noting(tmp_path / "log"), journal=journal)
    session = steady.session()

    async def tasks(*texts: str, of: Any) -> None:
        for text in texts:
            await of.run(text)

    asyncio.run(tasks("first", "second", of=session))
    copied = cut(journal, session.id, 10_000)
    asyncio.run(tasks("third", of=session))
    later = agent(says, noting(tmp_path / "log"), journal=copied)
    asyncio.run(tasks("third", of=later.resume(session.id)))
    assert later._model.prompts == steady._model.prompts[-1:]  # type: ignore[union-attr]


def test_a_new_task_gives_up_the_one_that_broke_off_and_keeps_what_it_did(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    place = next(number for number, event in enumerate(events) if isinstance(event, CallFinished)) + 1
    short = cut(journal, session, place)
    seen: list[str] = []

    def says(prompt: str) -> str:
        seen.append(prompt)
        return "# I know.\nAnswer: one"

    result = asyncio.run(agent(says, noting(tmp_path / "log"), journal=short).resume(session).run("What was noted?"))
    assert (result.status, result.output) == ("ok", "one")
    assert lines(tmp_path / "log") == ["one", "two"]
    assert "noted one" in seen[0] and "What was noted?" in seen[0]


def test_a_call_in_doubt_of_a_task_that_is_given_up_is_not_made_again(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log", idempotent=True))
    place = next(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    later = agent(lambda prompt: "# I know.\nAnswer: x", noting(tmp_path / "log"), journal=cut(journal, session, place))
    assert asyncio.run(later.resume(session).run("Something else?")).status == "ok"
    assert lines(tmp_path / "log") == ["one", "two"]


def test_a_run_that_lacked_an_approval_goes_on_once_it_has_it(tmp_path: Path) -> None:
    journal = MemoryJournal()
    denied = agent(both, noting(tmp_path / "log"), journal=journal, allow=[]).run_sync(TASK)
    assert denied.status == "denied"
    result = asyncio.run(agent(both, noting(tmp_path / "log"), journal=journal).resume(denied.session_id).resume())
    assert (result.status, result.steps) == ("ok", 3)
    assert lines(tmp_path / "log") == ["one", "two"]


def test_what_a_person_has_granted_before_holds_after(tmp_path: Path) -> None:
    async def approve(request: Any) -> Decision:
        return Decision(True, grant="note")

    journal = MemoryJournal()
    first = agent(both, noting(tmp_path / "log"), journal=journal, allow=[], approve=approve).run_sync(TASK)
    events = journal.events(first.session_id)
    place = next(number for number, event in enumerate(events) if isinstance(event, CallFinished)) + 1
    later = agent(both, noting(tmp_path / "log"), journal=cut(journal, first.session_id, place), allow=[])
    assert asyncio.run(later.resume(first.session_id).resume()).status == "ok"


def test_a_run_that_would_go_another_way_is_not_continued(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    short = cut(journal, session, len(events) - 4)
    other = agent(both, noting(tmp_path / "log"), journal=short, instructions="Be brief.")
    with pytest.raises(Diverged, match="are not the same"):
        asyncio.run(other.resume(session).resume())
    assert lines(tmp_path / "log") == ["one", "two"]
    with pytest.raises(UsageError, match="no tool `note`"):
        Agent(ScriptedModel(), [], journal=short).resume(session)


def test_a_session_that_has_ended_has_nothing_left_to_do(tmp_path: Path) -> None:
    journal, session, _ = whole_run(both, noting(tmp_path / "log"))
    ended = agent(both, noting(tmp_path / "log"), journal=journal).resume(session)
    assert ended.unfinished is None
    with pytest.raises(UsageError, match="No task of session"):
        asyncio.run(ended.resume())
    with pytest.raises(UsageError, match="no session `nope`"):
        agent(both, journal=journal).resume("nope")


def test_a_task_that_a_new_one_has_left_is_not_taken_up_behind_it(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    short = cut(journal, session, [isinstance(event, ModelReplied) for event in events].index(True))
    going_on = agent(both, noting(tmp_path / "log"), journal=short).resume(session)

    async def stopped_at_once() -> None:
        stream = going_on.stream("Hello.")
        assert isinstance(await anext(stream), RunStarted)
        await stream.aclose()

    asyncio.run(stopped_at_once())
    assert going_on.unfinished and going_on.unfinished.started.task == "Hello."
    assert asyncio.run(going_on.resume()).status == "ok"
    ended = [(run.started.task, run.finished and run.finished.status) for run in runs(short.numbered(session))]
    assert ended == [(TASK, None), ("Hello.", "ok")]
    later = agent(both, noting(tmp_path / "log"), journal=short).resume(session)
    assert asyncio.run(later.run("And now?")).status == "ok"


def test_calls_that_a_program_had_made_are_not_made_again_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"

    @tool(name="python", capabilities=["executes"], language="python", idempotent=True)
    async def runner(code: str, context: ToolContext) -> str:
        """Runs a program."""
        assert context.call_tool
        return "\n".join([await context.call_tool("note", {"text": word}) for word in ("one", "two")])

    def says(prompt: str) -> str:
        return "print(1)"

    def model() -> ScriptedModel:
        return ScriptedModel(
            [says, " All is noted."] * 3,
            yes=lambda prompt: 0.01 if "noted two" in prompt.rpartition("Task:")[2] else 0.9,
        )

    journal = MemoryJournal()
    tools = [noting(log), runner]
    first = Agent(model(), tools, journal=journal, allow=["all"], strategy="code").run_sync(TASK)
    assert first.status == "ok" and lines(log) == ["one", "two"]
    events = journal.events(first.session_id)
    finished = [number for number, event in enumerate(events) if isinstance(event, CallFinished)]
    # After the first note of the program, with the program itself and the second note still to come.
    short = cut(journal, first.session_id, finished[0] + 1)
    log.write_text("one\n")
    result = asyncio.run(
        Agent(model(), tools, journal=short, allow=["all"], strategy="code").resume(first.session_id).resume()
    )
    assert result.status == "ok" and lines(log) == ["one", "two"]


def test_the_stream_of_a_resumed_run_begins_with_its_resumption(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    place = next(number for number, event in enumerate(events) if isinstance(event, CallFinished)) + 1
    resuming = agent(both, noting(tmp_path / "log"), journal=cut(journal, session, place)).resume(session)
    new = collected(resuming.stream_resumed())
    assert isinstance(events[0], RunStarted) and isinstance(new[0], RunResumed)
    assert new[0].task == TASK and isinstance(new[-1], RunFinished)
    assert [event.call.arguments["text"] for event in new if isinstance(event, CallStarted)] == ["two"]
