"""Replies of several calls that a run does not come to the end of: what was done in them stays known."""

import asyncio
from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

from agentx import Agent, Decision, Tool, tool
from agentx.errors import EndsRun
from agentx.events import CallFinished, CallStarted, Event, RunFinished
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from agentx.planner.retrieval import Retrieval
from agentx.session import Session

BEGUN = "no result: the run ended while this was under way, and it may have been carried out"
NOT_BEGUN = "not carried out: the run ended before"


def mails(sent: list[str], waits: Callable[[], Any] = lambda: asyncio.sleep(30), **options: Any) -> Tool:
    async def mail(to: str) -> str:
        """Mails."""
        if to == "b":
            await waits()
        sent.append(to)
        return f"mailed {to}"

    return Tool.from_function(mail, **{"capabilities": frozenset({"egress"}), **options})


def says(prompt: str) -> str:
    if "Go on." in prompt:
        return "# I know it.\nAnswer: ok"
    return "\n".join(["# All of them.", *(f'mail(to="{name}")' for name in "abc"), "->"])


def agent(item: Tool, journal: Any = None, **options: Any) -> Agent:
    options = {"strategy": "react", "allow": ["mail"]} | options
    return Agent(ScriptedModel(repeat(says)), [item], journal=journal or MemoryJournal(), **options)


def prompt_after(made: Agent, session: Session, task: str = "Go on.") -> str:
    """What the model reads when the conversation goes on."""
    assert asyncio.run(session.run(task)).status == "ok"
    return made._model.prompts[-1].partition("All of them.")[2]  # type: ignore[union-attr]


def test_what_was_done_before_the_time_was_up_stays_known() -> None:
    sent: list[str] = []
    made = agent(mails(sent), timeout_s=0.3)
    session = made.session()
    assert asyncio.run(session.run("Mail all.")).status == "timeout"
    prompt = prompt_after(made, session)
    assert f"-> mailed a\n-> {BEGUN}\n-> {NOT_BEGUN}\n" in prompt
    assert sent == ["a"]
    # Read from its record, the conversation is the same.
    later = agent(mails(sent), made.open_journal(), timeout_s=0.3)
    assert prompt_after(later, later.resume(session.id)).startswith(prompt)


def test_what_was_done_stays_known_where_the_time_is_up_while_tools_are_looked_up(monkeypatch) -> None:
    class Slow:
        async def for_task(self, turn: Any, shown: list[str]) -> None:
            pass

        async def for_step(self, *_: Any) -> None:
            await asyncio.sleep(30)

    async def slow(*_: Any) -> Slow:
        return Slow()

    monkeypatch.setattr(Retrieval, "where_needed", slow)
    sent: list[str] = []
    made = agent(mails(sent, waits=lambda: asyncio.sleep(0)), timeout_s=0.5)
    session = made.session()
    assert asyncio.run(session.run("Mail all.")).status == "timeout"
    assert sent == ["a", "b", "c"]
    assert "-> mailed a\n-> mailed b\n-> mailed c\n" in prompt_after(made, session)


def test_what_was_done_before_the_user_broke_in_stays_known() -> None:
    sent: list[str] = []
    made = agent(mails(sent))
    session = made.session()

    async def broken_off() -> None:
        task = asyncio.ensure_future(session.run("Mail all."))
        while not sent:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(broken_off())
    prompt = prompt_after(made, session)
    assert f"-> mailed a\n-> {BEGUN}\n-> {NOT_BEGUN}\n" in prompt
    later = agent(mails(sent), made.open_journal())
    assert prompt_after(later, later.resume(session.id)).startswith(prompt)


def test_a_call_that_nobody_could_approve_is_told_as_not_made() -> None:
    sent: list[str] = []
    made = agent(mails(sent, waits=lambda: asyncio.sleep(0)), allow=['mail(to="a")'])
    session = made.session()
    assert asyncio.run(session.run("Mail all.")).status == "denied"
    prompt = prompt_after(made, session)
    assert f"-> mailed a\n-> {NOT_BEGUN}\n-> {NOT_BEGUN}\n" in prompt
    later = agent(mails(sent), made.open_journal(), allow=['mail(to="a")'])
    assert prompt_after(later, later.resume(session.id)).startswith(prompt)
    assert sent == ["a"]


def test_a_run_that_lacked_an_approval_and_goes_on_shows_no_trace_of_it() -> None:
    sent: list[str] = []
    item = mails(sent, waits=lambda: asyncio.sleep(0))
    journal = MemoryJournal()
    first = agent(item, journal, allow=['mail(to="a")']).run_sync("Mail all.")

    def done(prompt: str) -> str:
        return "# Done.\nAnswer: ok" if "mailed c" in prompt else says(prompt)

    later = Agent(ScriptedModel(repeat(done)), [item], journal=journal, strategy="react", allow=["mail"])
    result = asyncio.run(later.resume(first.session_id).resume())
    assert (result.status, sent) == ("ok", ["a", "b", "c"])
    assert "-> mailed a\n-> mailed b\n-> mailed c\n" in later._model.prompts[-1]  # type: ignore[union-attr]
    assert NOT_BEGUN not in later._model.prompts[-1]  # type: ignore[union-attr]


def test_of_calls_side_by_side_those_that_have_ended_stay_known() -> None:
    sent: list[str] = []
    made = agent(mails(sent, capabilities=frozenset()), timeout_s=0.3)
    session = made.session()
    assert asyncio.run(session.run("Mail all.")).status == "timeout"
    prompt = prompt_after(made, session)
    assert f"-> mailed a\n-> {BEGUN}\n-> mailed c\n" in prompt
    later = agent(mails(sent, capabilities=frozenset()), made.open_journal(), timeout_s=0.3)
    assert prompt_after(later, later.resume(session.id)).startswith(prompt)


def test_nothing_is_told_after_the_end_of_a_run_whose_calls_ran_side_by_side() -> None:
    left: list[str] = []

    @tool
    async def fail() -> str:
        """Fails the run."""
        await asyncio.sleep(0.05)
        raise EndsRun("It is over.")

    @tool
    async def slow() -> str:
        """Takes its time to end."""
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.2)
            left.append("slow")
        return "slow"

    journal = Journal(":memory:")
    model = ScriptedModel(["# Both.\nslow()\nfail()\n->"])
    result = Agent(model, [slow, fail], strategy="react", journal=journal).run_sync("Go")
    assert (result.status, result.error, left) == ("failed", "It is over.", ["slow"])
    events: list[Event] = journal.events(result.session_id)
    assert isinstance(events[-1], RunFinished)
    begun = {event.call.id for event in events if isinstance(event, CallStarted)}
    ended = [event.result.status for event in events if isinstance(event, CallFinished)]
    assert (len(begun), ended) == (2, ["cancelled"])


def test_a_person_who_says_no_is_no_end_of_the_run() -> None:
    async def approve(request: Any) -> Decision:
        return Decision(request.call.arguments["to"] != "b", "not to b")

    def done(prompt: str) -> str:
        return "# Done.\nAnswer: ok" if "mailed c" in prompt else says(prompt)

    sent: list[str] = []
    item = mails(sent)
    model = ScriptedModel(repeat(done))
    made = Agent(model, [item], journal=MemoryJournal(), strategy="react", approve=approve)
    assert made.run_sync("Mail all.").status == "ok"
    assert "-> mailed a\n-> denied by the user: not to b\n-> mailed c\n" in model.prompts[-1]
