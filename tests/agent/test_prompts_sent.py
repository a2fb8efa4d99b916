"""The prompts of a session, made again from its journal; and the trace of a session that had help."""

import asyncio
from pathlib import Path

import pytest

from agentx.errors import AgentXError, UsageError
from agentx.events import ModelReplied, ModelScored
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.prompts_sent import prompts_sent
from agentx.trace import read
from tests.agent.test_delegate import agent


def requests(journal: Journal, session_id: str) -> list[ModelReplied | ModelScored]:
    return [event for event in journal.events(session_id) if isinstance(event, ModelReplied | ModelScored)]


def test_every_prompt_for_a_reply_of_a_session_and_of_its_helper_is_found_by_its_digest(tmp_path: Path) -> None:
    async def test() -> None:
        with Journal(":memory:") as journal:
            made = agent(tmp_path / "log", journal)  # type: ignore[arg-type]
            session = made.session()
            for task in ("Have it noted.", "Have it noted again."):
                assert (await session.run(task)).status == "ok"
            model = made._model
            assert isinstance(model, ScriptedModel)
            sent, asked = list(model.prompts), 0
            for name in [session.id, *(row.id for row in journal.helpers(session.id))]:
                for event in requests(journal, name):
                    if isinstance(event, ModelScored):  # about the call that changes a file
                        with pytest.raises(UsageError, match="about a call"):
                            await prompts_sent(made, name, event.request)
                        continue
                    assert (await prompts_sent(made, name, event.request))[event.request] in sent
                    asked += 1
            # Nothing was asked of the model meanwhile, and nothing was done once more.
            assert asked == len(sent) == len(model.prompts)
            assert (tmp_path / "log").read_text() == "it\nit\n"

    asyncio.run(test())


def test_a_request_that_counts_no_longer_and_an_agent_that_is_another_are_a_sentence(tmp_path: Path) -> None:
    async def test() -> None:
        with Journal(":memory:") as journal:
            made = agent(tmp_path / "log", journal)  # type: ignore[arg-type]
            session = made.session()
            await session.run("Have it noted.")
            [first, *_] = requests(journal, session.id)
            with pytest.raises(UsageError, match="does not come to it"):
                await prompts_sent(made, session.id, "0" * 32)
            with pytest.raises(UsageError, match="no session"):
                await prompts_sent(made, "nil", first.request)
            other = agent(tmp_path / "log", journal, instructions="Be brief.")  # type: ignore[arg-type]
            with pytest.raises(AgentXError):
                await prompts_sent(other, session.id, first.request)

    asyncio.run(test())


def test_what_a_helper_did_is_in_the_trace_below_the_call_that_asked_for_it(tmp_path: Path) -> None:
    with Journal(":memory:") as journal:
        made = agent(tmp_path / "log", journal)  # type: ignore[arg-type]
        made.run_sync("Have it noted.")
        latest = journal.latest()
        assert latest is not None
        trace = read(journal, latest.id)
    [call] = [span for span in trace.walk() if span.name == "ask_a_helper"]
    [helper] = call.children
    assert (helper.kind, helper.about) == ("agent", "Note it.")
    assert [span.name for span in helper.walk() if span.kind == "call"] == ["note"]
    assert call.start <= helper.start and helper.end <= call.end + 0.001
    assert trace.tasks[0].usage is not None and helper.usage is not None
