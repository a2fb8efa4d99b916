"""The kill benchmark without killing: runs cut at each labelled point, and what its auditor finds wrong."""

import asyncio
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent
from agentx.events import CallDecoded, CallFinished, CallStarted, DoubtRaised, DoubtSettled, Event, ModelReplied
from agentx.memory_journal import MemoryJournal
from agentx.messages import ToolCall, ToolResult
from benchmarks.durability.agentx_worker import Person, WatchedModel, tools
from benchmarks.durability.audit import begun_again, repeated, unfinished, unsettled
from benchmarks.durability.bank import Bank
from benchmarks.durability.fuse import Fuse
from benchmarks.durability.rounds import Contender, nursery, play, undisturbed
from benchmarks.durability.schedule import rounds
from benchmarks.durability.workload import ANSWER, CALLS, PROGRAMS, Workload, carry_out, prepare, times


def agent(
    folder: Path, workload: Workload, journal: MemoryJournal, record: Sequence[Event] = (), **options: Any
) -> Agent:
    fuse, said = Fuse(), [event.text for event in record if isinstance(event, ModelReplied)]
    return Agent(
        WatchedModel(fuse, Bank(folder), workload, said),
        tools(folder, fuse, workload),
        strategy="code" if workload.programs else "react",
        workspace=folder / "work",
        allow=["all"],
        journal=journal,
        **options,
    )


def cut(folder: Path, events: list[Event]) -> tuple[MemoryJournal, str]:
    journal = MemoryJournal()
    session = journal.create_session(workspace=str(folder / "work"), model="scripted", task="")
    for event in events:
        journal.append(session, event)
    return journal, session


def world(folder: Path, workload: Workload, events: list[Event], happened: bool) -> None:
    """Does what the calls have done whose result is there; and those that have none, where it has happened."""
    prepare(folder)
    begun = {event.call.id: event.call for event in events if isinstance(event, CallStarted)}
    open_calls = unfinished(events)
    for call_id, call in begun.items():
        if call.name != "python" and (happened or call_id not in open_calls):
            carry_out(folder, Fuse(), (call.name, call.arguments), call_id)
        elif call.name == "python":
            _write(folder, workload, str(call.arguments["code"]), ended=call_id not in open_calls)


def _write(folder: Path, workload: Workload, code: str, ended: bool) -> None:
    for kind, arguments in workload.operations:
        if repr(arguments.get("text")) in code and (kind == "write" or (kind == "append" and ended)):
            carry_out(folder, Fuse(), (kind, arguments))


@pytest.mark.parametrize("workload", [CALLS, PROGRAMS], ids=lambda workload: workload.name)
def test_a_run_cut_at_each_labelled_point_does_everything_once(
    workload: Workload, tmp_path: Path, own_folders: None
) -> None:
    prepare(tmp_path / "whole")
    journal = MemoryJournal()
    result = agent(tmp_path / "whole", workload, journal).run_sync(workload.task)
    assert (result.status, result.output) == ("ok", ANSWER)
    events = journal.events(result.session_id)
    # Behind a result nothing of a program is in doubt but the program itself, which its other cuts have too.
    labels = CallStarted if workload.programs else CallStarted | CallFinished
    labelled = [place for place, event in enumerate(events) if isinstance(event, labels)]
    for place in labelled:
        before = events[: place + 1]
        for happened in (False, True) if isinstance(events[place], CallStarted) else (False,):
            folder = tmp_path / f"{place}-{happened}"
            world(folder, workload, before, happened)
            # What stands behind the intent in the record does not fit the folder that was made for it.
            short, session = cut(folder, before)
            going_on = agent(folder, workload, short, before, settle=Person(folder, workload).settle).resume(session)
            again = asyncio.run(going_on.resume())
            assert (again.status, again.output) == ("ok", ANSWER), (place, happened)
            assert {times(folder, operation) for operation in workload.operations} == {1}, (place, happened)
            kept = short.events(session)
            assert unsettled(kept) + begun_again(kept) + repeated(kept) == [], (place, happened)


ONE = ToolCall("call-1", "shout", {"text": "a"})
DONE = CallFinished(ToolResult("call-1", "ok", "done"))


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([CallStarted(ONE), DONE], 0),
        ([CallStarted(ONE)], 1),
        ([CallStarted(ONE), CallStarted(ONE), DONE], 1),
        ([CallStarted(ONE), DoubtRaised(ONE), DoubtSettled("call-1", False, "x"), CallStarted(ONE), DONE], 0),
        ([CallStarted(ONE), DoubtRaised(ONE), DoubtSettled("call-1", True, "x"), DONE], 0),
    ],
)
def test_a_doubt_that_is_passed_over_is_found(events: list[Event], wrong: int) -> None:
    assert len(unsettled(events)) == wrong


def test_a_call_that_is_made_after_its_result_or_stands_there_twice_is_found() -> None:
    assert begun_again([CallStarted(ONE), DONE]) == []
    assert len(begun_again([CallStarted(ONE), DONE, CallStarted(ONE)])) == 1
    other = ToolCall("call-2", "shout", {"text": "a"})
    assert repeated([CallDecoded(ONE), DONE]) == []
    assert len(repeated([CallDecoded(ONE), CallDecoded(other)])) == 1
    assert len(repeated([DONE, DONE])) == 1


def test_the_schedule_has_every_point_once_and_the_same_moments_for_all() -> None:
    passed = {"calls": {"before effect": 2, "before intent": 3}, "programs": {"after reply": 1}}
    first = list(islice(rounds(passed, seed=3), 12))
    assert len({(each.workload, each.kills[0].point, each.kills[0].number) for each in first[:6]}) == 6
    moments = [each.kills[0].moment for each in first[6:]]
    other = list(islice(rounds({"calls": {"before effect": 1}}, seed=3), 7))
    assert [each.kills[0].moment for each in other[1:]] == moments
    assert any(len(each.kills) > 1 for each in first)


def test_a_contender_without_a_record_duplicates_and_that_is_seen() -> None:
    with nursery(Contender("forgetful", sys.executable, "tests.benchmarks.forgetful")) as one:
        passed, seconds = undisturbed(one, "calls")
        assert passed["before effect"] == 7
        found = [play(one, each, seconds) for each in islice(rounds({"calls": {"after effect": 2}}, 0), 2)]
    assert [played.kills[0] for played in found] == ["after effect", "after effect"]
    assert all(played.duplicated.total() for played in found)
