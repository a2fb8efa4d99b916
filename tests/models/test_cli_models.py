import json
from pathlib import Path

from typer.testing import CliRunner

from agentx.cli.models import app
from agentx.errors import DownloadError, ModelFileError, ModelNotFound, UsageError

runner = CliRunner()


def run(store, *words: str):
    result = runner.invoke(app, list(words), obj=store)
    assert result.exception is None, result.exception
    return result


def refused(store, error: type[Exception], *words: str) -> str:
    result = runner.invoke(app, list(words), obj=store)
    assert type(result.exception) is error, result.output
    return str(result.exception)


def test_list_marks_the_default_and_what_is_here(make_store):
    store = make_store()
    assert run(store, "list").stdout.splitlines()[1].split() == ["*", "tiny", "12", "kB", "2048", "Apache-2.0", "no"]
    run(store, "pull")
    assert run(store, "list").stdout.splitlines()[1].split()[-1] == "yes"
    (store.folder / "tiny" / "tiny.gguf").write_bytes(b"x")
    assert run(store, "list").stdout.splitlines()[1].split()[-1] == "damaged"


def test_list_shows_the_shipped_catalogue(home):
    lines = run(None, "list").stdout.splitlines()
    assert sum(line.startswith("*  qwen2.5-coder-1.5b") for line in lines) == 1
    assert any("minilm" in line for line in lines)


def test_pull_narrates_on_stderr_and_keeps_stdout_for_data(make_store):
    result = run(make_store(), "pull", "tiny")
    assert result.stdout == ""
    assert "fetching tiny.gguf" in result.stderr and "tiny is at " in result.stderr
    assert "\x1b" not in result.stderr


def test_pull_as_json_is_one_object_a_line(make_store):
    rows = [json.loads(line) for line in run(make_store(), "pull", "--json").stdout.splitlines()]
    assert rows[0] == {"event": "start", "label": "fetching tiny.gguf", "total_bytes": 12288}
    assert rows[-2] == {"event": "finish", "done_bytes": 12288, "total_bytes": 12288}
    assert rows[-1]["event"] == "done" and Path(rows[-1]["paths"]["tiny.gguf"]).exists()


def test_path_prints_one_path_once_the_model_is_here(make_store):
    store = make_store()
    assert "`agentx models pull tiny` fetches it" in refused(store, ModelNotFound, "path")
    run(store, "pull")
    assert run(store, "path").stdout == f"{store.folder / 'tiny' / 'tiny.gguf'}\n"


def test_a_model_that_is_not_here_exits_with_four():
    assert ModelNotFound.exit_code == DownloadError.exit_code == ModelFileError.exit_code == 4


def test_verify_prints_the_hash_or_says_what_is_wrong(make_store):
    store = make_store()
    assert "fetches it" in refused(store, ModelNotFound, "verify")
    run(store, "pull")
    spec = store.catalog.default.files[0]
    assert run(store, "verify").stdout == f"{spec.sha256}  {store.target(store.catalog.default, spec)}\n"
    (store.folder / "tiny" / "tiny.gguf").write_bytes(b"x" * spec.bytes)
    assert "models pull tiny" in refused(store, ModelFileError, "verify", "tiny")
    run(store, "pull", "tiny")
    run(store, "verify", "tiny")


def test_verify_says_when_no_hash_is_pinned(make_store, make_gguf):
    Path("mine.gguf").write_bytes(make_gguf())
    result = run(make_store(), "verify", "mine.gguf")
    assert result.stdout.endswith(f"  {Path('mine.gguf').absolute()}\n")
    assert "no hash is pinned" in result.stderr


def test_rm_says_what_was_freed_and_then_that_nothing_is_there(make_store):
    store = make_store()
    run(store, "pull")
    assert run(store, "rm", "tiny").stderr == "Freed 12 kB.\n"
    assert not (store.folder / "tiny").exists()
    assert "Nothing of tiny" in run(store, "rm", "tiny").stderr


def test_rm_leaves_files_of_other_programs_alone(make_store, home, tiny_model):
    Path("theirs.gguf").write_bytes(tiny_model)
    store = make_store()
    assert "was left alone" in run(store, "rm", "tiny").stderr
    assert Path("theirs.gguf").exists()
    refused(store, UsageError, "rm", "./theirs.gguf")
    refused(store, ModelNotFound, "rm", "theirs")


def test_scan_shows_size_architecture_and_catalogue_name(make_store, tiny_model, make_gguf):
    Path("a.gguf").write_bytes(tiny_model)
    Path("b.gguf").write_bytes(make_gguf("qwen2"))
    Path("c.gguf").write_bytes(b"not one")
    rows = [line.split() for line in run(make_store(), "scan").stdout.splitlines()[1:]]
    assert [(row[2], row[3], Path(row[-1]).name) for row in rows] == [
        ("llama", "tiny", "a.gguf"),
        ("qwen2", "-", "b.gguf"),
        ("damaged", "-", "c.gguf"),
    ]


def test_scan_says_when_there_is_nothing(make_store):
    result = run(make_store(), "scan")
    assert result.stdout == "" and "No GGUF file" in result.stderr
