import json
import shutil
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from agentx_tools import undo, undo_store
from agentx_tools.files import edit_file, write_file

from agentx import folders
from agentx.errors import ToolError, UsageError
from agentx.tool import ToolContext


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return ToolContext(workspace=folder)


def write(context, path, text):
    return write_file.function(context=context, path=path, text=text)


def edit(context, path, old, new):
    return edit_file.function(context=context, path=path, old=old, new=new)


def everything(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_changes_are_taken_back_the_last_first(context):
    folder = context.workspace
    (folder / "a.txt").write_bytes(b"one\r\n\xff\r\n")
    states = [everything(folder)]
    for change in (
        lambda: write(context, "a.txt", "two\n"),
        lambda: edit(context, "a.txt", "two", "three"),
        lambda: write(context, "deep/er/b.txt", "new\n"),
        lambda: edit(context, "deep/er/b.txt", "new", "newer"),
    ):
        change()
        states.append(everything(folder))
    for state in reversed(states[:-1]):
        undo.take_back(folder)
        assert everything(folder) == state
    assert not (folder / "deep").exists()
    with pytest.raises(UsageError, match=r"There is no change to take back in .*work; `--workspace` names another"):
        undo.take_back(folder)


def test_folders_that_hold_something_else_stay(context):
    write(context, "deep/a.txt", "x")
    (context.workspace / "deep" / "mine.txt").write_text("y")
    undo.take_back(context.workspace)
    assert everything(context.workspace) == {"deep/mine.txt": b"y"}


def test_the_mode_of_a_file_comes_back_even_where_it_is_gone(context):
    script = context.workspace / "run.sh"
    script.write_text("old")
    script.chmod(0o750)
    write(context, "run.sh", "new")
    script.unlink()
    with pytest.raises(UsageError, match="`run.sh` was deleted since write_file wrote it; `agentx undo --force`"):
        undo.take_back(context.workspace)
    undo.take_back(context.workspace, force=True)
    assert (script.read_text(), stat.S_IMODE(script.stat().st_mode)) == ("old", 0o750)


def test_a_file_that_was_changed_since_is_not_touched_unless_by_force(context):
    path = context.workspace / "a.txt"
    path.write_text("before")
    write(context, "a.txt", "of the tool")
    path.write_text("of a person")
    with pytest.raises(UsageError, match="`a.txt` was changed since write_file wrote it"):
        undo.take_back(context.workspace)
    assert path.read_text() == "of a person"
    undo.take_back(context.workspace, force=True)
    assert path.read_text() == "before"


def test_a_write_of_what_is_there_already_is_no_change(context):
    write(context, "a.txt", "x")
    write(context, "a.txt", "x")
    assert len(undo.changes(context.workspace)) == 1


def test_a_change_that_fails_leaves_nothing_to_take_back(context):
    write(context, "a.txt", "x")
    for call in (
        lambda: edit(context, "a.txt", "absent", "y"),
        lambda: edit(context, "none.txt", "x", "y"),
        lambda: write(context, ".", "y"),
        lambda: write(context, ".git/config", "y"),
        lambda: write(context, "a.txt/b", "y"),
        lambda: write(context, "n" * 300, "y"),
    ):
        with pytest.raises(ToolError):
            call()
    assert [item.path for item in undo.changes(context.workspace)] == ["a.txt"]


def test_what_was_kept_is_for_the_user_alone(context):
    write(context, "a.txt", "x")
    kept = undo.changes(context.workspace)[0].kept
    assert kept.is_relative_to(folders.data_dir() / "undo")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == stat.S_IMODE(kept.parent.parent.stat().st_mode) == 0o700


def test_each_workspace_has_changes_of_its_own(context, tmp_path):
    other = ToolContext(workspace=tmp_path / "other")
    other.workspace.mkdir()
    write(context, "a.txt", "x")
    assert undo.changes(other.workspace) == []
    (tmp_path / "alias").symlink_to(context.workspace)
    assert len(undo.changes(tmp_path / "alias")) == 1


def test_looking_makes_no_folder(context):
    assert undo.changes(context.workspace) == []
    with pytest.raises(UsageError):
        undo.take_back(context.workspace)
    assert not folders.data_dir().exists()


def test_the_oldest_goes_where_there_are_too_many_too_large_or_too_old(context, monkeypatch):
    monkeypatch.setattr(undo_store, "MAX_CHANGES", 3)
    for number in range(5):
        write(context, "a.txt", str(number))
    assert len(undo.changes(context.workspace)) == 3
    monkeypatch.setattr(undo_store, "MAX_BYTES", 5_000)
    write(context, "a.txt", "x" * 4_000)
    write(context, "a.txt", "y" * 4_000)
    write(context, "a.txt", "z")
    assert [item.size_bytes for item in undo.changes(context.workspace)] == [4_000]
    monkeypatch.setattr(undo_store, "MAX_AGE_S", 0)
    write(context, "a.txt", "new")
    assert [item.size_bytes for item in undo.changes(context.workspace)] == [1]


def test_what_is_old_in_other_workspaces_goes_too(context, tmp_path, monkeypatch):
    other = ToolContext(workspace=tmp_path / "other")
    other.workspace.mkdir()
    write(other, "a.txt", "x")
    monkeypatch.setattr(undo_store, "MAX_AGE_S", 0)
    monkeypatch.setattr(undo_store, "_SWEPT_ONCE_IN", 1)
    write(context, "a.txt", "x")
    assert len(undo.changes(context.workspace)) == 1
    assert len(list((folders.data_dir() / "undo").iterdir())) == 1


def test_a_store_that_somebody_is_at_is_not_swept(context, tmp_path, monkeypatch):
    other = ToolContext(workspace=tmp_path / "other")
    other.workspace.mkdir()
    write(other, "a.txt", "x")
    monkeypatch.setattr(undo_store, "MAX_AGE_S", 0)
    monkeypatch.setattr(undo_store, "_SWEPT_ONCE_IN", 1)
    with undo_store.locked(undo_store.store_of(other.workspace)):
        write(context, "a.txt", "x")
    assert len(undo.changes(other.workspace)) == 1
    write(context, "a.txt", "y")
    assert undo.changes(other.workspace) == []


def test_a_store_that_is_swept_while_its_lock_is_awaited_is_made_anew(context):
    write(context, "a.txt", "x")
    store = undo_store.store_of(context.workspace)
    with ThreadPoolExecutor(1) as pool:
        with undo_store.locked(store):
            waiting = pool.submit(write, context, "b.txt", "y")
            time.sleep(0.3)
            shutil.rmtree(store)
        waiting.result(10)
    assert [item.path for item in undo.changes(context.workspace)] == ["b.txt"]


def test_a_file_too_large_to_be_kept_is_replaced_and_the_changes_before_it_remain(context):
    write(context, "a.txt", "x")
    with (context.workspace / "large").open("wb") as file:
        file.truncate(33 * 1024 * 1024)
    write(context, "large", "small")
    with pytest.raises(ToolError, match="too large to read whole"):
        (context.workspace / "large").write_bytes(bytes(33 * 1024 * 1024))
        edit(context, "large", "a", "b")
    write(context, "large", "small")
    with pytest.raises(UsageError, match="too large to be kept, so its change stays"):
        undo.take_back(context.workspace)
    assert (context.workspace / "large").read_text() == "small"


def test_a_link_put_in_the_place_of_a_folder_leads_nowhere(context, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("secret")
    write(context, "deep/a.txt", "x")
    (context.workspace / "deep" / "a.txt").unlink()
    (context.workspace / "deep").rmdir()
    (context.workspace / "deep").symlink_to(outside)
    with pytest.raises(UsageError, match="runs through something that is not a folder, so its change by write_file"):
        undo.take_back(context.workspace)
    with pytest.raises(UsageError, match="no change to take back"):
        undo.take_back(context.workspace, force=True)
    assert (outside / "a.txt").read_text() == "secret"


def test_where_nothing_can_be_kept_nothing_is_written_unless_the_user_does_without(context, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(ToolError, match=r"`a.txt` was not written, since what it held before cannot be kept in "):
        write(context, "a.txt", "x")
    assert everything(context.workspace) == {}
    write(ToolContext(workspace=context.workspace, settings={"undo": False}), "a.txt", "x")
    assert everything(context.workspace) == {"a.txt": b"x"}


def test_a_damaged_file_of_changes_is_passed_over(context):
    write(context, "a.txt", "x")
    write(context, "a.txt", "y")
    undo.changes(context.workspace)[0].kept.write_bytes(b"\xff{")
    undo.take_back(context.workspace, force=True)
    assert everything(context.workspace) == {}


WRITER = """
import sys
from pathlib import Path
from agentx.tool import ToolContext
from agentx_tools.files import write_file
context = ToolContext(workspace=Path(sys.argv[1]))
print("ready", flush=True)
for number in range(100_000):
    write_file.function(context=context, path="a.txt", text=f"state {number}\\n" * 50)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_history(context):
    folder = context.workspace
    (folder / "a.txt").write_text("first\n")
    for round_ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.05 + round_ * 0.013)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        while undo.changes(folder):
            try:
                undo.take_back(folder)
            except UsageError as error:
                assert "no change to take back" in str(error)
            lines = (folder / "a.txt").read_text().splitlines()
            assert lines == ["first"] or (len(lines) == 50 and len(set(lines)) == 1)
        for left in folder.glob(".agentx-*"):
            left.unlink()
        assert (folder / "a.txt").read_text() == "first\n"


def test_a_change_that_was_kept_and_not_made_is_passed_over(context):
    write(context, "a.txt", "one")
    write(context, "a.txt", "two")
    (context.workspace / "a.txt").write_text("one")  # as if the second write had been killed before its rename
    assert undo.take_back(context.workspace).before is None
    assert everything(context.workspace) == {}


def test_writers_at_the_same_time_lose_no_change(context):
    folder = context.workspace
    code = (
        "import sys\nfrom pathlib import Path\nfrom agentx.tool import ToolContext\n"
        "from agentx_tools.files import edit_file\ncontext = ToolContext(workspace=Path(sys.argv[1]))\n"
        "for _ in range(20): edit_file.function(context=context, path='a.txt', old=sys.argv[2], new=sys.argv[2] + 'x')"
    )
    (folder / "a.txt").write_text("-a-b-")
    writers = [subprocess.Popen([sys.executable, "-c", code, str(folder), letter]) for letter in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert (folder / "a.txt").read_text() == f"-a{'x' * 20}-b{'x' * 20}-"
    assert len(undo.changes(folder)) == 40


def test_the_verb_lists_and_takes_back(context, tmp_path):
    command = [sys.executable, "-c", "import sys; from agentx.cli import main; sys.exit(main())", "undo"]

    def run(*argv):
        return subprocess.run([*command, *argv], cwd=context.workspace, capture_output=True, text=True)

    (context.workspace / "old.txt").write_text("before")
    write(context, "old.txt", "x")
    write(context, "new\n.txt", "x")
    listed = run("--list").stdout.splitlines()
    assert listed[0].split() == ["WHEN", "TOOL", "UNDO", "FILE"]
    assert [line.split()[2:] for line in listed[1:]] == [
        ["write_file", "removes", "it", "new", ".txt"],
        ["write_file", "restores", "6", "bytes", "old.txt"],
    ]
    assert [json.loads(line)["created"] for line in run("--list", "--json").stdout.splitlines()] == [True, False]
    assert run().stdout.startswith("new .txt is gone again (write_file, ")
    (context.workspace / "old.txt").write_text("mine")
    refused = run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: `old.txt` was changed since write_file wrote it;")
    assert json.loads(run("--force", "--json").stdout)["path"] == "old.txt"
    assert everything(context.workspace) == {"old.txt": b"before"}
    assert run("--workspace", str(tmp_path / "nowhere")).returncode == 2


def test_what_names_a_place_outside_is_no_change(context, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    write(context, "a.txt", "one")
    (kept,) = [item.kept for item in undo.changes(context.workspace)]
    header = json.loads(kept.read_bytes().partition(b"\n")[0])
    digest = undo.digest(b"mine")
    kept.write_bytes(json.dumps({**header, "path": "../outside.txt", "before": "x", "after": digest}).encode() + b"\nX")
    with pytest.raises(UsageError, match="no change to take back"):
        undo.take_back(context.workspace)
    assert outside.read_text() == "mine"


def test_a_change_of_what_is_no_file_any_more_is_passed_over_by_force(context):
    write(context, "a.txt", "one")
    write(context, "b.txt", "two")
    (context.workspace / "b.txt").unlink()
    (context.workspace / "b.txt").mkdir()
    with pytest.raises(UsageError, match="--force` passes over it"):
        undo.take_back(context.workspace)
    assert undo.take_back(context.workspace, force=True).path == "a.txt"
