import subprocess
import sys
import time
from pathlib import Path

import pytest

import agentx
from tests.cli.conftest import COMMAND, environment, process


def test_help_lists_every_verb_and_imports_none(cli) -> None:
    assert cli("--help").code == 0
    code = (
        "import sys; from agentx.cli import main; main(['--help'])\n"
        "print(*[m for m in sys.modules if m.startswith(('agentx.cli.run', 'agentx.cli.tools', 'agentx_'))"
        " or m in ('pydantic', 'rich', 'sqlite3', 'textual', 'chromadb', 'llama_cpp', 'httpx')], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for verb in ("run", "chat", "tools", "models", "plugins", "sessions", "config", "doctor", "undo"):
        assert f"\n  {verb} " in ran.stdout
    assert ran.stderr.strip() == ""


def test_help_costs_what_a_bare_typer_app_costs(tmp_path: Path) -> None:
    bare = tmp_path / "bare.py"
    bare.write_text(
        "import typer\napp = typer.Typer()\n"
        "@app.command()\ndef run(task: str): ...\n@app.command()\ndef chat(task: str): ...\napp()"
    )

    def seconds(argv: list[str]) -> float:
        started = time.perf_counter()
        subprocess.run([*argv, "--help"], capture_output=True, check=True)
        return time.perf_counter() - started

    # Side by side, so that a busy machine slows both.
    pairs = [(seconds(COMMAND), seconds([sys.executable, str(bare)])) for _ in range(7)]
    assert min(pair[0] for pair in pairs) <= 1.3 * min(pair[1] for pair in pairs)


@pytest.mark.parametrize("verb", ["run", "chat", "tools", "models", "plugins", "sessions", "config", "doctor"])
def test_each_verb_has_help(cli, verb: str) -> None:
    ran = cli(verb, "--help")
    assert ran.code == 0
    assert f"agentx {verb}" in ran.out


def test_version(cli) -> None:
    assert cli("--version").out == f"agentx {agentx.__version__}\n"


def test_without_arguments_and_off_a_terminal_help_is_printed_and_2_returned(cli) -> None:
    ran = cli()
    assert (ran.code, ran.out) == (2, "")
    assert "Commands:" in ran.err


def test_an_unknown_verb_is_a_usage_error(cli) -> None:
    ran = cli("rn", "x")
    assert ran.code == 2
    assert "No such command 'rn'" in ran.err


def test_a_verb_of_a_package_is_listed_and_imported_when_typed(tmp_path: Path) -> None:
    info = tmp_path / "strange_verbs-1.0.dist-info"
    info.mkdir()
    (tmp_path / "strange_verbs.py").write_text(
        "import sys, typer\nsys.stderr.write('imported\\n')\napp = typer.Typer()\n"
        "@app.command()\ndef greet(name: str) -> int:\n    print('hello', name)\n    return 7\n"
        "@app.command()\ndef fail() -> None:\n    raise RuntimeError('oh\\nno')\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-verbs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agentx.commands]\nstrange = strange_verbs:app\nrun = strange_verbs:app\n")
    env = {"PYTHONPATH": str(tmp_path), "AGENTX_DATA_DIR": str(tmp_path / "data")}
    listed = process("--help", env=env)
    assert "strange   From strange-verbs." in listed.out
    assert "imported" not in listed.err
    ran = process("strange", "greet", "you", env=env)
    assert (ran.code, ran.out) == (7, "hello you\n")
    failed = process("strange", "fail", env=env)
    log = tmp_path / "data" / "crash.log"
    assert failed.code == 1
    assert f"error: internal error (RuntimeError: oh no); the traceback is in {log}\n" in failed.err
    assert "Traceback" in log.read_text()
    assert "Give the agent one task" in process("run", "--help", env=env).out


def test_a_verb_that_is_a_function_is_listed_with_its_own_words_unimported(tmp_path: Path) -> None:
    info = tmp_path / "strange_verbs-1.0.dist-info"
    info.mkdir()
    (tmp_path / "strange_verbs").mkdir()
    (tmp_path / "strange_verbs" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "strange_verbs" / "wave.py").write_text(
        "def wave() -> int:\n    '''Wave a hand.\n\n    Or two.\n    '''\n    return 0\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-verbs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[agentx.commands]\nwave = strange_verbs.wave:wave\ngone = strange_verbs.none:f\nlost = no_such:f\n"
    )
    listed = process("--help", env={"PYTHONPATH": str(tmp_path)})
    assert "wave      Wave a hand.\n" in listed.out
    assert "gone      From strange-verbs.\n" in listed.out
    assert "lost      From strange-verbs.\n" in listed.out
    failed = process("wave", env={"PYTHONPATH": str(tmp_path)})
    assert (failed.code, failed.out) == (2, "")
    assert "cannot be loaded (RuntimeError: imported)" in failed.err


def test_a_crash_is_a_sentence_even_where_no_folder_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = (
        "import sys; from agentx.cli import failures; from agentx.cli.root import _tell\n"
        "sys.exit(_tell(ValueError('x'), []))"
    )
    env = environment(AGENTX_DATA_DIR=str(tmp_path / "file"), TMPDIR=str(tmp_path))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert ran.returncode == 1
    assert f"internal error (ValueError: x); the traceback is in {tmp_path / 'crash.log'}" in ran.stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [*COMMAND, "tools", "info", "calculate"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert run.stdout is not None and run.stderr is not None
    run.stdout.close()
    assert run.stderr.read() == b""
    run.stderr.close()
    assert run.wait(20) == 1


def test_output_that_finds_no_room_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [*COMMAND, "config", "show"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False
        )
    assert run.returncode == 1
    assert run.stderr == "error: no space is left on the disk; free some and try again\n"


def test_an_ascii_terminal_gets_escapes_and_no_error() -> None:
    ran = process("tools", "call", "calculate", '{"expression": "é"}', env={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 1
    assert "\\xe9" in ran.err
