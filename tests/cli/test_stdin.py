import json
import os
import subprocess
import time
from pathlib import Path

from tests.cli.conftest import COMMAND, answer, environment, process


def task_of(ran) -> str:
    return json.loads(ran.out.splitlines()[0])["task"]


def test_a_dash_reads_the_task(script) -> None:
    ran = process("run", "-", "--stream-json", "--model", script(answer("x")), stdin="what is\nthis?\n")
    assert task_of(ran) == "what is\nthis?\n"


def test_what_is_piped_in_is_appended(script) -> None:
    ran = process("run", "sum it up", "--stream-json", "--model", script(answer("x")), stdin="line 1\nline 2\n")
    assert task_of(ran) == "sum it up\n\n<input>\nline 1\nline 2\n</input>"


def test_a_file_is_read_and_odd_bytes_do_no_harm(script, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"caf\xe9")
    with (tmp_path / "f").open() as file:
        ran = process("run", "t", "--stream-json", "--model", script(answer("x")), stdin=file)
    assert task_of(ran) == "t\n\n<input>\ncaf\ufffd\n</input>"


def test_nothing_is_appended_from_an_empty_stdin(script) -> None:
    for stdin in ("", subprocess.DEVNULL):
        ran = process("run", "t", "--stream-json", "--model", script(answer("x")), stdin=stdin)
        assert task_of(ran) == "t" and "stdin" not in ran.err


def test_an_open_pipe_that_says_nothing_is_waited_for_a_second_and_told_of(script) -> None:
    read, write = os.pipe()
    started = time.monotonic()
    ran = process("run", "t", "--stream-json", "--model", script(answer("x")), stdin=read)
    os.close(read)
    os.close(write)
    assert task_of(ran) == "t"
    assert time.monotonic() - started < 10
    assert ran.err.count("stdin brought nothing within 1 s") == 1 and "< /dev/null" in ran.err


def test_a_dash_without_anything_to_read_is_a_usage_error() -> None:
    ran = process("run", "-", "--json", stdin="  ")
    assert ran.code == 2
    assert "`-` reads stdin, and nothing came from there" in ran.object["error"]


def test_a_closed_stdin_is_no_error(script) -> None:
    shell = 'exec "$@" <&-'
    ran = subprocess.run(
        ["sh", "-c", shell, "sh", *COMMAND, "run", "t", "--model", script(answer("fine"))],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "fine\n")


def test_the_help_says_what_is_read_and_how_to_keep_it_from_being_read(cli) -> None:
    shown = " ".join(cli("run", "--help").out.split())
    assert "is added to TASK" in shown and "`< /dev/null`" in shown
