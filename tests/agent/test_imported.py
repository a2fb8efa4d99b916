"""Sessions that a file has brought: they go on as they were, and nothing that was permitted in them holds here."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, Decision
from agentx.cli import resuming
from agentx.cli.setup import Options
from agentx.events import (
    ApprovalGiven,
    CallFinished,
    CallStarted,
    Event,
    ModelReplied,
    Notice,
    RunStarted,
    Surveyed,
    to_json,
)
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.replaying import replay
from tests.agent.test_resume import TASK, both, lines, noting, whole_run
from tests.agent.test_resume_breaking import after

AT = "2026-01-01T00:00:00+00:00"
PERMITTING = {"allow": ["all"], "mode": "full", "adapter": "/nowhere/x.gguf"}


def of_a_file(events: Iterable[Event]) -> list[str]:
    """As `agentx sessions export` would have written it."""
    head = {"agentx_session": 1, "id": "brought", "created": AT, "workspace": ".", "model": "scripted", "task": TASK}
    rows = [{"number": number, "at": AT, "event": to_json(event)} for number, event in enumerate(events, 1)]
    return [json.dumps(row) for row in [head | {"status": "running"}, *rows]]


def brought(events: Iterable[Event]) -> Journal:
    journal = Journal(":memory:")
    journal.read_in(of_a_file(events))
    return journal


def agent(journal: Journal, log: Path, **options: Any) -> Agent:
    note = noting(log, idempotent=True)
    return Agent(ScriptedModel(repeat(both)), [note], journal=journal, **{"strategy": "react", **options})


def cut_in(kind: type[Event], log: Path) -> list[Event]:
    """The events of a run up to the first of a kind, with all that could permit its calls; of what it did nothing."""
    _, _, events = whole_run(both, noting(log, idempotent=True))
    log.unlink()
    begun, *rest = events[: after(events, kind)]
    assert isinstance(begun, RunStarted)
    granted = ApprovalGiven("call-0", True, "yes", None, "note")
    return [replace(begun, settings=begun.settings | PERMITTING), granted, *rest]


@pytest.mark.parametrize("kind", [ModelReplied, CallStarted])
def test_a_call_that_stands_in_the_file_is_made_by_nobody_s_leave_but_the_user_s(
    kind: type[Event], tmp_path: Path
) -> None:
    log, asked = tmp_path / "log", list[str]()
    events = cut_in(kind, log)
    assert asyncio.run(agent(brought(events), log).resume("brought").resume()).status == "denied"
    assert lines(log) == []

    async def approve(request: Any) -> Decision:
        asked.append(request.call.arguments["text"])
        return Decision(True)

    result = asyncio.run(agent(brought(events), log, approve=approve).resume("brought").resume())
    assert (result.status, asked, lines(log)) == ("ok", ["one", "two"], ["one", "two"])


def test_the_first_look_that_stands_in_the_file_is_asked_about_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    begun, *_ = cut_in(ModelReplied, log)
    journal = brought([begun, Surveyed({"note": {"text": "chosen by the file"}})])
    assert asyncio.run(agent(journal, log).resume("brought").resume()).status == "denied"
    assert lines(log) == []


def test_a_person_is_told_where_a_session_and_its_instructions_come_from(tmp_path: Path) -> None:
    log = tmp_path / "log"
    _, _, events = whole_run(both, noting(log), instructions="Be brief.")
    made = agent(brought(events), log, instructions="Be brief.")

    async def told(session: Any) -> list[str]:
        return [event.text async for event in session.stream("And now?") if isinstance(event, Notice)]

    [sentence] = asyncio.run(told(made.resume("brought")))
    assert "read in from a file" in sentence and sentence.endswith("Be brief.")
    # The task that was begun here is the user's.
    assert asyncio.run(told(made.resume("brought"))) == []


def test_what_happened_in_it_is_played_back_as_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log"
    _, _, events = whole_run(both, noting(log, idempotent=True))
    made = agent(brought(events), log)
    found = asyncio.run(replay(made, "brought"))
    assert (found.tasks, found.differences) == (1, [])
    assert asyncio.run(made.resume("brought").run("And now?")).status == "ok"
    assert TASK in made._model.prompts[-1] and lines(log) == ["one", "two"]  # type: ignore[union-attr]
    assert sum(isinstance(event, CallFinished) for event in made.open_journal().events("brought")) == 2


def test_the_command_line_takes_no_leave_of_it(tmp_path: Path) -> None:
    begun = RunStarted("brought", TASK, "default", "react", ["calculate"], str(tmp_path), dict(PERMITTING))
    with Journal.default() as journal:
        journal.read_in(of_a_file([begun]))
    settings = resuming.find("brought", Options()).setup.settings
    assert (settings.mode, settings.allow, settings.adapter) == ("ask", [], None)
