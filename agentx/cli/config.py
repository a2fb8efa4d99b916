"""`agentx config`: what is set, where it was set, and setting it."""

import dataclasses
import json
import sys
from typing import Annotated, Any

import typer

from agentx import config, config_guard
from agentx.cli import options
from agentx.cli.setup import folder
from agentx.cli.text import one_line
from agentx.redaction import redact

app = typer.Typer(no_args_is_help=True)

LISTS = """A list is separated by commas, one of sentences (principles) by line ends; or it is TOML, '["a", "b"]', as it
has to be for tools.NAME.KEY. A path of a model or an adapter is made absolute."""


@app.command()
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Also where each value was set.")] = False,
    workspace: options.Workspace = None,
) -> int:
    """Show every setting as it holds in a workspace."""
    loaded = config.load(folder(workspace))
    for notice in loaded.notices:
        sys.stderr.write(f"note: {notice}\n")
    values = dataclasses.asdict(loaded.settings)
    tables = values.pop("tool_settings")
    values |= {f"tools.{name}.{key}": value for name, table in tables.items() for key, value in table.items()}
    values |= config_guard.items(values.pop("guard"))
    for key, value in values.items():
        line = f"{key} = {_shown(value)}"
        sys.stdout.write(f"{line}  # {loaded.origins[key]}\n" if origin else f"{line}\n")
    return 0


@app.command()
def path(
    project: Annotated[bool, typer.Option("--project", help="The workspace's own file instead.")] = False,
    workspace: options.Workspace = None,
) -> int:
    """Print where the user's settings file lies, or would lie."""
    sys.stdout.write(f"{config.project_file(folder(workspace)) if project else config.user_file()}\n")
    return 0


@app.command("set")
def set_value(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A setting, or tools.NAME.KEY.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help=LISTS)],
) -> int:
    """Set a value in the user's settings file; its comments stay."""
    sys.stderr.write(f"{config.set_user_value(key, value)} was written\n")
    return 0


@app.command()
def trust(workspace: options.Workspace = None) -> int:
    """Trust the workspace's .agentx/config.toml and policy.toml as they stand; a change needs trust again."""
    from agentx import project_policy

    place = folder(workspace)
    policy = project_policy.trust_file(place)
    if policy is not None:
        sys.stderr.write(f"{policy} is trusted\n")
    if policy is None or config.project_file(place).exists():
        sys.stderr.write(f"{config.trust_project(place)} is trusted\n")
    return 0


def _shown(value: Any) -> str:
    """As TOML writes it, near enough to be copied; `unset` where there is none; no password in a URL."""
    if value is None:
        return "unset"
    return one_line(redact(json.dumps(value, ensure_ascii=False, default=str)), 500)
