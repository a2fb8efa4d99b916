"""The pages that tell people what to type and where to look: each link, command, option and module is there."""

import contextlib
import io
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from agentx.cli.root import run

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/*.md")] if page.name != "CHANGELOG.md")
SUBCOMMANDS = {"cache", "config", "guard", "memory", "models", "plugins", "sessions", "tools", "tune"}


def commands(text: str) -> set[str]:
    """What a page shows as typed, by code spans and by lines of code blocks; each of `a|b|c` by itself."""
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    spans = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`(agentx [^`]+)`", spans)) | {
        line[line.index("agentx ") :] for line in blocks.splitlines() if re.search(r"(^|\| |&& )agentx ", line)
    }


@cache
def help_of(*words: str) -> str:
    """The help of one command; empty where there is none such."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run([*words, "--help"])
    return out.getvalue() if code == 0 else ""


def shown(command: str) -> list[tuple[tuple[str, ...], list[str]]]:
    """The verbs of a command with the options that it is given."""
    command = re.split(r" && | < | # |  +#", command.replace("\\|", "|").replace("…|", "").replace("|…", ""))[0]
    try:
        words = shlex.split(command)[1:]
    except ValueError:
        words = command.split()[1:]
    options = [word.split("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)]
    verbs = words[0].split("|") if words and not words[0].startswith("-") else []
    if verbs and verbs[0] in SUBCOMMANDS and len(words) > 1 and not words[1].startswith("-"):
        return [((verbs[0], kind), options) for kind in words[1].split("|")]
    return [((verb,), options) for verb in verbs]


def is_module(dotted: str) -> bool:
    path = ROOT.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_their_options_are_there(page: Path) -> None:
    wrong = []
    for command in sorted(commands(page.read_text("utf-8"))):
        for verbs, options in shown(command):
            text = help_of(*verbs)
            if not text or any(not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) for option in options):
                wrong.append(command)
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_that_are_run_are_there(page: Path) -> None:
    modules = re.findall(r"python -m (benchmarks[a-z_.]*[a-z])", page.read_text("utf-8"))
    assert not [module for module in modules if not is_module(module)]


def test_what_is_looked_for_is_found() -> None:
    text = 'Text `agentx run "a" --json`.\n```\ncat x | agentx classify M -\nagentx memory add a && agentx run b\n```\n'
    assert commands(text) == {'agentx run "a" --json', "agentx classify M -", "agentx memory add a && agentx run b"}
    assert shown(r"agentx tools list\|info\|call") == [(("tools", kind), []) for kind in ("list", "info", "call")]
    assert shown('agentx run "a" --json --seed=1') == [(("run",), ["--json", "--seed"])]
    assert not help_of("nothing-of-the-kind")
    assert not help_of("memory", "nothing-of-the-kind")
