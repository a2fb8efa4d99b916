import json
from pathlib import Path

import pytest

from tests.cli.conftest import answer, calls, process


def test_the_list_names_what_each_may_do_and_whence_it_comes(cli) -> None:
    lines = cli("tools", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "ON", "MAY", "FROM", "DESCRIPTION"]
    [row] = [line for line in lines if line.startswith("write_file ")]
    assert "writes" in row
    assert "agentx-local" in row


def test_info_shows_the_schema(cli) -> None:
    shown = cli("tools", "info", "calculate").out
    schema = json.loads(shown.partition("arguments: ")[2])
    assert schema["required"] == ["expression"]


def test_call_prints_the_result(cli) -> None:
    assert cli("tools", "call", "calculate", '{"expression": "6*7"}').out == "42\n"


def test_call_works_in_the_workspace_it_is_given(cli, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("hello")
    assert "hello" in cli("tools", "call", "read_file", '{"path": "a.txt"}', "--workspace", str(other)).out


def test_call_needs_an_approval_for_what_writes(cli, workspace: Path) -> None:
    call = ["tools", "call", "write_file", '{"path": "x.txt", "text": "y"}']
    ran = cli(*call)
    assert (ran.code, ran.out) == (3, "")
    assert "--allow write_file" in ran.err
    assert not (workspace / "x.txt").exists()
    assert cli(*call, "--allow", "write_file").code == 0
    assert (workspace / "x.txt").read_text() == "y"


def test_a_person_is_asked_about_this_call_alone(terminal, workspace: Path) -> None:
    call = terminal("tools", "call", "write_file", '{"path": "x.txt", "text": "y"}', "--workspace", str(workspace))
    call.until("[y/N/e/?] ")
    call.reply("p\n")
    call.until("Only this very call can be allowed.")
    call.until("[y/N/e/?] ")
    assert not (workspace / "x.txt").exists()
    call.type("y\n")
    assert call.end() == 0
    assert [path.name for path in workspace.iterdir()] == ["x.txt"]


def test_arguments_that_a_person_has_changed_are_judged_too(terminal, workspace: Path) -> None:
    (workspace / ".agentx").mkdir()
    (workspace / ".agentx" / "policy.toml").write_text("""deny = ['write_file(path="secret*")']""")
    argv = ("tools", "call", "write_file", '{"path": "x.txt", "text": "y"}', "--workspace", str(workspace))
    for path, code in (("secret.txt", 3), ("b.txt", 0)):
        call = terminal(*argv)
        call.until("[y/N/e/?] ")
        call.reply("e\n")
        call.until("as JSON: ")
        call.type(json.dumps({"path": path, "text": "y"}) + "\n")
        if code:
            call.until("forbids it")
        assert call.end() == code
        assert (workspace / path).exists() is (code == 0)


@pytest.mark.parametrize(
    ("name", "arguments", "code", "sentence"),
    [
        ("nope", "{}", 2, "There is no tool `nope`; the tools are: "),
        ("calculate", "{", 2, "The arguments are not valid JSON"),
        ("calculate", "[1]", 2, "The arguments are a JSON list"),
        ("calculate", "[" * 100_000, 2, "nested too deeply"),
        ("calculate", "{}", 1, "calculate needs the argument `expression`"),
        ("calculate", '{"expression": "1", "x": 2}', 1, "calculate has no argument `x`"),
        ("calculate", '{"expression": "1/0"}', 1, "error: "),
        ("read_file", '{"path": "/etc/passwd"}', 1, "error: "),
        ("read_file", '{"path": "nope.txt"}', 1, "error: "),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_a_sentence(cli, name, arguments, code, sentence) -> None:
    ran = cli("tools", "call", name, arguments)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_arguments_are_read_from_stdin() -> None:
    ran = process("tools", "call", "calculate", "-", stdin='{"expression": "6*7"}')
    assert (ran.code, ran.out, ran.err) == (0, "42\n", "")


UNRULY = '''
import subprocess, sys, threading, time
from agentx.tool import ToolContext, tool
print("printed on import")

@tool
def loud(text: str) -> str:
    """Prints."""
    print("from the tool")
    subprocess.run(["echo", "from its child"])
    return text

@tool
def raising() -> str:
    """Raises."""
    raise RuntimeError("out of\\n  paper")

@tool(timeout_s=0.3)
def hanging() -> str:
    """Hangs."""
    threading.Thread(target=time.sleep, args=(60,)).start()
    time.sleep(60)

@tool
def huge() -> str:
    """Returns 100 MB."""
    return "x" * 100_000_000

@tool
def rude() -> str:
    """Speaks to the terminal."""
    return "\\x1b[2J\\x1b]0;title\\x07 [bold]not markup[/bold] \\u202e"

@tool
def telling(context: ToolContext) -> str:
    """Tells how it goes on, and what it was given."""
    context.progress("half way")
    return f"{context.workspace.name} {dict(context.settings)}"
'''


def test_what_a_tool_prints_does_not_mix_with_its_result(plugin) -> None:
    env = plugin(UNRULY, "loud")
    ran = process("tools", "call", "loud", '{"text": "the result"}', env=env)
    assert (ran.code, ran.out) == (0, "the result\n")
    assert "from the tool" in ran.err
    assert "from its child" in ran.err
    assert "printed on import" in ran.err


def test_a_tool_that_raises_is_a_sentence(plugin) -> None:
    ran = process("tools", "call", "raising", "{}", env=plugin(UNRULY, "raising"))
    assert ran.code == 1
    assert "error: RuntimeError: out of paper" in ran.err


def test_a_tool_that_hangs_is_given_up_and_does_not_hold_the_process(plugin) -> None:
    ran = process("tools", "call", "hanging", "{}", env=plugin(UNRULY, "hanging"))
    assert ran.code == 124
    assert "hanging was given up after 0.3 seconds" in ran.err


def test_a_result_of_100_mb_is_printed_whole_and_shown_to_the_model_cut(plugin, script) -> None:
    env = plugin(UNRULY, "huge")
    assert len(process("tools", "call", "huge", "{}", env=env).out) == 100_000_001

    ran = process("run", "t", "--model", script(calls("huge()"), answer("ok")), "--tool", "huge", env=env)
    assert (ran.code, ran.out) == (0, "ok\n")
    assert len(ran.err) < 10_000


def test_a_result_cannot_steer_the_terminal_that_is_told_of_it(plugin, script) -> None:

    env = plugin(UNRULY, "rude")
    ran = process("run", "t", "--model", script(calls("rude()"), answer("ok")), "--tool", "rude", env=env)
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
    assert "␛[2J␛]0;title␇ [bold]not markup[/bold] \\u202e" in ran.err


def test_a_tool_gets_its_own_settings_and_is_heard(plugin, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("[tools.telling]\nkey = 'value'")
    env = {**plugin(UNRULY, "telling"), "AGENTX_CONFIG_DIR": str(tmp_path / "config")}
    ran = process("tools", "call", "telling", "{}", env=env, cwd=workspace)
    assert ran.out == "work {'key': 'value'}\n"
    assert "half way" in ran.err


def test_a_broken_plugin_is_one_line_and_the_others_work(plugin, script) -> None:

    env = plugin("raise RuntimeError('no licence')", "costly")
    ran = process("run", "t", "--model", script(answer("fine")), env=env)
    assert (ran.code, ran.out) == (0, "fine\n")
    assert ran.err.count("`costly`") == 1
    assert "RuntimeError: no licence" in ran.err
    assert "calculate" in process("tools", "list", env=env).out
    checked = process("plugins", "check", env=env)
    assert checked.code == 1
    assert "agentx.tools calculate: OK" in checked.out
    assert "agentx.tools costly: The plugin `costly` (agentx.tools) of strange-tools 1.0 cannot" in checked.out
    asked_for = process("run", "t", "--tool", "costly", env=env)
    assert asked_for.code == 2
    assert "RuntimeError: no licence" in asked_for.err
