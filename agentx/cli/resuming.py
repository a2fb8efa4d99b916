"""From a session that the journal holds to the setup it goes on with: what shapes its prompts is as it was."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentx.cli import adapter, brought
from agentx.cli.setup import Options, Setup, folder, prepare
from agentx.doubt import Settlement, Settler
from agentx.errors import UsageError
from agentx.events import ModeChanged, ModelLoaded, RunStarted
from agentx.history import Run, runs
from agentx.imported import is_imported
from agentx.journal import Journal
from agentx.messages import ToolCall
from agentx.models import default_adapters
from agentx.models.default_adapters import NONE

_FIXED = {
    "model": "--model",
    "tools": "--tool",
    "strategy": "--strategy",
    "instructions": "--instructions",
    "principles": "--principle",
    "temperature": "--temperature",
    "seed": "--seed",
}
"""Options that shape the prompts, which are those of the session."""

_TYPED_ANEW = ("model", "tools")
"""Those of them that one names for a session that a file has brought."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A session that goes on: its id, its last task, and the setup that this task was begun with."""

    session: str
    last: Run
    setup: Setup


def find(session: str, typed: Options) -> Resumed:
    """The session of this id, or with `last` the newest of the workspace.

    Raises:
        UsageError: there is none, nothing was begun in it, or an option was typed that is the session's.
    """
    with Journal.default() as journal:
        if session == "last":
            workspace = folder(typed.workspace)
            latest = journal.latest(str(workspace))
            if latest is None:
                raise UsageError(f"There is no session of {workspace} yet; `agentx sessions list` names the others.")
            session = latest.id
        events = journal.numbered(session)
    # One that was rewound to its beginning goes on as it began.
    begun = [Run(event, number) for number, event in events if isinstance(event, RunStarted)]
    found = runs(events) or begun[:1]
    if not found:
        raise UsageError(f"Nothing was begun in session {session}; `agentx run` begins a new one.")
    _refuse_fixed(typed, _TYPED_ANEW if is_imported(found[-1]) else ())
    return Resumed(session, found[-1], replace(_setup(found[-1], typed), resumed=session))


def _refuse_fixed(typed: Options, but: Collection[str]) -> None:
    for name, option in _FIXED.items():
        if name not in but and getattr(typed, name) not in (None, []):
            raise UsageError(f"{option} is what the session was begun with; leave it out when one is resumed.")


def settler(word: str, doubts: Collection[str]) -> Settler:
    """Answers with the word of `--in-doubt`, which is about the calls that the user has been told of.

    A program that made one of them is run again; whatever else comes to be in doubt stops the run, which tells of it.

    Args:
        doubts: ids of the calls that ended the run before; where there are none, the first one that comes is meant.

    Raises:
        UsageError: there is no such word.
    """
    if word not in ("happened", "again"):
        raise UsageError(f"--in-doubt is happened or again, not {word!r}.")
    told = set(doubts)

    async def settle(call: ToolCall) -> Settlement:
        if not told:
            told.add(call.id)
        if call.id in told:
            return "happened" if word == "happened" else "again"
        return "again" if any(name.startswith(f"{call.id}.") for name in told) else "stop"

    return settle


def _setup(run: Run, typed: Options) -> Setup:
    started = run.started
    kept: dict[str, Any] = started.settings
    modes = [event.mode for event in run.events if isinstance(event, ModeChanged)]
    workspace = folder(typed.workspace) if typed.workspace else folder(Path(started.workspace))
    begun, told, is_other = kept.get("adapter"), list[str](), False
    if is_imported(run):
        brought.check(run, typed, workspace)
        begun, told = brought.adapter(run, workspace)
        is_other = bool(typed.model) and typed.model != started.model
    is_named = bool(typed.adapter) or is_other
    options = replace(
        typed,
        workspace=workspace,
        model=typed.model or (None if started.model == "default" else started.model),
        tools=[*started.tools, *kept.get("without", ())],
        strategy=started.strategy,
        allow=[*(typed.allow or []), *kept.get("allow", ())],
        deny=[*(typed.deny or []), *kept.get("deny", ())],
        mode=_typed(typed.mode, modes[-1] if modes else kept.get("mode")),
        few_shot=_typed(typed.few_shot, kept.get("few_shot")),
        max_steps=_typed(typed.max_steps, kept.get("max_steps")),
        timeout_s=_typed(typed.timeout_s, kept.get("timeout_s")),
        threads=_typed(typed.threads, kept.get("threads")),
        adapter=typed.adapter if is_named else _adapter(run, begun),
        guards=[*(typed.guards or []), *kept.get("guards", ())],
    )
    if str(options.workspace) != started.workspace:
        raise UsageError(f"The session was begun in {started.workspace}; leave --workspace out, or name that folder.")
    setup = prepare(options)
    sampling = kept.get("sampling", {})
    settings = replace(
        setup.settings,
        # In the journal's words, by which its replies are known for this model's.
        model=(None if is_other else options.model) or setup.settings.model,
        instructions=kept.get("instructions"),
        principles=list(kept.get("principles", ())),
        dialect=kept.get("dialect"),
        context_tokens=kept.get("context_tokens"),
        temperature=sampling.get("temperature", 0.0),
        seed=sampling.get("seed", 0),
    )
    setup = replace(setup, settings=settings)
    return setup if is_named else _named_as_before(replace(setup, notices=[*setup.notices, *told]), begun)


def _typed(value: Any, begun: Any) -> Any:
    """What was typed, be it zero; else what the session was begun with."""
    return begun if value is None else value


def _adapter(run: Run, path: str | None) -> str:
    """What one would type to have the adapter that a task was begun under, whatever is set or the default by now.

    Args:
        path: of its file; None and `none` where it was begun under none.

    Raises:
        UsageError: its file is gone, or has other bytes.
    """
    if path is None or path == NONE:
        return NONE
    loaded = next((event for event in run.events if isinstance(event, ModelLoaded)), None)
    if wrong := _wrong(Path(path), loaded.build.get("adapter") if loaded else None):
        raise UsageError(
            f"The session was begun under the adapter {path}, which {wrong}; put that file back, or go on without an "
            "adapter by --adapter none."
        )
    return path


def _wrong(path: Path, digest: Any) -> str:
    """What is wrong with an adapter's file; empty where it has the bytes that were loaded, or none were."""
    from agentx.models.digest import sha256

    try:
        same = sha256(path) == digest
    except FileNotFoundError:
        return "is gone"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if same or digest in (None, NONE) else "has changed since"


def _named_as_before(setup: Setup, begun: str | None) -> Setup:
    """The setup with its adapter as nobody's choice where it was nobody's when the session was begun, with a notice
    where the model has another default by now.

    That it was nobody's choice counts for another model: a default one is told by its path, and None was no `none`.
    """
    model = setup.settings.model
    if begun is not None and not default_adapters.was_ever(model, begun):
        return setup
    setup = adapter.unnamed(setup, begun)
    known = default_adapters.of_model(model)
    now = known.adapter and known.adapter.path
    if now == begun or known.problem:
        return setup
    told = (
        f"The default adapter of the model is {now or 'none'} by now; the session goes on "
        f"{f'under {begun}' if begun else 'without an adapter'}, as it was begun."
    )
    return replace(setup, notices=[*setup.notices, told])
