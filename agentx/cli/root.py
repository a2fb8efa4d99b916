"""Finds the verb that was typed and imports that one alone.

Help for the others comes from the table below, so that `agentx --help` costs what a bare typer app's does. A package
adds a verb by an entry point in the group `agentx.commands`: a typer app or a function, imported when typed.
"""

import contextlib
import errno
import sys
from typing import Any

from agentx import plugins
from agentx.cli import process
from agentx.cli.text import is_terminal, one_line

VERBS = {
    "run": ("agentx.cli.run", "Give the agent one task and print its answer."),
    "chat": ("agentx.cli.chat", "Talk with the agent, on a screen of its own or line by line."),
    "serve": ("agentx.cli.serve", "Show the screen in a browser of this machine."),
    "map": ("agentx.cli.map_tasks", "Run many tasks side by side, a line of results each."),
    "tools": ("agentx.cli.tools", "List the tools, look at one, call one without a model."),
    "models": ("agentx.cli.models", "List, fetch and verify models."),
    "guard": ("agentx.cli.guard", "See what guards find in a text."),
    "cache": ("agentx.cli.cache", "List and clear what makes the next start quick."),
    "plugins": ("agentx.cli.plugins", "Write, list and check plugins."),
    "sessions": ("agentx.cli.sessions", "Look at earlier runs."),
    "config": ("agentx.cli.config", "Show and change settings."),
    "doctor": ("agentx.cli.doctor", "Check that this machine has what AgentX needs."),
}

GROUP = "agentx.commands"


def run(argv: list[str]) -> int:
    """Runs one command line; returns its exit code. KeyboardInterrupt alone may pass."""
    try:
        if not argv and is_terminal(sys.stdin) and is_terminal(sys.stdout):
            return _open_ui()
        if not argv:
            with contextlib.redirect_stdout(sys.stderr):
                return _invoke(argv)
        code = _show_version() if argv == ["--version"] else _invoke(argv)
        # Here and not at the end of the process, where an error could not be told of any more.
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    except OSError as error:
        if error.errno == errno.EPIPE:
            process.silence_stdout()
            return 1
        return _tell(error, argv)
    # Also what is no Exception: a stray CancelledError or GeneratorExit of a plugin.
    except BaseException as error:
        return _tell(error, argv)


def _show_version() -> int:
    from agentx import __version__

    sys.stdout.write(f"agentx {__version__}\n")
    return 0


def _invoke(argv: list[str]) -> int:
    import typer
    import typer.main

    verb = argv[0] if argv and not argv[0].startswith("-") else None
    command = typer.main.get_command(_app(verb))
    try:
        with command.make_context("agentx", list(argv or ["--help"])) as context:
            code: Any = command.invoke(context)
    except typer.Exit as error:
        return error.exit_code if argv else 2
    except typer.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def _app(verb: str | None) -> Any:
    """The root app: the verb's real command, and for the help a line about each other one."""
    import typer

    app = typer.Typer(
        help="A local agent: it plans, calls tools and answers, on a model of your own machine.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root(version: bool = typer.Option(False, "--version", help="Show the version and exit.")) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    def stub() -> None:
        pass

    for name, (module, text) in VERBS.items():
        if name == verb:
            _mount(app, name, _import(module), text)
        else:
            app.command(name, help=text)(stub)
    if verb not in VERBS:
        for plugin in plugins.listing(GROUP):
            text = _told_by(plugin) or f"From {plugin.distribution}."
            if plugin.name == verb:
                _mount(app, plugin.name, plugins.load(GROUP, plugin.name), text)
            elif plugin.name not in VERBS:
                app.command(plugin.name, help=text)(stub)
    return app


def _told_by(plugin: plugins.Plugin) -> str:
    """The first line that a function says of itself, read in its file: importing the module is for when it is typed."""
    import ast
    from importlib.util import find_spec
    from pathlib import Path

    target, _, attribute = plugin.target.partition(":")
    package, *below = target.split(".")
    try:
        spec = find_spec(package)
        places = list(spec.submodule_search_locations or []) if spec else []
        origin = Path(places[0], *below).with_suffix(".py") if below and places else Path((spec and spec.origin) or "")
        module = ast.parse(origin.read_bytes())
    # Whatever a stranger's package is like, the help is shown.
    except Exception:
        return ""
    functions = [item for item in module.body if isinstance(item, ast.FunctionDef) and item.name == attribute]
    # An app of several commands is told of by its module.
    return (ast.get_docstring(functions[0] if functions else module) or "").partition("\n")[0]


def _import(module: str) -> Any:
    import importlib

    loaded = importlib.import_module(module)
    return loaded.app if hasattr(loaded, "app") else loaded.command


def _mount(app: Any, name: str, target: Any, text: str) -> None:
    import inspect

    import typer

    if isinstance(target, typer.Typer):
        # Texts in brackets are options here, not markup.
        target.rich_markup_mode = None
        app.add_typer(target, name=name, help=text)
    else:
        # All that it says of itself; `text` is its line in the list of verbs.
        app.command(name, help=inspect.getdoc(target) or text)(target)


def _open_ui() -> int:
    found = plugins.listing("agentx.ui")
    if not found:
        return _invoke([])
    interface = plugins.load("agentx.ui", found[0].name)
    # One that draws before settings and tools are imported takes the preparing of them as a function.
    at_once = getattr(interface, "at_once", None)
    return at_once(_prepared) if at_once else interface(_prepared())


def _prepared() -> Any:
    from agentx.cli.setup import Options, prepare

    return prepare(Options())


def _tell(error: BaseException, argv: list[str]) -> int:
    from agentx.cli import failures, report

    # click's own errors are recognised by what they can do: typer has carried its own copy of click since 0.20.
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show(file=sys.stderr)
        wording: Any = getattr(error, "format_message", error.__str__)
        sentence = one_line(wording(), 300)
    else:
        sentence, code = failures.describe(error)
        sys.stderr.write(f"error: {one_line(sentence, 2000)}\n")
    process.ending()
    report.tell_failure(argv, sentence)
    return code
