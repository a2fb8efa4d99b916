"""`agentx map`: each task gives one line, whatever the process meets."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from agentx.batch import Output
from tests.cli.conftest import COMMAND, answer, calls, process


@pytest.fixture
def mapped(script: Any, tmp_path: Path) -> Any:
    """Writes tasks, and gives the command line that maps them with its environment and its output."""

    def make(count: int, *replies: str) -> tuple[list[str], dict[str, str], Path]:
        tasks, out = tmp_path / "tasks.jsonl", tmp_path / "out.jsonl"
        rows = [{"task": f"Task {number}", "id": f"t{number}"} for number in range(1, count + 1)]
        tasks.write_text("\n".join(map(json.dumps, rows)) + "\n")
        env = {"AGENTX_DATA_DIR": str(tmp_path / "data"), "AGENTX_STRATEGY": "react"}
        argv = ["map", str(tasks), "-o", str(out), "--model", script(*replies), "--allow", "all"]
        return [*argv, "--workspace", str(tmp_path)], env, out

    return make


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_each_task_gives_a_line_with_its_answer(mapped: Any) -> None:
    argv, env, out = mapped(5, *[answer("Done.")] * 5)
    result = process(*argv, "--tool", "now", env=env)
    assert (result.code, result.out) == (0, "") and "5 tasks, 5 lines" in result.err
    assert sorted((row["line"], row["id"], row["output"]) for row in rows(out)) == [
        (number, f"t{number}", "Done.") for number in range(1, 6)
    ]
    assert not list(out.parent.glob(".out*"))
    assert process(*argv, "--tool", "now", env=env).code == 0 and len(rows(out)) == 5


def test_a_task_that_fails_has_its_line_too(mapped: Any) -> None:
    argv, env, out = mapped(3, answer("Done."), answer("Done."))
    result = process(*argv, "--tool", "now", "--jobs", "1", env=env)
    assert result.code == 1 and "1 of them not ok" in result.err
    assert [row["status"] for row in rows(out)] == ["ok", "ok", "failed"]
    assert f"1 of them: {rows(out)[-1]['error']}"[:200] in result.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"do it"\n{"task": 3}\n', "Line 2 of "),
        ("nonsense\n", "Line 1 of "),
        ('{"id": "x"}\n', "has no task"),
        ('{"task": "x", "id": [1]}\n', "The id in line 1"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_bad_tasks_are_named_before_anything_is_run(text: Any, said: str, mapped: Any) -> None:
    argv, env, out = mapped(1, answer("Done."))
    Path(argv[1]).write_bytes(text if isinstance(text, bytes) else text.encode())
    result = process(*argv, env=env)
    assert result.code == 2 and said in result.err and not out.exists()


def test_an_output_of_something_else_is_left_alone(mapped: Any) -> None:
    argv, env, out = mapped(1, answer("Done."))
    out.write_text("my diary\n")
    result = process(*argv, env=env)
    assert result.code == 2 and "holds something else" in result.err and out.read_text() == "my diary\n"
    missing = process(*argv[:1], "none.jsonl", *argv[2:], env=env)
    assert missing.code == 2 and "none.jsonl cannot be read" in missing.err


def test_part_of_a_line_that_a_killed_process_left_is_taken_away(mapped: Any) -> None:
    argv, env, out = mapped(2, *[answer("Done.")] * 2)
    out.write_text('{"line": 1, "status": "ok"}\n{"line": 2, "sta')
    assert process(*argv, "--tool", "now", env=env).code == 0
    assert [row["line"] for row in rows(out)] == [1, 2]


def test_tasks_that_are_killed_three_times_give_one_line_each(mapped: Any) -> None:
    count = 60
    replies = [calls('write_file(path="log.txt", text="x")'), answer("Done.")] * count
    argv, env, out = mapped(count, *replies)
    argv += ["--tool", "write_file", "--jobs", "1"]
    for part in range(3):
        started = subprocess.Popen([*COMMAND, *argv], env=os.environ | env, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while (not out.exists() or len(out.read_bytes().splitlines()) < 12 * part + 5) and time.monotonic() < end:
            time.sleep(0.005)
        started.send_signal(signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
    assert process(*argv, env=env).code == 0
    assert sorted(row["line"] for row in rows(out)) == list(range(1, count + 1))


def test_lines_of_another_model_are_not_added(mapped: Any, tmp_path: Path) -> None:
    argv, env, out = mapped(2, *[answer("Done.")] * 2)
    at = argv.index("--model") + 1
    with Output(out, f"{argv[at]} without an adapter") as begun:
        begun.add({"line": 1, "task": "Task 1", "status": "ok"})
    (tmp_path / "other.json").write_text(json.dumps([answer("Done.")]))
    other = [*argv[:at], f"scripted:{tmp_path / 'other.json'}", *argv[at + 1 :]]
    result = process(*other, "--tool", "now", env=env)
    assert result.code == 2 and "other.json without an adapter; give --model and --adapter" in result.err
    assert process(*argv, "--tool", "now", env=env).code == 0 and len(rows(out)) == 2


def test_lines_of_another_model_are_not_added_to_a_complete_output_either(mapped: Any, tmp_path: Path) -> None:
    argv, env, out = mapped(1, answer("Done."))
    assert process(*argv, "--tool", "now", env=env).code == 0
    at = argv.index("--model") + 1
    assert [row["model"] for row in rows(out)] == [f"{argv[at]} without an adapter"]
    with Path(argv[1]).open("a") as file:
        file.write('"Task 2"\n')
    (tmp_path / "other.json").write_text(json.dumps([answer("Done.")]))
    other = [*argv[:at], f"scripted:{tmp_path / 'other.json'}", *argv[at + 1 :]]
    result = process(*other, "--tool", "now", env=env)
    assert result.code == 2 and f"was begun with {argv[at]} without" in result.err and len(rows(out)) == 1
    assert not list(out.parent.glob(".out*"))
    assert process(*argv, "--tool", "now", env=env).code == 0 and len(rows(out)) == 2


def test_an_output_that_an_older_version_has_begun_goes_on(mapped: Any) -> None:
    argv, env, out = mapped(2, *[answer("Done.")] * 2)
    out.write_text('{"line": 1, "task": "Task 1", "status": "ok"}\n')
    out.with_name(".out.jsonl.map").write_text("0123456789abcdef")
    assert process(*argv, "--tool", "now", env=env).code == 0 and len(rows(out)) == 2


def test_two_processes_do_not_write_to_one_output(mapped: Any) -> None:
    program = json.dumps("import time\ntime.sleep(30)")
    argv, env, _ = mapped(1, calls(f"python(code={program})"), answer("Done."))
    started = subprocess.Popen([*COMMAND, *argv, "--tool", "python"], env=os.environ | env, stderr=subprocess.DEVNULL)
    try:
        beside = Path(argv[3]).with_name(".out.jsonl.map")
        while not beside.exists():
            time.sleep(0.02)
        time.sleep(0.3)
        second = process(*argv, env=env)
        assert second.code == 2 and "Another process writes to" in second.err
    finally:
        started.kill()
        started.wait()


def test_another_task_does_not_get_the_line_of_one_before(mapped: Any) -> None:
    argv, env, out = mapped(2, *[answer("Done.")] * 2)
    assert process(*argv, "--tool", "now", env=env).code == 0
    Path(argv[1]).write_text('{"task": "Task 1"}\n{"task": "Another"}\n')
    result = process(*argv, "--tool", "now", env=env)
    assert result.code == 2 and "Line 2 of the tasks was another task" in result.err and len(rows(out)) == 2


def test_a_line_that_was_not_ok_before_counts_when_the_command_is_given_again(mapped: Any) -> None:
    argv, env, _ = mapped(2, answer("Done."))
    for _ in range(2):
        result = process(*argv, "--tool", "now", "--jobs", "1", env=env)
        assert result.code == 1 and "1 of them not ok" in result.err


@pytest.mark.parametrize("place", ["/dev/zero", "."])
def test_an_output_that_is_no_file_is_a_sentence(place: str, mapped: Any) -> None:
    argv, env, out = mapped(1, answer("Done."))
    argv[3] = place
    result = process(*argv, env=env, cwd=out.parent)
    assert result.code == 2 and "is no file" in result.err
    assert not Path("/dev/.zero.map").exists()


def test_an_output_that_is_left_alone_gets_no_file_beside_it(mapped: Any) -> None:
    argv, env, out = mapped(1, answer("Done."))
    out.write_text("my diary\n")
    assert process(*argv, env=env).code == 2 and not list(out.parent.glob(".out*"))
