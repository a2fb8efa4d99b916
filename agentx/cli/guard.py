"""`agentx guard`: what guards find in a text, and what the settings say is done about it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from agentx import config, plugins
from agentx.cli import options, output
from agentx.cli.narrate import Narrator
from agentx.cli.setup import folder
from agentx.cli.stdin import with_stdin
from agentx.cli.tables import table
from agentx.errors import AgentXError, UsageError
from agentx.guard import PLACES, Finding, Place
from agentx.guarding.actions import GuardSettings
from agentx.guarding.checking import GROUP, Guards, make

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_guards(workspace: options.Workspace = None) -> int:
    """List the guards that are installed: which are on, what kinds they find, and what is done about each."""
    settings = _settings(workspace)
    rows: list[tuple[str, ...]] = [("NAME", "ON", "KIND", *(place.upper() for place in PLACES), "FROM")]
    with output.taken() as answers:
        narrator = Narrator(sys.stderr)
        for plugin in plugins.listing(GROUP):
            on = "yes" if plugin.name in settings.on else "no"
            try:
                kinds = sorted(make(plugin.name, settings.settings.get(plugin.name, {})).kinds)
            except AgentXError as error:
                narrator.note(str(error))
                kinds = []
            rows += [
                (plugin.name, on, kind, *(_rule(settings, kind, place) for place in PLACES), plugin.distribution)
                for kind in kinds
            ] or [(plugin.name, on, "?", *("?" for _ in PLACES), plugin.distribution)]
        answers.text(table(rows))
    return 0


@app.command()
def check(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is looked at; `-` reads it from stdin.")],
    place: Annotated[str, typer.Option("--place", help="Where it stands: input, tool_result or output.")] = "input",
    guard: Annotated[
        list[str] | None, typer.Option("--guard", metavar="NAME", help="Ask this guard; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a finding.")] = False,
    workspace: options.Workspace = None,
) -> int:
    """Say what the guards find in a text: those named, or else those that are on, or else all that can be had.

    Exit codes: 0 nothing was found, 1 something was, 2 usage, 4 no model, 70 a guard failed, 78 settings.
    """
    if place not in PLACES:
        raise UsageError(f"--place is one of {', '.join(PLACES)}, not {place!r}.")
    at: Place = next(each for each in PLACES if each == place)
    settings = _settings(workspace)
    with output.taken() as answers:
        read = with_stdin("-") if text == "-" else text
        names = list(guard or settings.on)
        items = _look(names, settings, read, at) if names else _look_by_all(settings, read, at)
        found = [_Row(item, _action(settings, item, at)) for item in items]
        found.sort(key=lambda row: (row.item.start or 0, row.item.end or len(read)))
        if as_json:
            for row in found:
                answers.json(row.object)
        elif found:
            answers.text(table([("KIND", "SCORE", "AT", "GUARD", "ACTION", "REASON"), *(row.cells for row in found)]))
    return int(bool(found))


@dataclass(frozen=True, slots=True)
class _Row:
    item: Finding
    action: str

    @property
    def cells(self) -> tuple[str, ...]:
        item = self.item
        at = "all" if item.start is None else f"{item.start}-{item.end}"
        return item.kind, f"{item.score:.2f}", at, item.guard, self.action, item.reason

    @property
    def object(self) -> dict[str, object]:
        item = self.item
        return {
            "kind": item.kind, "score": item.score, "start": item.start, "end": item.end, "guard": item.guard,
            "action": self.action, "reason": item.reason,
        }  # fmt: skip


def _settings(workspace: Path | None) -> GuardSettings:
    return GuardSettings.of(config.load(folder(workspace)).settings.guard)


def _look(names: list[str], settings: GuardSettings, text: str, place: Place) -> list[Finding]:
    made = [make(name, settings.settings.get(name, {})) for name in dict.fromkeys(names)]
    return Guards(made, settings).findings(text, place)


def _look_by_all(settings: GuardSettings, text: str, place: Place) -> list[Finding]:
    """What the installed guards find; of one that cannot look, as its model is missing, a line tells."""
    found: list[Finding] = []
    for name in plugins.names(GROUP):
        try:
            found += _look([name], settings, text, place)
        except AgentXError as error:
            Narrator(sys.stderr).note(str(error))
    return found


def _action(settings: GuardSettings, item: Finding, place: Place) -> str:
    rule = settings.rule(item.kind, place)
    return rule.action if item.score >= rule.threshold else "allow"


def _rule(settings: GuardSettings, kind: str, place: Place) -> str:
    rule = settings.rule(kind, place)
    return rule.action if rule.action == "allow" else f"{rule.action} from {rule.threshold:g}"
