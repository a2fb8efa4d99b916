"""Sessions for the tests of the page of sessions: what each has said, and when, is always the same."""

from pathlib import Path

from agentx import events as ev
from agentx.events import Event
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult, Usage
from tests.tui.states import DIFF, EDIT, READ

USAGE = Usage(prompt_tokens=920, sampled_tokens=142, prompt_s=10.0, decode_s=10.0)
FIXED = "20200104-101500-aaaa"
BROKEN = "20200103-090000-bbbb"
DOUBTFUL = "20200102-120000-cccc"
ELSEWHERE = "20200101-080000-dddd"


def turn(session_id: str, task: str, *between: Event, answer: str = "", workspace: str = "/w") -> list[Event]:
    """The events of a turn; one without an answer does not come to its end."""
    started = ev.RunStarted(session_id, task, "qwen2.5-coder-1.5b", "react", [], workspace)
    end: list[Event] = [ev.Answered(answer), ev.RunFinished("ok", answer, None, 2, USAGE)] if answer else []
    return [started, ev.ModelLoaded("qwen2.5-coder-1.5b", 1.0), ev.StepStarted(1), *between, *end]


def called(call: ToolCall, text: str, *changed: str) -> list[Event]:
    result = ToolResult(call.id, "ok", text, changed=list(changed))
    return [ev.CallDecoded(call), ev.CallStarted(call), ev.CallFinished(result)]


def kept(
    workspace: Path | str, session_id: str, events: list[Event], status: str = "ok", title: str = "", created: str = ""
) -> None:
    """Writes a session into the user's journal."""
    first = next(event for event in events if isinstance(event, ev.RunStarted))
    with Journal.default() as journal:
        journal.create_session(
            workspace=str(workspace), model=first.model, task=first.task, session_id=session_id, title=title
        )
        for event in events:
            journal.append(session_id, event)
        if status != "running":
            journal.finish(session_id, status, None)
        with journal.database.writing(durable=False) as run:
            run("UPDATE sessions SET created = :at WHERE id = :id", at=created or _time_of(session_id), id=session_id)


def _time_of(session_id: str) -> str:
    day, time = session_id.split("-")[:2]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}+00:00"


def seeded(workspace: Path) -> None:
    """Four sessions: one that ended well, one that broke off, one in doubt, and one of another folder."""
    fixed = [
        *turn(
            FIXED,
            "Why does parse() drop the last row?",
            *called(READ, "def parse(n):"),
            *called(EDIT, DIFF, "src/csv.py"),
            answer="The loop stops **before** the final record because of `n - 1`.",
        ),
        *turn(FIXED, "Add a test for it", answer="Done: `tests/test_csv.py` has one row more."),
    ]
    kept(workspace, FIXED, fixed, title="fix-csv-parser")
    kept(workspace, BROKEN, turn(BROKEN, "Rename the columns of the table", *called(READ, "a,b")), "running")
    kept(workspace, DOUBTFUL, turn(DOUBTFUL, "Send the report"), "in_doubt")
    kept("/elsewhere", ELSEWHERE, turn(ELSEWHERE, "Water the flowers", answer="They are watered."))
