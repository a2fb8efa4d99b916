"""What AgentX's journal has to show after each kill and at the end: no call twice, no doubt passed over."""

from pathlib import Path
from typing import Any

from agentx.events import CallDecoded, CallFinished, CallStarted, DoubtRaised, DoubtSettled, Event
from agentx.journal import Journal
from benchmarks.durability.rounds import IN_DOUBT, Played

UNKNOWABLE = "shout"
"""The tool without probe or key."""


class JournalAuditor:
    """See the module; looks at one round's journal."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.sqlite3"
        self._pending: dict[str, str] = {}
        self._silent: list[str] = []

    def after(self, code: int, outcome: dict[str, Any]) -> None:
        """Compares what was in doubt before the process with what it did about it."""
        events = self._events()
        now = unfinished(events)
        if code not in (-9, IN_DOUBT):
            asked = set(outcome.get("asked", ()))
            for call_id, name in self._pending.items():
                if name == UNKNOWABLE and not asked & {call_id, call_id.rpartition(".")[0]}:
                    self._silent.append(f"nobody was asked about {call_id}")
        self._pending = now

    def at_end(self, played: Played) -> None:
        events = self._events()
        played.silent += self._silent + unsettled(events)
        played.lost += begun_again(events)
        played.wrong += repeated(events)

    def _events(self) -> list[Event]:
        if not self._path.exists():
            return []
        with Journal(self._path) as journal:
            return [event for row in journal.sessions() for event in journal.events(row.id)]


def unfinished(events: list[Event]) -> dict[str, str]:
    """Ids and tools of the calls that were started and have no result."""
    found: dict[str, str] = {}
    for event in events:
        if isinstance(event, CallStarted):
            found[event.call.id] = event.call.name
        elif isinstance(event, CallFinished):
            found.pop(event.result.call_id, None)
    return found


def unsettled(events: list[Event]) -> list[str]:
    """Calls that were started twice, or have no result at the end, without a word on whether they had happened."""
    raised = {event.call.id for event in events if isinstance(event, DoubtRaised)}
    settled = {event.call_id: event for event in events if isinstance(event, DoubtSettled)}
    started: set[str] = set()
    found: list[str] = []
    for event in events:
        if isinstance(event, CallStarted):
            if event.call.id in started and not (event.call.id in raised and event.call.id in settled):
                found.append(f"{event.call} was made again without a doubt")
            started.add(event.call.id)
    for call_id, name in unfinished(events).items():
        maker = settled.get(call_id.rpartition(".")[0])
        if not (maker and maker.happened):
            found.append(f"{name} {call_id} has no result")
    return found


def begun_again(events: list[Event]) -> list[str]:
    """Calls that were started once more after their result was there."""
    finished: set[str] = set()
    found: list[str] = []
    for event in events:
        if isinstance(event, CallFinished) and event.result.status != "cancelled":
            finished.add(event.result.call_id)
        elif isinstance(event, CallStarted) and event.call.id in finished:
            found.append(f"{event.call} was made again after its result")
    return found


def repeated(events: list[Event]) -> list[str]:
    """Calls that stand in the journal more than once, by id or by what they do."""
    calls = [event.call for event in events if isinstance(event, CallDecoded)]
    keys = [(call.id.rpartition(".")[0], call.name, str(call.arguments)) for call in calls]
    ended = [event.result.call_id for event in events if isinstance(event, CallFinished)]
    twice = [name for name in {*keys} if keys.count(name) > 1]
    return [f"decoded twice: {name}" for name in twice] + [
        f"finished twice: {call_id}" for call_id in {*ended} if ended.count(call_id) > 1
    ]
