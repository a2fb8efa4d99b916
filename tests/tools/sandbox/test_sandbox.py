import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agentx_tools.python import python, run_program
from agentx_tools.sandbox import pool, tree
from agentx_tools.sandbox.client import NoWalls, Sandbox, SandboxError
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level
from agentx_tools.shell import shell

from agentx.errors import ToolError
from agentx.tool import ToolContext

LEVELS = pytest.mark.parametrize("walls", ["namespaces", "landlock"])


def call(tool, folder, walls=None, **arguments):
    settings = {**arguments.pop("settings", {}), **({"walls": [walls]} if walls else {})}
    try:
        return asyncio.run(tool.function(context=ToolContext(folder, settings=settings), **arguments))
    except ToolError as error:
        return str(error)


def run(code, folder, walls=None, **settings):
    return call(python, folder, walls, code=code, settings=settings)


def sh(command, folder, walls=None, **settings):
    return call(shell, folder, walls, command=command, settings=settings)


@LEVELS
def test_a_command_runs_in_the_workspace_and_its_exit_code_is_told(tmp_path, walls):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    assert sh("cat a.txt | tail -1; pwd", tmp_path, walls) == f"two\n{tmp_path}"
    assert sh("grep three a.txt", tmp_path, walls) == "(exit code 1)"
    assert sh("ls none", tmp_path, walls).endswith("No such file or directory\n(exit code 2)")
    assert sh("true", tmp_path, walls) == "(no output; print what you want to see)"
    assert sh('read line; echo "$line."', tmp_path, walls) == "."


def test_a_command_that_is_none_is_refused(tmp_path):
    assert sh("  ", tmp_path) == "The command is empty; write what is to be run."
    assert "null character" in sh("echo \0", tmp_path)
    assert sh("echo '\ud800'", tmp_path) == "?"


@LEVELS
def test_each_limit_ends_the_program_within_a_second_and_says_which(tmp_path, walls):
    def timed(code, **settings):
        started = time.monotonic()
        output = run(code, tmp_path, walls, **settings)
        assert time.monotonic() - started < settings.get("timeout_s", 0) + 4
        return output

    assert timed("while True: pass", timeout_s=0.5) == "error: stopped after 0.5 s, the program did not end"
    memory = "held = []\nwhile True: held.append(bytearray(b'x') * 2**24)"
    assert timed(memory, memory_bytes=2**28) == "error: stopped, the program took more than 256 MiB of memory"
    disk = "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').write(b'x' * 2**20)"
    assert timed(disk, disk_bytes=2**24) == "error: stopped, the program wrote more than 16 MiB"
    assert "File too large" in timed("open('large', 'wb').write(b'x' * 2**21)", file_bytes=2**20)
    assert timed("while True: print('x' * 999)", output_bytes=2**12).startswith("error: stopped, the program printed")
    threads = "import threading\nfor n in range(9): threading.Thread(target=time.sleep, args=(1,)).start()"
    assert "can't start new thread" in timed(f"import time\n{threads}", processes=6)


def test_limits_that_are_none_are_refused(tmp_path):
    for settings in ({"timeout_s": 0}, {"processes": "many"}, {"memory_bytes": True}, {"disk_bytes": 1.5}):
        assert "must be a number above 0" in run("1", tmp_path, **settings)
    assert "`readable` must be a list of texts" in run("1", tmp_path, readable="/etc")
    assert "`readable` must be a list of texts, not 5" in run("1", tmp_path, readable=5)
    assert "`hosts` must be a list of texts, not True" in run("1", tmp_path, hosts=True)
    assert "`walls` knows namespaces and landlock, not 'brick'" in run("1", tmp_path, walls="brick")


@LEVELS
def test_what_the_settings_grant_can_be_read_and_not_written(tmp_path, walls):
    workspace, granted = tmp_path / "workspace", tmp_path / "granted"
    workspace.mkdir()
    granted.mkdir()
    (granted / "data.txt").write_text("data")
    read = f"print(open({str(granted / 'data.txt')!r}).read())"
    assert "data" not in run(read, workspace, walls).splitlines()
    assert run(read, workspace, walls, readable=[str(granted)]) == "data"
    assert "Error" in run(f"open({str(granted / 'new')!r}, 'w')", workspace, walls, readable=[str(granted)])


@LEVELS
def test_copies_archives_and_processes_work_as_usual(tmp_path, walls):
    code = """
import shutil, tarfile, zipfile, multiprocessing, subprocess, tempfile, threading
open('a.txt', 'w').write('text')
shutil.copy2('a.txt', 'b.txt'); shutil.copytree('.', 'copy', ignore=shutil.ignore_patterns('copy'))
with tarfile.open('t.tar', 'w') as tar: tar.add('a.txt')
with tarfile.open('t.tar') as tar: tar.extractall('out')
with zipfile.ZipFile('z.zip', 'w') as z: z.write('a.txt')
with zipfile.ZipFile('z.zip') as z: z.extractall('out2')
with tempfile.TemporaryDirectory() as folder: open(folder + '/x', 'w').close()
thread = threading.Thread(target=lambda: print('thread')); thread.start(); thread.join()
print(subprocess.check_output(['sh', '-c', 'cat b.txt; chmod +x a.txt && mv a.txt c.txt'], text=True))
process = subprocess.Popen(['sleep', '50']); process.terminate(); print(process.wait())
"""
    assert run(code, tmp_path, walls).splitlines()[:3] == ["thread", "text", "-15"]
    assert (tmp_path / "out" / "a.txt").read_text() == (tmp_path / "out2" / "a.txt").read_text() == "text"


def test_behind_namespaces_modes_change_and_below_it_is_said_that_they_do_not(tmp_path):
    (tmp_path / "run.sh").write_text("echo ran\n")
    note = "(on this machine modes, owners and times of files stay as they are)"
    assert sh("chmod +x run.sh; test -x run.sh && echo yes", tmp_path, "landlock").splitlines()[-2:] == [
        note,
        "(exit code 1)",
    ]
    assert sh("chmod 755 run.sh && ./run.sh", tmp_path, "namespaces") == "ran"
    assert (tmp_path / "run.sh").stat().st_mode & 0o777 == 0o755


def test_what_is_obeyed_later_cannot_be_written_behind_namespaces(tmp_path):
    (tmp_path / ".git" / "hooks").mkdir(parents=True)
    (tmp_path / ".git" / "config").write_text("[core]\n")
    assert "Read-only" in sh("echo x > .git/hooks/pre-commit", tmp_path, "namespaces")
    assert "Read-only" in sh("echo x >> .git/config", tmp_path, "namespaces")
    assert sh("mv .git moved 2>&1 | grep -c busy", tmp_path, "namespaces") == "1"
    assert sh("echo ref > .git/HEAD && cat .git/HEAD", tmp_path, "namespaces") == "ref"
    # What appears while a sandbox is warm is protected from the next call on.
    (tmp_path / ".agentx").mkdir()
    assert "Read-only" in sh("echo x > .agentx/policy.toml", tmp_path, "namespaces")


def test_a_workspace_that_was_made_anew_is_the_one_that_is_seen(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    assert sh("touch a; ls", folder) == "a"
    (folder / "a").unlink()
    folder.rmdir()
    folder.mkdir()
    (folder / "b").touch()
    assert sh("ls", folder) == "b"


def test_a_sandbox_is_kept_warm_and_temporary_files_last_as_long_as_it(tmp_path):
    pool.close_all()
    assert sh("echo kept > $TMPDIR/note", tmp_path)
    started = time.monotonic()
    assert sh("cat $TMPDIR/note", tmp_path) == "kept"
    assert time.monotonic() - started < 3
    assert len(pool._idle) == 1
    pool.close_all()
    assert "No such file" in sh("cat $TMPDIR/note", tmp_path)


def test_temporary_files_do_not_add_up(tmp_path):
    settings = {"disk_bytes": 2**22}
    fill = "open(os.environ['TMPDIR'] + '/large', 'wb').write(b'x' * 3 * 2**20)"
    assert run(fill, tmp_path, **settings) == str(3 * 2**20)
    assert run("os.listdir(os.environ['TMPDIR']).count('large')", tmp_path, **settings) == "0"


def test_rights_that_a_program_takes_from_the_workspace_are_given_back(tmp_path):
    assert sh("chmod 0 .", tmp_path) == "(no output; print what you want to see)"
    assert tmp_path.stat().st_mode & 0o700 == 0o700
    assert sh("echo fine", tmp_path) == "fine"


@LEVELS
def test_new_files_that_git_would_obey_are_moved_aside(tmp_path, walls):
    (tmp_path / ".git").mkdir()
    told = "(moved aside, git would obey it: config, commondir)"
    assert sh("echo evil | tee .git/commondir > .git/config", tmp_path, walls) == told
    assert not (tmp_path / ".git" / "commondir").exists()
    assert sh("mkdir new && git init -q new && test -f new/.git/config && echo made", tmp_path, walls) == "made"


def test_a_folder_to_read_inside_the_workspace_cannot_be_replaced(tmp_path):
    inner = tmp_path / "a" / "b" / "data"
    inner.mkdir(parents=True)
    readable = {"readable": [str(inner)]}
    assert "Read-only" in sh("touch a/b/data/x", tmp_path, "namespaces", **readable)
    assert "busy" in sh("mv a z", tmp_path, "namespaces", **readable)
    assert "busy" in sh("mv a/b a/z", tmp_path, "namespaces", **readable)


def test_calls_at_once_have_sandboxes_of_their_own(tmp_path):
    async def both():
        context = ToolContext(tmp_path)
        code = "import time, os\nopen(f'{who}', 'w').close()\nwhile len(os.listdir()) < 2: time.sleep(0.01)\nprint(who)"
        return await asyncio.gather(*(run_program(f"who = {who}\n{code}", context) for who in (1, 2)))

    assert asyncio.run(both()) == ["1", "2"]


def test_a_cancelled_call_leaves_the_sandbox_fit_for_the_next(tmp_path):
    async def cancelled():
        sandbox = Sandbox(tmp_path)
        await sandbox.start()
        task = asyncio.ensure_future(sandbox.run({"command": "sleep 60"}, Limits()))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() and sandbox.is_free
        ended = await sandbox.run({"command": "echo next"}, Limits())
        sandbox.close()
        return ended.output

    assert asyncio.run(cancelled()) == b"next\n"


@LEVELS
def test_a_program_that_ends_its_server_does_not_end_the_next(tmp_path, walls):
    killing = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nwhile True: pass"
    # The first process of a namespace is not killed from within it; elsewhere the supervisor is asked.
    ended = {"namespaces": "stopped after 1 s", "landlock": "PermissionError"}
    assert ended[walls] in run(killing, tmp_path, walls, timeout_s=1)
    assert run("1 + 1", tmp_path, walls) == "2"


@LEVELS
def test_a_program_that_stops_its_server_does_not_hold_the_call(tmp_path, walls):
    stopping = "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nprint('stopped')"
    started = time.monotonic()
    ended = {"namespaces": "stopped", "landlock": "PermissionError"}
    assert ended[walls] in run(stopping, tmp_path, walls)
    assert time.monotonic() - started < 6


@LEVELS
def test_a_process_whose_first_thread_has_ended_does_not_outlive_the_call(tmp_path, walls):
    code = """
import ctypes, os, threading, time
if os.fork() == 0:
    def beat():
        while True:
            open('beat', 'a').write('.')
            time.sleep(0.02)
    threading.Thread(target=beat, daemon=True).start()
    time.sleep(0.1)
    ctypes.CDLL(None).pthread_exit(None)
time.sleep(0.3)
"""
    run(code, tmp_path, walls)
    size = (tmp_path / "beat").stat().st_size
    time.sleep(0.3)
    assert (tmp_path / "beat").stat().st_size == size > 0


def test_when_the_host_is_killed_everything_inside_ends_and_its_folder_goes(tmp_path):
    script = """
import asyncio, pathlib, sys
from agentx_tools.sandbox.client import Sandbox
from agentx_tools.sandbox.limits import Limits
async def main():
    sandbox = Sandbox(pathlib.Path(sys.argv[1]))
    await sandbox.start()
    print(sandbox.process_id, flush=True)
    await sandbox.run({"command": "echo $TMPDIR; (setsid sleep 99.75 &) ; touch started; sleep 99.75"}, Limits())
asyncio.run(main())
"""
    host = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert host.stdout is not None
    supervisor = int(host.stdout.readline())
    while not (tmp_path / "started").exists():
        time.sleep(0.01)
    inside = tree.below(supervisor)
    assert len(inside) >= 3
    host.send_signal(signal.SIGKILL)
    host.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(tree.state(process) not in "ZX" for process in [supervisor, *inside]):
        time.sleep(0.02)
    assert all(tree.state(process) in "ZX" for process in [supervisor, *inside])


def test_the_sandboxs_own_folder_is_gone_when_it_is_closed(tmp_path, monkeypatch):
    place, workspace = tmp_path / "temporary", tmp_path / "workspace"
    place.mkdir()
    workspace.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)

    async def whole():
        sandbox = Sandbox(workspace)
        await sandbox.start()
        assert list(place.glob("agentx-sandbox-*"))
        deep = "cd $TMPDIR; for n in $(seq 1500); do mkdir d && cd d; done; chmod 0 $TMPDIR/d"
        await sandbox.run({"command": deep}, Limits())
        sandbox.close()

    asyncio.run(whole())
    assert not list(place.glob("agentx-sandbox-*"))


def test_a_workspace_that_holds_the_temporary_files_does_not_hold_the_sandboxs_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    pool.close_all()
    assert sh("ls", tmp_path) == "(no output; print what you want to see)"
    pool.close_all()
    assert "choose a smaller one" in sh("ls", Path("/"))


def test_where_no_wall_holds_code_runs_only_when_the_user_said_so(tmp_path):
    async def start(*levels):
        sandbox = Sandbox(tmp_path, levels=levels)
        await sandbox.start()
        ended = await sandbox.run({"command": "cat /etc/passwd | head -c 4"}, Limits(timeout_s=5))
        sandbox.close()
        return sandbox.level, ended.output

    with pytest.raises(NoWalls, match="no level of the sandbox holds here"):
        asyncio.run(start())
    assert asyncio.run(start(Level.NONE)) == (Level.NONE, b"root")
    with pytest.raises(SandboxError, match="is no folder"):
        asyncio.run(Sandbox(tmp_path / "none").start())
    assert "This machine cannot confine a program" in call(shell, tmp_path, command="ls", settings={"walls": []})
    unsafe = {"walls": [], "unsafe": True}
    assert call(shell, tmp_path, command="head -c 4 /etc/passwd", settings=unsafe) == "root"
    bomb = "import os, time\nfor _ in range(99):\n    if os.fork() == 0: time.sleep(9); os._exit(0)\ntime.sleep(9)"
    stopped = call(python, tmp_path, code=bomb, settings=unsafe)
    assert stopped == "error: stopped, the program started more than 64 processes"


def test_without_walls_small_computations_go_through_monty(tmp_path):
    def computed(code, **settings):
        return call(python, tmp_path, code=code, settings={"walls": [], **settings})

    assert computed("x = [n ** 2 for n in range(4)]\nprint('sum')\nsum(x)") == "sum\n14"
    assert "ZeroDivisionError" in computed("print(1)\n1 / 0")
    assert "few modules" in computed("import socket")
    assert "PermissionError" in computed("open('/etc/passwd').read()")
    assert "time limit" in computed("while True: pass", timeout_s=0.5)
    assert computed("def f(:").startswith("error: ")
