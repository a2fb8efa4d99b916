import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import answer, calls, environment, process
from tests.conftest import weights
from tests.e2e.conftest import FullDisk, fails

SPACE = r"space|full|too large"


@pytest.mark.parametrize("free_bytes", [0, 4096, 16_384])
def test_a_journal_on_a_full_disk_ends_the_run_in_a_sentence(script, full_disk: FullDisk, free_bytes: int) -> None:
    full_disk.leave(free_bytes)
    env = {"AGENTX_DATA_DIR": str(full_disk.folder / "data")}
    ran = full_disk.process("run", "t", "--model", script(answer("x")), "--json", env=env)
    fails(ran, 1, "The journal ", "space", "AGENTX_DATA_DIR")


def test_a_disk_that_fills_up_in_the_middle_of_a_run_ends_it(script, full_disk: FullDisk, workspace: Path) -> None:
    full_disk.leave(300_000)
    model = script(calls(f'write_file(path="a.txt", text="{"x" * 600_000}")'), answer("done"))
    env = {"AGENTX_DATA_DIR": str(full_disk.folder / "data")}
    argv = ["run", "t", "--model", model, "--tool", "write_file", "--allow", "all", "--workspace", str(workspace)]
    ran = full_disk.process(*argv, "--json", env=env)
    fails(ran, 1, "The journal ", "space")
    assert ran.object["session"]
    with sqlite3.connect(full_disk.folder / "data" / "sessions.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_file_that_finds_no_room_is_an_error_of_the_tool_and_leaves_nothing(full_disk: FullDisk) -> None:
    full_disk.leave(8192)
    arguments = json.dumps({"path": "a.txt", "text": "x" * 2_000_000})
    argv = ["tools", "call", "write_file", "-", "--workspace", str(full_disk.folder), "--allow", "write_file"]
    ran = full_disk.process(*argv, stdin=arguments)
    fails(ran, 1, "`a.txt` cannot be written: ")
    assert [path.name for path in full_disk.folder.iterdir() if path.name != "filling"] == []


def test_a_model_is_not_fetched_to_a_full_disk(full_disk: FullDisk, tmp_path: Path, workspace: Path) -> None:
    full_disk.leave(0)
    env = {"AGENTX_CACHE_DIR": str(full_disk.folder / "cache"), "HOME": str(tmp_path)}
    fails(full_disk.process("models", "pull", "smollm2-135m", env=env, cwd=workspace), 1, "The disk is full: ")
    ran = full_disk.process("run", "t", "--model", "smollm2-135m", "--json", env=env, cwd=workspace)
    fails(ran, 1, "The disk is full: ", "AGENTX_CACHE_DIR")


@pytest.mark.model
@pytest.mark.parametrize("free_bytes", [0, 131_072])
def test_a_memory_on_a_full_disk_is_a_sentence(full_disk: FullDisk, free_bytes: int) -> None:
    weights("minilm")
    full_disk.leave(free_bytes)
    env = {"AGENTX_DATA_DIR": str(full_disk.folder / "data")}
    ran = full_disk.process("tools", "call", "remember", '{"text": "the sky is blue"}', "--allow", "all", env=env)
    fails(ran, 1, "The memory in ", "space")


def test_settings_on_a_full_disk_are_a_sentence(full_disk: FullDisk) -> None:
    full_disk.leave(0)
    ran = full_disk.process("config", "set", "max_steps", "3", env={"AGENTX_CONFIG_DIR": str(full_disk.folder / "c")})
    fails(ran, 78, "config.toml cannot be written", "AGENTX_CONFIG_DIR")


@pytest.mark.parametrize(
    ("variable", "argv", "code"),
    [
        ("AGENTX_DATA_DIR", ["run", "t", "--json"], 1),
        ("AGENTX_DATA_DIR", ["tools", "call", "remember", '{"text": "x"}', "--allow", "all"], 1),
        ("AGENTX_CACHE_DIR", ["models", "pull", "smollm2-135m"], 1),
        ("AGENTX_CONFIG_DIR", ["config", "set", "max_steps", "3"], 78),
    ],
)
def test_a_folder_that_cannot_be_written_is_named(
    script, read_only: Callable[[], Path], workspace: Path, tmp_path: Path, variable: str, argv: list[str], code: int
) -> None:
    folder = read_only()
    env = {variable: str(folder), "AGENTX_MODEL": script(answer("x"))}
    if variable == "AGENTX_CACHE_DIR":
        env["HOME"] = str(tmp_path)
    fails(process(*argv, env=env, cwd=workspace), code, str(folder))


def test_a_workspace_that_cannot_be_written_is_an_error_of_the_tool(read_only: Callable[[], Path]) -> None:
    argv = ["tools", "call", "write_file", '{"path": "a.txt", "text": "x"}', "--allow", "all"]
    fails(process(*argv, "--workspace", str(read_only())), 1, "`a.txt` cannot be written: ")


def damaged(content: bytes) -> dict[str, bytes]:
    return {
        "is no database": b"garbage" * 1000,
        "is cut off": content[: len(content) // 2],
        "is overwritten": content[:4096] + b"\xff" * (len(content) - 4096),
    }


@pytest.mark.parametrize("how", ["is no database", "is cut off", "is overwritten"])
def test_a_damaged_journal_is_a_sentence(script, tmp_path: Path, how: str) -> None:
    path = tmp_path / "data" / "sessions.sqlite3"
    env = {"AGENTX_DATA_DIR": str(path.parent)}
    run = ["run", "t", "--model", script(answer("x")), "--json"]
    assert process(*run, env=env).code == 0
    path.write_bytes(damaged(path.read_bytes())[how])
    for argv in (run, ["sessions", "list"], ["sessions", "show", "last"]):
        fails(process(*argv, env=env), 1, str(path), "move it away")


def test_damaged_rows_of_a_journal_do_not_hide_the_others(script, tmp_path: Path) -> None:
    env = {"AGENTX_DATA_DIR": str(tmp_path)}
    assert process("run", "t", "--model", script(answer("the answer")), env=env).code == 0
    connection = sqlite3.connect(tmp_path / "sessions.sqlite3")
    connection.execute("UPDATE events SET body = '{' WHERE number = 2")
    connection.execute("UPDATE events SET body = '[1]' WHERE number = 3")
    connection.execute("UPDATE sessions SET created = 'yesterday'")
    connection.commit()
    connection.close()
    assert "yesterday" in process("sessions", "list", env=env).out
    assert "answer: the answer" in process("sessions", "show", "last", env=env).out


def test_an_answer_that_finds_no_room_is_told_of_once(script) -> None:
    for form in ([], ["--json"], ["--stream-json"]):
        with Path("/dev/full").open("w") as full:
            ran = _to(full, "run", "t", "--model", script(answer("x")), *form)
        fails(ran, 1, "no space is left on the disk")


def _to(stdout, *argv: str):
    import subprocess

    from tests.cli.conftest import COMMAND, Ran

    done = subprocess.run(
        [*COMMAND, *argv], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment()
    )
    return Ran(done.returncode, "", done.stderr)
