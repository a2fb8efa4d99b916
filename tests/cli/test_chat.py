import asyncio
import os
import pty
import termios
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from agentx_tui.chat import Chat

from agentx.cli import aio, output
from agentx.cli.setup import Setup
from agentx.cli.typed_lines import TypedLines
from agentx.config import Settings
from agentx.errors import ModelError
from agentx.events import Event, Steered
from agentx.journal import Journal
from tests.cli.conftest import UNREAD_S, answer, calls, process


def test_a_conversation_over_pipes(script) -> None:
    model = script(answer("one"), answer("two"))
    ran = process("chat", "--model", model, "--tool", "calculate", stdin="first\n/tools\n\nsecond\n/quit\nthird\n")
    assert (ran.code, ran.out) == (0, "one\ntwo\n")
    assert "calculate: " in ran.err
    with Journal.default() as journal:
        [row] = journal.sessions()
        assert (row.steps, row.status) == (2, "ok")


def test_new_begins_another_session_and_a_failure_does_not_end_the_chat(script) -> None:
    model = script(answer("one"))
    ran = process("chat", "--model", model, stdin="first\n/new\nsecond\n/nonsense\nthird\n")
    assert (ran.code, ran.out) == (0, "one\n")
    assert ran.err.count("error: ") == 2
    assert "there is no command /nonsense" in ran.err
    with Journal.default() as journal:
        assert sorted(row.task for row in journal.sessions()) == ["first", "second"]


def test_a_task_that_broke_off_is_told_of_and_goes_on(script) -> None:
    first = process("chat", "--model", script(), stdin="what is it?\n")
    assert "error: " in first.err
    script(answer("It is this."))
    ran = process("chat", "--resume", "last", stdin="/resume\n/resume\n")
    assert (ran.code, ran.out) == (0, "It is this.\n")
    assert "this task broke off: what is it? (/resume goes on with it" in ran.err
    assert "no task broke off" in ran.err


def test_a_model_that_is_not_there_ends_the_chat(script) -> None:
    ran = process("chat", "--model", "/nowhere/m.gguf", stdin="first\n")
    assert ran.code == 4
    assert "/nowhere/m.gguf" in ran.err


def test_control_characters_that_are_pasted_are_no_part_of_the_task(terminal, script) -> None:
    chat = terminal("chat", "--plain", "--model", script(answer("the end")))
    chat.until("> ")
    chat.type("say \x16\x1b]0;title\x16\x07\x16\x1b[31mred\n")  # Ctrl+V takes the next key as it is
    chat.until("the end")
    chat.until("> ")
    chat.type("/quit\n")
    assert chat.end() == 0
    with Journal.default() as journal:
        assert [row.task for row in journal.sessions()] == ["say red"]


def test_ctrl_c_stops_the_turn_and_keeps_the_chat(terminal, script) -> None:
    slow = calls('python(code="import time; time.sleep(60)")')
    chat = terminal(
        "chat", "--plain", "--model", script(slow, answer("still here")), "--tool", "python", "--allow", "all"
    )
    chat.until("> ")
    chat.type("wait\n")
    chat.until("python(")
    chat.interrupt()
    chat.until("stopped")
    chat.until("> ")
    # The line editor shows its prompt a moment before it listens to signals.
    time.sleep(0.3)
    chat.interrupt()
    chat.until("/quit or Ctrl-D ends the chat")
    chat.until("> ")
    chat.type("and now?\n")
    chat.until("still here")
    chat.until("> ")
    chat.type("\x04")
    assert chat.end() == 0


def test_the_plain_chat_tells_its_commands(terminal, script) -> None:
    chat = terminal("chat", "--plain", AGENTX_MODEL=script(answer("hello")))
    chat.until("> ")
    chat.type("/help\n")
    chat.until("Ctrl-C stops the turn")
    chat.type("/quit\n")
    assert chat.end() == 0


SLEEPS = calls('python(code="import time; time.sleep(2)")')
PYTHON = ("--tool", "python", "--tool", "write_file", "--allow", "python")


def kinds(session: int = 0) -> list[str]:
    with Journal.default() as journal:
        return [type(event).__name__ for event in journal.events(journal.sessions()[session].id)]


def test_what_is_typed_while_a_task_runs_is_added_to_it(terminal, script) -> None:
    chat = terminal("chat", "--plain", "--model", script(SLEEPS, answer("the end")), *PYTHON)
    chat.until("> ")
    chat.type("wait\n")
    chat.until("python(")
    chat.type("in German\n")
    chat.until("the user adds: in German")
    chat.type("/tools\n")
    chat.until("/tools waits for the end of the task")
    chat.until("the end")
    chat.until("> /tools")
    chat.until("write_file: ")
    chat.until("> ")
    chat.type("\x04")
    assert chat.end() == 0
    assert kinds().count("Steered") == kinds().count("SteeringShown") == 1
    assert kinds().count("RunStarted") == 1


def test_what_came_too_late_for_a_task_is_the_next_one(terminal, script) -> None:
    chat = terminal("chat", "--plain", "--model", script(SLEEPS), "--max-steps", "1", *PYTHON)
    chat.until("> ")
    chat.type("wait\n")
    chat.until("python(")
    chat.type("and then this\n")
    chat.until("the run ended before it could heed: and then this")
    chat.until("> and then this")
    chat.until("> ")
    chat.type("/quit\n")
    assert chat.end() == 0
    assert kinds().count("RunStarted") == 2


def test_what_was_not_heeded_when_ctrl_c_stopped_the_task_is_told_and_not_run(terminal, script) -> None:
    slow = calls('python(code="import time; time.sleep(60)")')
    chat = terminal("chat", "--plain", "--model", script(slow, answer("no")), *PYTHON)
    chat.until("> ")
    chat.type("wait\n")
    chat.until("python(")
    chat.type("in German\n")
    chat.until("the user adds")
    chat.interrupt()
    chat.until("stopped")
    chat.until("before it could heed: in German")
    chat.until("> ")
    time.sleep(0.3)
    chat.type("/quit\n")
    assert chat.end() == 0
    assert kinds().count("RunStarted") == 1


def test_ctrl_c_keeps_the_task_that_waits_from_starting(terminal, script) -> None:
    slow = calls('python(code="import time; time.sleep(60)")')
    chat = terminal("chat", "--plain", "--model", script(SLEEPS, slow, answer("no")), "--max-steps", "1", *PYTHON)
    chat.until("> ")
    chat.type("wait\n")
    chat.until("python(")
    chat.type("one\ntwo\n")
    chat.until("> one")
    chat.until("python(")
    chat.type("/tools\n")
    chat.until("/tools waits")
    chat.interrupt()
    chat.until("stopped")
    chat.until("not begun: two")
    chat.until("> /tools")
    chat.until("> ")
    time.sleep(0.3)
    chat.type("/quit\n")
    assert chat.end() == 0
    assert kinds().count("RunStarted") == 2


def test_what_a_run_did_not_heed_is_told_where_it_ends_by_an_error(
    script, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken() -> AsyncGenerator[Event, None]:
        yield Steered("in German")
        raise ModelError("The model cannot be loaded.")

    with output.taken() as answers, aio.Runner() as runner:
        chat = Chat(Setup(replace(Settings(), model=script()), workspace, []), answers)
        chat._run(runner, broken())
    told = capsys.readouterr().err
    assert "The model cannot be loaded." in told and "before it could heed: in German" in told


def test_a_second_ctrl_c_while_a_begun_line_is_waited_for_leaves_the_terminal_its_echo(
    script, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, terminal = pty.openpty()

    def interrupt() -> None:
        raise KeyboardInterrupt

    async def waiting(lines: TypedLines) -> AsyncGenerator[Event, None]:
        asyncio.get_running_loop().call_later(0.3, interrupt)
        await lines.turn()
        yield Steered("never")

    with output.taken() as answers, aio.Runner() as runner:
        chat = Chat(Setup(replace(Settings(), model=script()), workspace, []), answers)
        chat._typed = typed = TypedLines(terminal, chat._said, chat._tell)
        os.write(keys, b"in Germ")
        chat._run(runner, waiting(typed))
        told = capsys.readouterr().err
        assert "write it anew: in Germ" in told and "stopped" in told
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
    os.close(keys)
    os.close(terminal)


def test_ctrl_d_while_a_task_runs_ends_the_chat_behind_it(terminal, script) -> None:
    chat = terminal("chat", "--plain", "--model", script(SLEEPS, answer("the end")), *PYTHON)
    chat.until("> ")
    chat.type("wait\n")
    chat.until("python(")
    chat.type("\x04")
    chat.until("the end")
    assert chat.end() == 0


def test_a_line_for_the_task_is_no_answer_and_an_answer_is_not_for_the_task(terminal, script, workspace: Path) -> None:
    model = script(SLEEPS, calls('write_file(path="a.txt", text="x")'), answer("the end"))
    chat = terminal("chat", "--plain", "--model", model, *PYTHON, "--workspace", str(workspace))
    chat.until("> ")
    chat.type("write\n")
    chat.until("python(")
    chat.type("y\n")
    chat.until("the user adds: y")
    chat.type("in Germ")
    chat.until("A question waits until you have ended this line (Enter): in Germ")
    assert not (workspace / "a.txt").exists()
    chat.type("an\n")
    chat.until("the user adds: in German")
    chat.until("[y/N/a/p/e/?] ")
    chat.type("y\n")
    chat.until("What you typed came too early to be meant for this.")
    chat.until("[y/N/a/p/e/?] ")
    assert not (workspace / "a.txt").exists()
    time.sleep(UNREAD_S)
    chat.type("y\n")
    chat.until("the end")
    chat.until("> ")
    chat.type("/quit\n")
    assert chat.end() == 0
    assert (workspace / "a.txt").exists() and kinds().count("Steered") == 2


def test_the_end_of_a_line_that_was_begun_too_early_allows_nothing(terminal, script, workspace: Path) -> None:
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    chat = terminal("chat", "--plain", "--model", model, *PYTHON, "--workspace", str(workspace))
    chat.until("> ")
    chat.type("write\n")
    chat.until("[y/N/a/p/e/?] ")
    chat.type("translate x and ")
    chat.until("for nobody; end it (Enter): translate x and ")
    chat.type("\x17\x17")  # what was begun can be erased, but not so far as to make it an answer
    chat.type("y\n")
    chat.until("What you typed came too early to be meant for this.")
    chat.until("[y/N/a/p/e/?] ")
    time.sleep(UNREAD_S)
    chat.type("n\n")
    chat.until("the end")
    chat.until("> ")
    chat.type("/quit\n")
    assert chat.end() == 0
    assert not (workspace / "a.txt").exists() and "Steered" not in kinds()


def test_over_pipes_a_line_is_a_task_however_long_the_one_before_takes(script) -> None:
    model = script(SLEEPS, answer("one"), answer("two"))
    ran = process("chat", "--model", model, *PYTHON, stdin="first\nsecond\n")
    assert (ran.code, ran.out) == (0, "one\ntwo\n")
    assert "Steered" not in kinds()


@pytest.mark.parametrize(("typed", "written"), [("y\n", True), ("\n", False), ("n\n", False), ("use b.txt\n", False)])
def test_a_person_at_the_terminal_is_asked(terminal, script, workspace: Path, typed: str, written: bool) -> None:
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    run = terminal("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace))
    asked = run.until("[y/N/a/p/e/?] ")
    assert "path: a.txt" in asked
    assert "write_file changes files. Allow it?" in asked
    run.reply(typed)
    run.until("the end")
    assert run.end() == 0
    assert (workspace / "a.txt").exists() == written


def test_always_is_asked_once(terminal, script, workspace: Path) -> None:
    model = script(
        calls('write_file(path="a.txt", text="x")'), calls('write_file(path="b.txt", text="x")'), answer("the end")
    )
    run = terminal("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace))
    run.until("[y/N/a/p/e/?] ")
    run.reply("a\n")
    assert "[y/N" not in run.until("the end")
    assert run.end() == 0
    assert sorted(path.name for path in workspace.iterdir()) == ["a.txt", "b.txt"]


def test_a_pattern_is_kept_for_this_workspace(terminal, script, workspace: Path, tmp_path: Path) -> None:
    model = script(
        calls('write_file(path="a.txt", text="x")'), calls('write_file(path="b.txt", text="x")'), answer("the end")
    )
    typed = ("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace))
    own = {"AGENTX_CONFIG_DIR": str(tmp_path / "config")}
    run = terminal(*typed, **own)
    run.until("[y/N/a/p/e/?] ")
    run.reply("?\n")
    run.until("change the arguments")
    run.until("[y/N/a/p/e/?] ")
    run.type("p\n")
    assert 'write_file(path="a.txt", text="x")' in run.until("] ")
    run.type('write_file(path="b*")\n')
    run.until("That does not mean this call.")
    run.until("[y/N/a/p/e/?] ")
    run.type("p\n")
    run.until("] ")
    run.type('write_file(path="*.txt")\n')
    assert "[y/N" not in run.until("the end")
    assert run.end() == 0
    again = terminal(*typed, **own)
    assert "[y/N" not in again.until("the end")
    assert again.end() == 0


def test_arguments_are_changed_before_a_call(terminal, script, workspace: Path) -> None:
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    run = terminal("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace))
    run.until("[y/N/a/p/e/?] ")
    run.reply("e\n")
    run.until("as JSON: ")
    run.type('{"path": 5}\n')
    run.until("Those do not fit")
    run.until("[y/N/a/p/e/?] ")
    run.type("e\n")
    run.until("as JSON: ")
    run.type('{"path": "b.txt", "text": "y"}\n')
    run.until("the end")
    assert run.end() == 0
    assert [(path.name, path.read_text()) for path in workspace.iterdir()] == [("b.txt", "y")]


def test_what_is_typed_before_the_question_is_no_answer(terminal, script, workspace: Path) -> None:
    first = calls('python(code="import time; time.sleep(1.5)")')
    model = script(first, calls('write_file(path="a.txt", text="x")'), answer("the end"))
    tools = ["--tool", "python", "--tool", "write_file", "--allow", "python"]
    run = terminal("run", "t", "--model", model, *tools, "--workspace", str(workspace))
    run.until("python(")
    run.type("y\n")
    run.until("This was typed before the question and is for nobody: y")
    run.until("[y/N/a/p/e/?] ")
    time.sleep(0.5)
    assert not (workspace / "a.txt").exists()
    run.type("n\n")
    run.until("the end")
    assert run.end() == 0


def test_the_end_of_a_line_that_was_begun_before_the_question_is_no_answer(terminal, script, workspace: Path) -> None:
    model = script(SLEEPS, calls('write_file(path="a.txt", text="x")'), answer("the end"))
    run = terminal("run", "t", "--model", model, *PYTHON, "--workspace", str(workspace))
    run.until("python(")
    run.type("ls ")
    run.until("A question waits until you have ended this line (Enter): ls ")
    run.type("\x17y\n")
    run.until("This was typed before the question and is for nobody: y")
    run.until("[y/N/a/p/e/?] ")
    assert not (workspace / "a.txt").exists()
    run.reply("n\n")
    run.until("the end")
    assert run.end() == 0
    assert not (workspace / "a.txt").exists()


def test_ctrl_c_at_the_question_ends_the_run(terminal, script, workspace: Path) -> None:
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    run = terminal("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace))
    run.until("[y/N/a/p/e/?] ")
    run.interrupt()
    run.until("interrupted")
    assert run.end() == 130
    assert list(workspace.iterdir()) == []


def test_colour_is_for_terminals_without_no_color(terminal, script) -> None:
    run = terminal("run", "t", "--model", script(answer("the end")), NO_COLOR="")
    assert "\x1b[2m" in run.until("the end")
    assert run.end() == 0
    run = terminal("run", "t", "--model", script(answer("the end")), NO_COLOR="1")
    assert "\x1b" not in run.until("the end")
    assert run.end() == 0


def test_an_answer_cannot_steer_the_terminal(terminal, script) -> None:
    run = terminal("run", "t", "--model", script(answer("a\x1b[2Jb [bold]the end[/bold]")), NO_COLOR="1")
    shown = run.until("[/bold]")
    assert "a␛[2Jb [bold]the end[/bold]" in shown
    assert "\x1b" not in shown
    assert run.end() == 0


def test_a_question_of_the_model_is_put_to_the_person(terminal, script) -> None:
    model = script(calls('ask_user(question="Which one?")'), answer("the end"))
    run = terminal("run", "t", "--model", model, "--tool", "ask_user")
    run.until("Which one?\r\n> ")
    run.reply("the red one\n")
    assert "the red one" in run.until("the end")
    assert run.end() == 0
