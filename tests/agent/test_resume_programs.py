"""Programs that go another way when they are run again: what they have done must not be done in another form."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

from agentx import Agent, Tool, ToolContext, tool
from agentx.events import CallFinished
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel


def test_a_program_that_would_make_other_calls_than_before_is_in_doubt(tmp_path: Path) -> None:
    log, drawn = tmp_path / "log", count()

    def note(text: str) -> str:
        """Notes a text."""
        with log.open("a") as file:
            file.write(f"{text}\n")
        return f"noted {text}"

    @tool(name="python", capabilities=["executes"], language="python", confined=True)
    async def runner(code: str, context: ToolContext) -> str:
        """Runs a program, such as one that draws a number or reads the clock."""
        assert context.call_tool
        return await context.call_tool("note", {"text": f"number {next(drawn)}"})

    def agent(journal: MemoryJournal) -> Agent:
        def yes(prompt: str) -> float:
            return 0.01 if "noted" in prompt.rpartition("Task:")[2] else 0.9

        tools = [Tool.from_function(note, capabilities=frozenset({"writes"})), runner]
        model = ScriptedModel(["print(1)", " All is noted."] * 3, yes=yes)
        options: dict[str, Any] = {"allow": ["all"], "strategy": "code", "workspace": tmp_path / "work"}
        return Agent(model, tools, journal=journal, **options)

    (tmp_path / "work").mkdir()
    journal = MemoryJournal()
    first = agent(journal).run_sync("Note a number.")
    assert first.status == "ok"
    events = journal.events(first.session_id)
    noted = next(place for place, event in enumerate(events) if isinstance(event, CallFinished))
    short = MemoryJournal()
    session = short.create_session(workspace=".", model="scripted", task="")
    for event in events[: noted + 1]:
        short.append(session, event)
    again = asyncio.run(agent(short).resume(session).resume())
    assert log.read_text().splitlines() == ["number 0"]
    assert again.status == "in_doubt"
