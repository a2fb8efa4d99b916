"""`--few-shot`: what it takes, and what a session keeps of it."""

import sys
from typing import Any

from agentx.cli.narrate import Narrator
from agentx.events import ExamplesShown, RunStarted
from agentx.journal import Journal
from tests.cli.conftest import answer


def started() -> RunStarted:
    journal = Journal.default()
    [event] = [event for event in journal.events(journal.sessions()[0].id) if isinstance(event, RunStarted)]
    return event


def test_a_number_that_is_none_of_examples_is_refused_in_a_sentence(cli: Any, script: Any) -> None:
    ran = cli("run", "t", "--model", script(answer("Hello.")), "--few-shot", "9")
    assert ran.code != 0
    assert "few_shot" in ran.err and "a whole number from 0 to 3" in ran.err and ran.err.count("\n") == 1


def test_a_session_keeps_how_many_it_was_to_be_shown(cli: Any, script: Any) -> None:
    assert cli("run", "t", "--model", script(answer("Hello.")), "--few-shot", "2").code == 0
    assert started().settings["few_shot"] == 2


def test_examples_are_told_on_stderr(capsys: Any) -> None:
    Narrator(sys.stderr).take(ExamplesShown("Task: …", ["20260101-a", "20260102-b"]))
    assert "shown as examples: the tasks of 20260101-a, 20260102-b" in capsys.readouterr().err
