"""What programs change can be taken back like what the file tools change."""

import asyncio
import json
import stat

import pytest
from agentx_tools import before, protection, undo, undo_store
from agentx_tools.files import write_file
from agentx_tools.python import python
from agentx_tools.shell import shell

from agentx import Agent, changes, folders
from agentx.errors import StorageError, ToolError, UsageError
from agentx.events import CallFinished
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from agentx.tool import ToolContext


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "b.txt").write_bytes(b"\xff\x00")
    return folder


def everything(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(folder, code, call="call-1", **settings):
    context = ToolContext(workspace=folder, call_id=call, settings=settings)
    return asyncio.run(python.function(context=context, code=code))


CHANGES = """
import os
open("a.txt", "a").write("two\\n")
os.remove("sub/b.txt")
os.makedirs("new/deep")
open("new/deep/c.txt", "w").write("made")
"""


def test_what_a_program_changed_made_and_deleted_is_taken_back(folder):
    held = everything(folder)
    (folder / "a.txt").chmod(0o640)
    run(folder, CHANGES)
    assert everything(folder) == {"a.txt": b"one\ntwo\n", "new/deep/c.txt": b"made"}
    taken = undo.take_back_call(folder, "call-1")
    assert sorted(taken) == ["a.txt", "new/deep/c.txt", "sub/b.txt"]
    assert everything(folder) == held and not (folder / "new").exists()
    assert stat.S_IMODE((folder / "a.txt").stat().st_mode) == 0o640
    assert undo.changes(folder) == []


def test_a_command_of_the_shell_is_taken_back_one_file_after_the_other(folder):
    held = everything(folder)
    context = ToolContext(workspace=folder, call_id="call-1")
    asyncio.run(shell.function(context=context, command="rm a.txt; echo x > c.txt"))
    assert {undo.take_back(folder).tool for _ in range(2)} == {"shell"}
    assert everything(folder) == held
    with pytest.raises(UsageError, match="no change to take back"):
        undo.take_back(folder)


def test_a_program_that_fails_or_is_stopped_is_taken_back_too(folder):
    held = everything(folder)
    with pytest.raises(ToolError):
        run(folder, "open('a.txt', 'w').write('half')\nraise ValueError", "call-1")
    with pytest.raises(ToolError, match="stopped after"):
        run(folder, "open('d.txt', 'w').write('half')\nwhile True: pass", "call-2", timeout_s=0.5)
    undo.take_back_call(folder, "call-2")
    undo.take_back_call(folder, "call-1")
    assert everything(folder) == held


@pytest.mark.parametrize(("end", "looks"), [("", 2), ("\nraise ValueError", 3)])
def test_what_a_run_has_seen_of_the_workspace_serves_to_take_back_too(folder, monkeypatch, end, looks):
    held, looked, look = everything(folder), [], changes.look
    monkeypatch.setattr(changes, "look", lambda root: looked.append(root) or look(root))
    replies = [f"# I write.\npython(code={json.dumps(CHANGES + end)})\n->", "# Done.\nAnswer: done"]
    agent = Agent(
        ScriptedModel(replies), [python], strategy="react", allow=["all"], journal=MemoryJournal(), workspace=folder
    )

    async def results():
        return [event.result async for event in agent.stream("Change it.") if isinstance(event, CallFinished)]

    [result] = asyncio.run(results())
    assert result.changed == ["a.txt", "new/deep/c.txt", "sub/b.txt"]
    assert len(looked) == looks
    undo.take_back_call(folder, result.call_id)
    assert everything(folder) == held


def test_a_program_that_is_cancelled_is_taken_back_too(folder):
    held = everything(folder)
    context = ToolContext(workspace=folder, call_id="call-1")
    code = "open('a.txt', 'w').write('half')\nopen('ready', 'w').close()\nimport time\ntime.sleep(60)"

    async def cancelled():
        task = asyncio.ensure_future(python.function(context=context, code=code))
        while not (folder / "ready").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert everything(folder) != held
    undo.take_back_call(folder, "call-1")
    assert everything(folder) == held


def test_what_was_changed_since_stays_and_is_named(folder):
    run(folder, "open('a.txt', 'w').write('of the program')")
    (folder / "a.txt").write_text("of a person")
    with pytest.raises(UsageError, match="`a.txt` was changed since python wrote it"):
        undo.take_back_call(folder, "call-1")
    assert (folder / "a.txt").read_text() == "of a person"


def test_programs_that_only_read_or_write_the_same_leave_nothing_to_take_back(folder):
    run(folder, "print(open('a.txt').read())\nopen('a.txt', 'w').write('one\\n')")
    assert undo.changes(folder) == []


def test_the_setting_does_without(folder):
    run(folder, "open('a.txt', 'w').write('two')", undo=False)
    assert undo.changes(folder) == []


def test_a_program_whose_changes_cannot_be_kept_still_tells_what_it_printed(folder, monkeypatch):
    def unreadable(root):
        raise StorageError("What could be undone cannot be read.")

    monkeypatch.setattr(undo, "changes", unreadable)
    told = []
    context = ToolContext(workspace=folder, call_id="call-1", report=told.append)
    code = "open('a.txt', 'w').write('two')\nprint('done')"
    assert asyncio.run(python.function(context=context, code=code)) == "done"
    assert told == ["What python has changed cannot be taken back (What could be undone cannot be read.)."]


def calling(folder, code):
    """A program whose calls of `write_file` reach that tool, each with an id below the program's."""
    made = []

    async def call_tool(name, arguments):
        assert name == "write_file"
        made.append(name)
        inner = ToolContext(workspace=folder, call_id=f"call-1.{len(made)}")
        return write_file.function(context=inner, **arguments)

    context = ToolContext(
        workspace=folder, call_id="call-1", functions={"write_file": ["path", "text"]}, call_tool=call_tool
    )
    asyncio.run(python.function(context=context, code=code))


def test_what_a_program_changed_by_a_tool_alone_is_kept_once(folder):
    calling(folder, "write_file('a.txt', 'two')\nwrite_file('a.txt', 'three')")
    assert [item.tool for item in undo.changes(folder)] == ["write_file", "write_file"]
    undo.take_back(folder)
    assert (folder / "a.txt").read_text() == "two"


def test_what_a_program_changed_by_a_tool_and_by_itself_is_one_change(folder):
    calling(folder, "open('a.txt', 'w').write('x')\nwrite_file('a.txt', 'two')\nopen('a.txt', 'a').write('y')")
    [item] = undo.changes(folder)
    assert (item.tool, item.call) == ("python", "call-1")
    assert undo.take_back_call(folder, "call-1.1") == []
    undo.take_back_call(folder, "call-1")
    assert (folder / "a.txt").read_text() == "one\n"


def test_a_folder_that_became_a_file_by_a_tool_inside_a_program_comes_back(folder):
    held = everything(folder)
    calling(folder, "import shutil\nshutil.rmtree('sub')\nwrite_file('sub', 'x')\nwrite_file('sub', 'y')")
    assert [undo.take_back(folder).path for _ in range(3)] == ["sub", "sub", "sub/b.txt"]
    assert everything(folder) == held


def test_what_is_too_large_is_named_and_what_leads_out_is_left(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("agentx.changes.MAX_FILE_BYTES", 100)
    (folder / "large").write_bytes(b"x" * 101)
    (tmp_path / "secret").write_text("hidden")
    (folder / "link").symlink_to(tmp_path / "secret")
    run(folder, "import os\nopen('large', 'w').write('y')\nos.remove('link')\nos.symlink('a.txt', 'link')")
    [item] = undo.changes(folder)
    assert (item.path, item.whole) == ("large", False)
    with pytest.raises(UsageError, match="too large to be kept"):
        undo.take_back_call(folder, "call-1")


def test_where_there_are_too_many_files_none_counts_as_new(folder, monkeypatch):
    monkeypatch.setattr("agentx.changes.MAX_FILES", 1)
    watched = changes.Watched(folder)
    monkeypatch.undo()
    before.keep(folder, watched, "python", "call-1")
    assert undo.changes(folder) == []


@pytest.mark.parametrize(
    "command",
    ["rm -r sub; echo done > sub; echo x > a.txt", "rm a.txt; mkdir a.txt; echo x > a.txt/c.txt; echo y > sub/b.txt"],
)
def test_a_folder_that_became_a_file_comes_back_and_so_does_a_file_that_became_a_folder(folder, command):
    held, told = everything(folder), []
    context = ToolContext(workspace=folder, call_id="call-1", report=told.append)
    asyncio.run(shell.function(context=context, command=command))
    assert told == [] and len(undo.changes(folder)) == 3
    for _ in range(3):
        undo.take_back(folder)
    assert everything(folder) == held


def test_a_folder_that_became_a_link_costs_no_other_file_its_undo(folder):
    held, told = everything(folder), []
    context = ToolContext(workspace=folder, call_id="call-1", report=told.append)
    asyncio.run(shell.function(context=context, command="mv sub s2; ln -s s2 sub; echo x > a.txt"))
    assert told == []
    assert [undo.take_back(folder).path for _ in range(2)] == ["s2/b.txt", "a.txt"]
    with pytest.raises(UsageError, match="`sub/b.txt` runs through something that is not a folder"):
        undo.take_back(folder)
    (folder / "sub").unlink()
    undo.take_back(folder)
    assert everything(folder) == held


def test_what_is_protected_is_looked_up_once_for_all_that_a_program_changed(folder, monkeypatch):
    looked, own = [], protection.own_folders
    monkeypatch.setattr(protection, "own_folders", lambda root: looked.append(root) or own(root))
    (folder / ".agentx").mkdir()
    watched = changes.Watched(folder)
    for name in ("m", "n", "o", ".agentx/p"):
        (folder / name).touch()
    before.keep(folder, watched, "python", "call-1")
    assert len(looked) == 1
    assert [item.path for item in undo.changes(folder)] == ["o", "n", "m"]


def test_changes_beyond_what_is_kept_are_named(folder, monkeypatch):
    monkeypatch.setattr(before, "MAX_CHANGES", 2)
    told = []
    context = ToolContext(workspace=folder, call_id="call-1", report=told.append)
    code = "for name in ('m', 'n', 'o', 'sub/b.txt'): open(name, 'w').write('x')"
    asyncio.run(python.function(context=context, code=code))
    assert told == ["What python has changed in `n` and 1 more cannot be taken back."]
    assert sorted(undo.take_back_call(folder, "call-1")) == ["m", "sub/b.txt"]


def test_a_file_that_nobody_can_read_costs_no_other_its_undo(folder, monkeypatch):
    def unreadable(place):
        raise ToolError(f"`{place}` cannot be opened: permission denied.")

    monkeypatch.setattr("agentx.changes.MAX_FILE_BYTES", 100)
    monkeypatch.setattr(undo, "digest_of", unreadable)
    told = []
    context = ToolContext(workspace=folder, call_id="call-1", report=told.append)
    code = "open('a.txt', 'w').write('two')\nopen('large', 'w').write('x' * 101)"
    asyncio.run(python.function(context=context, code=code))
    assert told == ["What python has changed in `large` cannot be taken back."]
    assert [item.path for item in undo.changes(folder)] == ["a.txt"]


def test_what_else_lies_beside_the_stores_is_left_alone(folder, monkeypatch):
    monkeypatch.setattr(undo_store, "_SWEPT_ONCE_IN", 1)
    stray = folders.data_dir() / "undo" / ".DS_Store"
    stray.parent.mkdir(parents=True)
    stray.touch()
    told = []
    context = ToolContext(workspace=folder, call_id="call-1", report=told.append)
    asyncio.run(python.function(context=context, code="open('a.txt', 'w').write('two')"))
    assert told == [] and len(undo.changes(folder)) == 1 and stray.exists()
