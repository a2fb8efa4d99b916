"""The plain chat: what in it is a command, and what a task. The rest of it is tested as a process (see tests/cli)."""

from dataclasses import replace
from pathlib import Path

import pytest
from agentx_tui.chat import Chat
from agentx_tui.commands import is_command

from agentx.cli import output
from agentx.cli.setup import Setup
from agentx.config import Settings
from tests.cli.conftest import answer, process
from tests.cli.conftest import script as script

PATH = "/etc/hosts is the one I meant"


@pytest.mark.parametrize("text", ["/tools", "/rename a/b", "/nothing", "/"])
def test_a_word_behind_a_slash_is_a_command(text: str) -> None:
    assert is_command(text)


@pytest.mark.parametrize("text", [PATH, "/a.csv/", "/tools\nand more", "see /tools", ""])
def test_a_path_or_a_longer_text_is_none(text: str) -> None:
    assert not is_command(text)


def test_over_a_pipe_a_task_may_begin_with_a_path(script) -> None:
    task = "/home/ada/a.csv: how many rows?\n"
    ran = process("chat", "--model", script(answer("Nine.")), stdin=task, env={"AGENTX_STRATEGY": "react"})
    assert (ran.code, ran.out) == (0, "Nine.\n") and "there is no command" not in ran.err


def test_while_a_task_runs_a_line_that_begins_with_a_path_is_added_to_it(
    script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steered: list[str] = []
    with output.taken() as answers:
        chat = Chat(Setup(replace(Settings(), model=script()), tmp_path, []), answers)
        chat._session.steer = steered.append  # type: ignore[method-assign]
        chat._said(PATH)
        chat._said("/tools")
        assert (steered, list(chat._next)) == ([PATH], ["/tools"])
        chat._next.append(PATH)
        chat._clear_next()
        assert list(chat._next) == ["/tools"]
    assert f"not begun: {PATH}" in capsys.readouterr().err
