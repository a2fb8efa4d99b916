"""Takes a session back to one of its events, and the files that its calls have changed since with it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from agentx.errors import AgentXError, UsageError
from agentx.events import CallFinished, CallStarted, EventLog, Rewound
from agentx.history import Numbered, in_force
from agentx.tool import Tool, ToolContext


def rewind(journal: EventLog, session_id: str, to: int, tools: Mapping[str, Tool], workspace: Path) -> Rewound:
    """Has a session go on from event number `to`; returns what was put back, and what could not be.

    Raises:
        UsageError: no such session or event, or a living process is at work on the session.
    """
    with journal.lease(session_id):
        held = in_force(journal.numbered(session_id))
        if to not in {0, *(number for number, _ in held)}:
            raise UsageError(f"Session {session_id} has no event {to}; `agentx sessions show` counts from 1.")
        gone = [item for item in held if item[0] > to]
        restored, left = _taken_back(gone, tools, workspace, session_id)
        rewound = Rewound(to, restored, left)
        journal.append(session_id, rewound)
        journal.finish(session_id, "interrupted", None)
    return rewound


def before(journal: EventLog, session_id: str, number: int) -> int:
    """The number of the last event that counts before another one; 0 where that is the first.

    Raises:
        UsageError: no such session.
    """
    return max((held for held, _ in in_force(journal.numbered(session_id)) if held < number), default=0)


def undo_last(journal: EventLog, session_id: str, tools: Mapping[str, Tool], workspace: Path) -> list[str]:
    """Takes back the last call of a session that can be; returns the paths of the files that are as they were.

    Raises:
        UsageError: no such session, there is no such call, or a file was changed since.
    """
    held = in_force(journal.numbered(session_id))
    for _, event in reversed(held):
        if not isinstance(event, CallStarted):
            continue
        tool = tools.get(event.call.name)
        undo = tool.undo if tool else None
        # One that was taken back before gives nothing.
        if undo and (restored := list(undo(ToolContext(workspace, session_id, event.call.id)))):
            return restored
    raise UsageError(f"Session {session_id} has made no change that can be taken back.")


def _taken_back(
    gone: list[Numbered], tools: Mapping[str, Tool], workspace: Path, session_id: str
) -> tuple[list[str], list[str]]:
    results = (event.result for _, event in gone if isinstance(event, CallFinished))
    changed = {result.call_id: result.changed for result in results if result.status != "cancelled"}
    calls = {event.call.id: event.call for _, event in gone if isinstance(event, CallStarted)}
    restored: list[str] = []
    left: list[str] = []
    # Calls that a program made come before the program, whose own changes are those that are then left.
    for call in reversed(calls.values()):
        tool = tools.get(call.name)
        if tool is None or not tool.capabilities & {"writes", "executes", "egress", "costs"}:
            continue
        try:
            restored += tool.undo(ToolContext(workspace, session_id, call.id)) if tool.undo else ()
            if tool.undo and "executes" not in tool.capabilities:
                continue
            # What a program changes beyond what its tool can put back, nobody has written down.
            if call.id not in changed:
                left.append(f"{call.name} broke off, and what it has changed is not known")
            elif rest := _named(changed.get(call.id, ()), restored):
                left.append(f"{call.name} changed {rest}")
            elif tool.capabilities & {"egress", "costs"} or "executes" not in tool.capabilities:
                left.append(f"{call.name} cannot be taken back")
        except AgentXError as error:
            left.append(str(error))
    return list(dict.fromkeys(restored)), left


def _named(paths: Iterable[str], restored: list[str]) -> str:
    return ", ".join(path for path in paths if path not in restored)
