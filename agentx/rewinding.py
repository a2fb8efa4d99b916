"""Takes a session back to one of its events, and the files that its calls have changed since with it."""

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx import changes
from agentx.errors import AgentXError, UsageError
from agentx.events import CallFinished, CallStarted, EventLog, Rewound
from agentx.history import Numbered, as_rewound, in_force, originals
from agentx.messages import ToolCall, ToolResult
from agentx.policy import ASKING
from agentx.tool import Tool, ToolContext

if TYPE_CHECKING:
    from agentx.journal import SessionRow


def rewind(journal: EventLog, session_id: str, to: int, tools: Mapping[str, Tool], workspace: Path) -> Rewound:
    """Has a session go on from event number `to`; returns what was put back, and what could not be.

    The sessions that worked for calls after it are taken back to their beginnings. Those that did so before a fork are
    named instead: they belong to the session that was forked.

    Raises:
        UsageError: no such session or event, or a living process is at work on the session.
    """
    with journal.lease(session_id):
        held = in_force(journal.numbered(session_id))
        if to not in {0, *(number for number, _ in held)}:
            raise UsageError(f"Session {session_id} has no event {to}; `agentx sessions show` counts from 1.")
        way = _WayBack(journal, session_id, tools, workspace)
        way.take(held, to)
        rewound = Rewound(to, list(dict.fromkeys(way.restored)), way.left)
        journal.append(session_id, rewound)
        journal.finish(session_id, *as_rewound(dict(held).get(to)))
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
        UsageError: no such session, a living process is at work on it, there is no such call, or a file was changed
            since.
    """
    with journal.lease(session_id):
        for _, event in reversed(in_force(journal.numbered(session_id))):
            if not isinstance(event, CallStarted):
                continue
            undo = tools[event.call.name].undo if event.call.name in tools else None
            # One that was taken back before gives nothing.
            if undo and (restored := list(undo(ToolContext(workspace, session_id, event.call.id)))):
                return restored
    raise UsageError(f"Session {session_id} has made no change that can be taken back.")


@dataclass(slots=True)
class _WayBack:
    """What has come of taking calls back.

    Attributes:
        restored: paths of the files that are as they were.
        left: what could not be taken back, a sentence each.
        of_call: the paths that each call has given back.
    """

    journal: EventLog
    session_id: str
    tools: Mapping[str, Tool]
    workspace: Path
    restored: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])
    of_call: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def take(self, held: list[Numbered], to: int) -> None:
        """Takes back the calls that count and come after event number `to`, the last first."""
        gone = [event for number, event in held if number > to]
        results = {event.result.call_id: event.result for event in gone if isinstance(event, CallFinished)}
        calls = {event.call.id: event.call for event in gone if isinstance(event, CallStarted)}
        begun = {event.call.id for _, event in held if isinstance(event, CallStarted)}
        helpers = self._helpers(begun, to)
        self._tell_of_originals(begun, calls.keys(), to)
        # Calls that a program made come before the program, whose own changes are those that are then left.
        for call in reversed(calls.values()):
            for name in helpers.get(call.id, ()):
                self._take_helper(name)
            result = results.get(call.id)
            self._take_call(call, None if result is None or result.status == "cancelled" else result)

    def _helpers(self, begun: set[str], to: int) -> dict[str, list[str]]:
        """For each call the sessions that worked for it, the newest first; what others have done is told of."""
        of_call: dict[str, list[str]] = {}
        for row in reversed(_helpers_of(self.journal, self.session_id)):
            maker = _maker_of(row)
            if maker in begun:
                of_call.setdefault(maker, []).append(row.id)
            elif self._is_after(row.created, to) and self._has_effects(row.id):
                told = f"{row.id} worked for this session; `agentx sessions rewind {row.id} --to 0` takes that back"
                self.left.append(told)
        return of_call

    def _tell_of_originals(self, begun: Collection[str], gone: Collection[str], to: int) -> None:
        """Tells of the sessions that worked for the calls which a fork took over."""
        for original, last in originals(self.journal, self.session_id):
            for row in reversed(_helpers_of(self.journal, original)):
                maker = _maker_of(row)
                unnamed = maker not in begun and self._is_after(row.created, to)
                worked = maker in gone or (unnamed and not self._is_after(row.created, last))
                if worked and self._has_effects(row.id):
                    forked = f"{row.id} worked for {original}, of which {self.session_id} is a fork"
                    self.left.append(f"{forked}; `agentx sessions rewind {row.id} --to 0` takes that back")

    def _is_after(self, created: str, to: int) -> bool:
        """Whether a time is behind that of an event, as far as the journal tells."""
        recorded: Any = getattr(self.journal, "recorded", None)
        times = (at for number, at, _ in recorded(self.session_id) if number == to) if recorded and to else ()
        return all(datetime.fromisoformat(created) > at for at in times)

    def _has_effects(self, session_id: str) -> bool:
        calls = (
            event.call for _, event in in_force(self.journal.numbered(session_id)) if isinstance(event, CallStarted)
        )
        return any(call.name not in self.tools or self.tools[call.name].capabilities & ASKING for call in calls)

    def _take_helper(self, session_id: str) -> None:
        if not in_force(self.journal.numbered(session_id)):
            return  # taken back before
        try:
            back = rewind(self.journal, session_id, 0, self.tools, self.workspace)
        except AgentXError as error:
            self.left.append(str(error))
        else:
            self.restored += back.restored
            self.left += back.left

    def _take_call(self, call: ToolCall, result: ToolResult | None) -> None:
        """Takes a call back; `result` is None where it broke off."""
        paths = result.changed if result else []
        if call.name not in self.tools:
            if paths:
                self.left.append(f"{call.name}, which is not installed, changed {', '.join(paths)}")
            return
        tool = self.tools[call.name]
        if not tool.capabilities & ASKING:
            return
        context = ToolContext(self.workspace, self.session_id, call.id)
        watched = changes.Watched(self.workspace) if tool.undo and len(paths) > 1 else None
        try:
            back = list(tool.undo(context)) if tool.undo else []
            told = self._stays(tool, call, result, context, back)
        except AgentXError as error:
            # Files may have been put back before the one that could not be.
            seen = changes.changed(watched.before, watched.look()) if watched else ()
            back = [path for path in paths if path in seen]
            rest = [path for path in paths if path not in back and f"`{path}`" not in str(error)]
            told = [str(error), *([f"{call.name} changed {', '.join(rest)}"] if rest else [])]
        self.of_call[call.id] = back
        self.restored += back
        self.left += told

    def _stays(
        self, tool: Tool, call: ToolCall, result: ToolResult | None, context: ToolContext, back: list[str]
    ) -> list[str]:
        """What a call has done that is not taken back, in a sentence."""
        known = {
            *back,
            *(path for name, paths in self.of_call.items() if name.startswith(f"{call.id}.") for path in paths),
        }
        rest = [path for path in result.changed if path not in known] if result else []
        if tool.undo and "executes" not in tool.capabilities:
            if not rest and not known and (result is None or result.overlooked):
                rest = [str(call.arguments[name]) for name in tool.paths if name in call.arguments]
            # The tool tells of a call as a whole: not of what is left where some of it was put back.
            stays = rest and (known or _is_there(tool, call, context))
            return [f"{call.name} changed {', '.join(rest)}, and what was there before was not kept"] if stays else []
        # What a program changes beyond what its tool can put back, nobody has written down.
        if result is None:
            return [f"{call.name} broke off, and what it has changed is not known"]
        if rest:
            return [f"{call.name} changed {', '.join(rest)}"]
        lasts = tool.capabilities & {"egress", "costs"} or "executes" not in tool.capabilities
        return [f"{call.name} cannot be taken back"] if lasts else []


def _helpers_of(journal: EventLog, session_id: str) -> "Sequence[SessionRow]":
    """The sessions that worked for the tasks of one, the oldest first; none of a log that does not tell."""
    asked: Any = getattr(journal, "helpers", None)
    return asked(session_id) if asked else ()


def _maker_of(helper: "SessionRow") -> str:
    """The id of the call that it worked for, where its own tells; see `agentx.tool_context`."""
    return helper.id.rsplit("-", 2)[0]


def _is_there(tool: Tool, call: ToolCall, context: ToolContext) -> bool:
    """Whether a change is still there, as far as the tool can tell: one that was taken back before is not."""
    if tool.probe is None:
        return True
    try:
        found: Any = tool.probe(context, call.arguments)
    except Exception:  # a plugin's
        return True
    if inspect.iscoroutine(found):
        found.close()  # nothing awaits it here
        return True
    return found is not False
