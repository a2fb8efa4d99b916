"""Sessions played again through the loop."""

import asyncio
import json
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from agentx.agent import Agent
from agentx.events import CallFinished, CallStarted, ModelReplied, Thought
from agentx.memory_journal import MemoryJournal
from agentx.model import Fragment
from agentx.models.scripted import ScriptedModel
from agentx.replaying import Replay, replay
from agentx.tape import Diverged
from agentx.tool import Tool
from tests.agent.test_context import TASKS, chatting, look, talk
from tests.agent.test_context import agent as chat_agent
from tests.agent.test_resume import agent, both, cut, noting, whole_run


def played(made: Agent, session: str, **options: Any) -> Replay:
    return asyncio.run(replay(made, session, **options))


def test_a_session_played_again_is_the_same_and_does_nothing(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log"))
    found = played(agent(both, noting(tmp_path / "log"), journal=journal), session)
    assert (found.tasks, found.differences) == (1, []) and found.events >= 14
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert journal.events(session) == events


def test_a_folded_conversation_played_again_is_the_same() -> None:
    journal = MemoryJournal()
    session = chat_agent(chatting, look, journal=journal).session()
    asyncio.run(talk(session, *TASKS))
    found = played(chat_agent(chatting, look, journal=journal), session.id)
    assert (found.tasks, found.differences) == (len(TASKS), [])


def test_a_run_that_was_resumed_can_be_played_again(tmp_path: Path) -> None:
    journal, session, events = whole_run(both, noting(tmp_path / "log", idempotent=True))
    place = max(number for number, event in enumerate(events) if isinstance(event, CallStarted)) + 1
    short = cut(journal, session, place)
    tool = noting(tmp_path / "log", idempotent=True)
    asyncio.run(agent(both, tool, journal=short).resume(session).resume())
    assert played(agent(both, tool, journal=short), session).differences == []


def test_a_run_that_repeated_itself_can_be_played_again(tmp_path: Path) -> None:
    """Steps that were taken back make no calls, so that they use up none of the record."""

    def stubborn(prompt: str) -> str:
        if "do something else" in prompt or "refused" in prompt:
            return "# All is noted.\nAnswer: It is noted."
        return '# I look.\nlook(text="one")\n->'

    def look(text: str) -> str:
        """Looks at a text."""
        return f"seen {text}"

    journal = MemoryJournal()
    tool = Tool.from_function(look)
    result = agent(stubborn, tool, journal=journal).run_sync("Look at one.")
    ends = [event.result.status for event in journal.events(result.session_id) if isinstance(event, CallFinished)]
    assert ends == ["ok", "refused"]
    assert played(agent(stubborn, tool, journal=journal), result.session_id).differences == []


def test_what_the_loop_makes_otherwise_is_told(tmp_path: Path) -> None:
    _, session, events = whole_run(both, noting(tmp_path / "log"))
    other = MemoryJournal()
    other.create_session(workspace=".", model="scripted", task="", session_id=session)
    for event in events:
        other.append(session, Thought("I never said so.") if isinstance(event, Thought) else event)
    found = played(agent(both, noting(tmp_path / "log"), journal=other), session)
    assert len(found.differences) == 3 and any("I never said so." in told for told in found.differences)


def test_a_session_of_other_settings_is_not_played(tmp_path: Path) -> None:
    journal, session, _ = whole_run(both, noting(tmp_path / "log"))
    with pytest.raises(Diverged):
        played(agent(both, noting(tmp_path / "log"), journal=journal, instructions="Be brief."), session)


@pytest.mark.parametrize(("said", "differs"), [((1, 2, 3), []), ((1, 2, 9), [3])])
def test_a_live_replay_compares_token_by_token(said: tuple[int, ...], differs: list[int], tmp_path: Path) -> None:
    _, session, events = whole_run(both, noting(tmp_path / "log"))
    told = MemoryJournal()
    told.create_session(workspace=".", model="scripted", task="", session_id=session)
    for event in events:
        if isinstance(event, ModelReplied):
            event = ModelReplied(
                event.request, event.text, event.finish, [Fragment(event.text, tokens=(1, 2, 3))], event.usage
            )
        told.append(session, event)

    class Telling(ScriptedModel):
        async def decode(self, prompt: Any, **options: Any) -> Any:
            async for delta in super().decode(prompt, **options):
                yield type(delta)(delta.text, delta.finish, (Fragment("x", tokens=said),) if delta.finish else ())

    made = Agent(Telling(repeat(both)), [noting(tmp_path / "log")], journal=told, strategy="react", allow=["all"])
    found = played(made, session, live=True)
    assert found.replies == 3
    assert found.differences == [
        f"reply {number} is another from its token {place} on" for place in differs for number in (1, 2, 3)
    ]
    assert json.loads(json.dumps(found.differences)) == found.differences
    assert sum(isinstance(event, CallFinished) for event in told.events(session)) == 2
