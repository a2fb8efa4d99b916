"""Sessions taken back to one of their events, with the files that their calls have changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, plugins, tool
from agentx.errors import UsageError
from agentx.events import CallFinished, CallStarted, Rewound, RunStarted
from agentx.history import in_force, runs
from agentx.memory_journal import MemoryJournal
from agentx.messages import ToolCall
from agentx.models.scripted import ScriptedModel
from agentx.rewinding import before, rewind


@tool(capabilities=["egress"])
def send(text: str) -> str:
    """Sends a text."""
    return "sent"


def write(name: str, text: str) -> str:
    return f'# I write.\nwrite_file(path="{name}", text="{text}")\n->'


TOOLS = [plugins.load("agentx.tools", name) for name in ("write_file", "edit_file")] + [send]


@pytest.fixture
def written(tmp_path: Path, own_folders: None) -> Any:
    """A session of two tasks that write, and its journal."""
    journal = MemoryJournal()
    replies = [
        write("a.txt", "one"), "# Done.\nAnswer: first",
        write("a.txt", "two"), write("b.txt", "new"), '# I send.\nsend(text="x")\n->', "# Done.\nAnswer: second",
        "# Done.\nAnswer: third",
    ]  # fmt: skip
    model = ScriptedModel(replies)
    agent = Agent(model, TOOLS, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    session = agent.session()

    async def both() -> None:
        await session.run("Write one.")
        await session.run("Write two and send it.")

    asyncio.run(both())
    return journal, session.id, agent, model


def test_a_session_goes_back_before_its_last_task_with_its_files(written: Any, tmp_path: Path) -> None:
    journal, session, agent, model = written
    assert (tmp_path / "a.txt").read_text() == "two" and (tmp_path / "b.txt").read_text() == "new"
    last = runs(journal.numbered(session))[-1]
    rewound = rewind(journal, session, last.number - 1, agent.toolbox, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "one" and not (tmp_path / "b.txt").exists()
    assert rewound.restored == ["b.txt", "a.txt"] and rewound.left == ["send cannot be taken back"]
    assert [run.started.task for run in runs(journal.numbered(session))] == ["Write one."]
    assert isinstance(journal.events(session)[-1], Rewound)
    asyncio.run(agent.resume(session).run("Write three."))
    assert "Write one." in model.prompts[-1] and "Write two" not in model.prompts[-1]


def test_a_session_goes_back_into_a_task_which_then_goes_on(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    ends = [number for number, event in journal.numbered(session) if isinstance(event, CallFinished)]
    rewind(journal, session, ends[1], agent.toolbox, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "two" and not (tmp_path / "b.txt").exists()
    model = ScriptedModel(["one", "done", "two", "# Enough.\nAnswer: Only the first."])
    later = Agent(model, TOOLS, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    result = asyncio.run(later.resume(session).resume())
    assert (result.status, result.output) == ("ok", "Only the first.")
    assert [call.arguments.get("text") for call in result.calls] == ["two"]


def test_what_was_changed_since_is_left_and_told(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    (tmp_path / "a.txt").write_text("mine")
    rewound = rewind(journal, session, 0, agent.toolbox, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert any("a.txt" in told and "changed since" in told for told in rewound.left)
    assert in_force(journal.numbered(session)) == []


def test_rewinding_twice_counts_from_what_is_in_force(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    numbered = journal.numbered(session)
    started = [number for number, event in numbered if isinstance(event, CallStarted)]
    rewind(journal, session, started[1], agent.toolbox, tmp_path)
    with pytest.raises(UsageError, match="has no event"):
        rewind(journal, session, started[2], agent.toolbox, tmp_path)
    rewind(journal, session, started[0] - 1, agent.toolbox, tmp_path)
    assert not (tmp_path / "a.txt").exists()


def test_a_task_that_was_begun_behind_a_rewind_can_be_gone_back_before_too(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    first, last = runs(journal.numbered(session))
    rewind(journal, session, before(journal, session, last.number), agent.toolbox, tmp_path)
    asyncio.run(agent.resume(session).run("Write three."))
    third = runs(journal.numbered(session))[-1]
    assert before(journal, session, third.number) < last.number < third.number - 1
    rewind(journal, session, before(journal, session, third.number), agent.toolbox, tmp_path)
    assert [run.started.task for run in runs(journal.numbered(session))] == ["Write one."]
    assert before(journal, session, first.number) == 0


def test_what_a_call_did_that_broke_off_is_told_as_unknown(tmp_path: Path) -> None:
    journal = MemoryJournal()
    agent = Agent(ScriptedModel([]), [send], journal=journal, strategy="react", workspace=tmp_path)
    name = journal.create_session(workspace=str(tmp_path), model="scripted", task="Send it.")
    journal.append(name, RunStarted(name, "Send it.", "scripted", "react", ["send"], str(tmp_path)))
    journal.append(name, CallStarted(ToolCall("call-1", "send", {"text": "x"})))
    rewound = rewind(journal, name, 0, agent.toolbox, tmp_path)
    assert rewound.left == ["send broke off, and what it has changed is not known"]


def test_what_a_program_changed_goes_back_too(own_folders: None, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    tools = [plugins.load("agentx.tools", name) for name in ("python", "write_file")]
    program = """open('a.txt', 'w').write('two')
write_file('b.txt', 'new')
open('b.txt', 'a').write('er')
open('c.txt', 'w')"""
    model = ScriptedModel([f"# I write.\npython(code={program!r})\n->", "# Done.\nAnswer: done"])
    journal = MemoryJournal()
    agent = Agent(model, tools, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    session = agent.session()
    asyncio.run(session.run("Write two, and b.txt and c.txt."))
    assert ((tmp_path / "a.txt").read_text(), (tmp_path / "b.txt").read_text()) == ("two", "newer")
    rewound = rewind(journal, session.id, 0, agent.toolbox, tmp_path)
    assert (sorted(rewound.restored), rewound.left) == (["a.txt", "b.txt", "c.txt"], [])
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "one")]


def test_what_cannot_be_put_back_of_a_program_is_named(own_folders: None, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (2**20 + 1))
    model = ScriptedModel(["# I write.\npython(code=\"open('large', 'a').write('y')\")\n->", "# Done.\nAnswer: done"])
    journal = MemoryJournal()
    tools = [plugins.load("agentx.tools", "python")]
    agent = Agent(model, tools, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    session = agent.session()
    asyncio.run(session.run("Write a y into large."))
    rewound = rewind(journal, session.id, 0, agent.toolbox, tmp_path)
    assert rewound.restored == [] and "`large` was too large to be kept" in rewound.left[0]
