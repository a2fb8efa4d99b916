"""What a conversation goes on with in place of itself: another session, a fork of one, or its own past up to a turn."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from agentx.cli import resuming
from agentx.cli.setup import Options, Setup
from agentx.events import RunFinished
from agentx.history import Numbered, in_force, runs
from agentx.journal import Journal
from agentx.journal.lease import in_use
from agentx_tui.reducer import BROKEN_OFF, fold
from agentx_tui.view import View

if TYPE_CHECKING:
    from agentx.events import Rewound


@dataclass(frozen=True, slots=True)
class Resume:
    """The session itself."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Fork:
    """A new session with all that has happened in this one."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Rewind:
    """The session as it was before the turn that began with event `number`, and the files too."""

    session_id: str
    number: int


Wish: TypeAlias = Resume | Fork | Rewind


@dataclass(frozen=True, slots=True)
class Found:
    """A session that can be gone on with.

    Attributes:
        setup: what shapes its prompts; its `resumed` is the session's id.
        seen: how many events the journal has of it.
        broken_off: its last task, if that did not come to its end.
        told: what a person should know of it.
    """

    setup: Setup
    seen: int
    view: View
    broken_off: str = ""
    told: str = ""


def found(wish: Wish, setup: Setup, current: str) -> Found:
    """Carries a wish out as far as the journal and the files go; blocks.

    Args:
        setup: of the session `current`, which it keeps.

    Raises:
        AgentXError: there is no such session or event, another process is at work on it, or its folder or one of its
            tools is gone.
    """
    news: list[str] = []
    with Journal.default() as journal:
        if wish.session_id != current:
            known = setup.notices
            is_here = journal.session(wish.session_id).workspace == str(setup.workspace)
            # What was typed for this folder is not meant for another.
            typed = Options(unsafe_code=setup.unsafe_code, allow_hosts=list(setup.allow_hosts))
            setup = resuming.find(wish.session_id, typed if is_here else Options()).setup
            news = [notice for notice in setup.notices if notice not in known]
        match wish:
            case Resume(session_id):
                if journal.is_held(session_id):
                    raise in_use(session_id)
                told = ""
            case Fork(session_id):
                session_id = journal.fork(session_id)
                told = f"Forked: {session_id} goes on from here, and the session before stays as it is."
            case Rewind(session_id, number):
                from agentx.rewinding import before, rewind

                to = before(journal, session_id, number)
                tools = {tool.name: tool for tool in setup.tools}
                told = _sentences(rewind(journal, session_id, to, tools, setup.workspace))
    return kept(replace(setup, resumed=session_id), " ".join([told, *news]).strip())


def kept(setup: Setup, told: str = "") -> Found:
    """What the journal has of the session that a setup resumes; blocks.

    Raises:
        AgentXError: there is no such session, or the journal cannot be read.
    """
    with Journal.default() as journal:
        numbered = journal.numbered(setup.resumed)
    last = (runs(numbered) or [None])[-1]
    broken_off = last.started.task if last and last.is_unfinished else ""
    return Found(setup, len(numbered), past(numbered), broken_off, told)


def past(numbered: list[Numbered]) -> View:
    """What there is to see of a session of which nothing is under way."""
    events = [event for _, event in in_force(numbered)]
    if events and not isinstance(events[-1], RunFinished):
        events.append(BROKEN_OFF)
    return fold(events)


def _sentences(rewound: "Rewound") -> str:
    parts = ["Taken back."]
    if rewound.restored:
        parts.append(f"As they were: {', '.join(rewound.restored)}.")
    parts += [f"Not taken back: {sentence.rstrip('.')}." for sentence in rewound.left]
    return " ".join(parts)
