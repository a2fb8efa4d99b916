"""`agentx plugins`: write one, list what is installed, check that all of it loads."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentx import plugins
from agentx.cli import output
from agentx.cli.tables import table
from agentx.cli.text import one_line
from agentx.plugins import Plugin

app = typer.Typer(no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the package and of its tool: letters, digits.")],
    folder: Annotated[Path | None, typer.Option("--folder", help="Where its folder is made; here by default.")] = None,
) -> int:
    """Write a package with one tool, its test and its entry point."""
    from agentx.scaffold import check_name, write_plugin

    path = write_plugin(name, folder or Path.cwd())
    sys.stdout.write(f"{path}\n")
    sys.stderr.write(f"Next: pip install -e {path}; pytest {path}; agentx tools info {check_name(name)}\n")
    return 0


@app.command("list")
def list_plugins() -> int:
    """List what is registered in each group, without importing any of it."""
    rows = [
        (item.group, item.name, f"{item.distribution} {item.version}".strip(), item.target)
        for group in plugins.GROUPS
        for item in plugins.listing(group)
    ]
    sys.stdout.write(table([("GROUP", "NAME", "FROM", "TARGET"), *rows]) + "\n")
    return 0


@app.command()
def check() -> int:
    """Load every plugin: OK, or one line why not. Exit code 1 if one is broken."""
    broken = False
    with output.taken() as answers:
        for group in plugins.GROUPS:
            problems = {_key(item.plugin): item.sentence for item in plugins.load_all(group)[1]}
            for plugin in plugins.listing(group):
                sentence = problems.get(_key(plugin))
                broken = broken or sentence is not None
                answers.text(f"{plugin.group} {plugin.name}: {one_line(sentence, 500) if sentence else 'OK'}")
    return int(broken)


def _key(plugin: Plugin) -> tuple[str, str, str]:
    return plugin.name, plugin.distribution, plugin.target
