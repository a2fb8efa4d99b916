import asyncio
import inspect
import os
import time
from pathlib import Path

import pytest
from agentx_tools.python import Limits, python, run_program

from agentx import changes
from agentx.errors import ToolError
from agentx.tool import ToolContext


def run(code, folder, **limits):
    try:
        return asyncio.run(run_program(code, ToolContext(folder), Limits(**limits)))
    except ToolError as error:
        return str(error)


def processes_with(word):
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [entry] if word.encode() in entry.read_bytes() else []
        except OSError:
            continue
    return found


def test_what_is_printed_comes_back_and_then_the_value_of_the_last_expression(tmp_path):
    code = "import sys\nprint('one')\nprint('two', file=sys.stderr)\nx = [1, 'a']\nx"
    result = asyncio.run(python.function(context=ToolContext(workspace=tmp_path), code=code))
    assert result == "one\ntwo\n[1, 'a']"


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("x = 1", "(no output; print what you want to see)"),
        ("None", "(no output; print what you want to see)"),
        ("", "(no output; print what you want to see)"),
        ("```python\n1 + 1\n```", "2"),
        ("    x = 1\n    x", "1"),
        ("s = '''a\n    \nb'''\nlen(s)", "8"),
        ("    s = '''a\n  b'''\n    len(s)", "5"),
        ("    # first\nif True:\n    x = 1\nx", "1"),
        ("if __name__ == '__main__':\n    print('main')", "main"),
        ("'\\ud800'", "'\\ud800'"),
        ("print('\\ud800✓')", "\\ud800✓"),
        ("raise SystemExit(0)", "(no output; print what you want to see)"),
    ],
)
def test_a_program_runs_as_in_a_session(tmp_path, code, result):
    assert run(code, tmp_path) == result


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (
            "def f(x):\n    return 1 / x\nprint('before')\nf(0)",
            "before\nerror: ZeroDivisionError: division by zero\n  line 4: f(0)\n  line 2 in f: return 1 / x",
        ),
        ("import json\njson.loads('{')", "error: json.decoder.JSONDecodeError: Expecting property name"),
        (
            "for line in ['12', 'May: 7 euros']:\n    total = int(line)",
            "error: ValueError: invalid literal for int() with base 10: 'May: 7 euros'\n"
            "  write int(line.split()[1]) for the number in it\n  line 2: total = int(line)\n"
            "  with line = 'May: 7 euros'",
        ),
        (
            "rows = [['a'] * 9] * 9\nname = 'x' * 999\nrows[10] + name",
            "error: IndexError: list index out of range\n  line 3: rows[10] + name\n"
            f"  with rows = [{', '.join([str(['a'] * 3)[:-1] + ', ...]'] * 3)}, ...]\n       name = 'xxx",
        ),
        ("x = (", "error: SyntaxError: '(' was never closed\n  line 1: x = ("),
        ("input()", "error: EOFError: EOF when reading a line\n  line 1: input()"),
        ("raise SystemExit('no data')", "error: the program exited with 'no data'"),
        ("import os; os._exit(4)", "error: the program ended with the exit code 4"),
        ("import os; os.kill(os.getpid(), 40)", "error: the program was ended by the signal 40"),
        ("import os; os.abort()", "error: the program was ended by the signal SIGABRT"),
        ("def f(): f()\nf()", "error: RecursionError: maximum recursion depth exceeded"),
        ("row = {'name': 1, 'town': 2}\nrow['city']", "error: KeyError: 'city'\n  row has the keys: 'name', 'town'\n"),
        ("def f(d):\n    return d['b']\nf({'a': 1})", "error: KeyError: 'b'\n  d has the keys: 'a'\n  line 3: f"),
        ("rows[0]", "error: NameError: name 'rows' is not defined\n  each program starts anew: "),
        (
            "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
            "error: urllib.error.URLError: <urlopen error [Errno 1] Operation not permitted>\n  a program has no n",
        ),
        ("import socket\nsocket.getaddrinfo('example.org', 80)", "error: socket.gaierror: "),
        ("import toml", "error: ModuleNotFoundError: No module named 'toml'\n  the standard library has: tomllib"),
    ],
)
def test_a_program_that_fails_says_why_and_where_in_its_own_lines(tmp_path, code, result):
    output = run(code, tmp_path)
    assert output.startswith(result)
    assert "_runner.py" not in output and len(output) < 500


def test_a_file_that_is_taken_for_a_variable_is_named(tmp_path):
    (tmp_path / "runs.csv").write_text("km\n5\n")
    told = "error: NameError: name 'runs' is not defined\n  did you mean the file 'runs.csv'?\n"
    assert run("max(runs.csv)", tmp_path).startswith(told)


def test_the_error_comes_first_where_the_output_is_long(tmp_path):
    output = run("print('x' * 5000)\n1 / 0", tmp_path)
    assert output.startswith("error: ZeroDivisionError: division by zero\n  line 2: 1 / 0\noutput before it:\nxxx")


def test_the_environment_is_clean_and_the_home_folder_is_not_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    home, rest = run(
        "import os\nopen(os.environ['HOME'] + '/mark', 'w')\nprint(os.environ.pop('HOME'))\nsorted(os.environ)",
        tmp_path,
    ).splitlines()
    assert rest == "['LANG', 'PATH', 'TMPDIR', 'USER']"
    assert home != str(Path.home()) and not Path(home, "mark").exists()


def test_the_workspace_is_the_current_folder_and_its_modules_can_be_imported(tmp_path):
    (tmp_path / "helpers.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "json.py").write_text("raise RuntimeError('a file of the workspace shadows the library')")
    assert run("import os, json, helpers\nos.getcwd(), helpers.double(4)", tmp_path) == f"('{tmp_path}', 8)"


def test_a_program_without_an_end_is_stopped_and_what_it_printed_is_kept(tmp_path):
    started = time.monotonic()
    output = run("print('first')\nwhile True: pass", tmp_path, timeout_s=0.5)
    assert output == "first\nerror: stopped after 0.5 s, the program did not end"
    assert time.monotonic() - started < 5


def test_a_program_that_prints_without_end_is_stopped(tmp_path):
    output = run("while True: print('x' * 1000)", tmp_path, output_bytes=100_000)
    assert output.startswith("error: stopped, the program printed more than 97 KiB\noutput before it:\nxxx")
    assert len(output) < 101_000


def test_memory_and_file_size_are_limited(tmp_path):
    assert "MemoryError" in run("x = bytearray(3 * 2**30)", tmp_path)
    assert "File too large" in run("open('a', 'wb').write(b'x' * 200_000)", tmp_path, file_bytes=100_000)
    assert (tmp_path / "a").stat().st_size == 100_000


def test_the_limits_reach_the_program(tmp_path):
    code = "import resource as r\n[r.getrlimit(k)[0] for k in (r.RLIMIT_CPU, r.RLIMIT_DATA, r.RLIMIT_CORE)]"
    assert run(code, tmp_path, timeout_s=5) == f"[12, {2 * 2**30}, 0]"


def test_what_a_program_leaves_in_the_background_is_killed(tmp_path):
    mark = f"77.{os.getpid()}1"
    started = time.monotonic()
    assert run(f"import subprocess\nsubprocess.Popen(['sleep', '{mark}'])\n5", tmp_path) == "5"
    assert time.monotonic() - started < 5
    assert not processes_with(mark)


def test_a_background_process_that_left_the_group_does_not_hold_the_call(tmp_path):
    started = time.monotonic()
    code = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(15)\nelse:\n    print('parent')"
    assert run(code, tmp_path) == "parent"
    assert time.monotonic() - started < 10


def test_a_cancelled_call_kills_the_program(tmp_path):
    mark = f"77.{os.getpid()}2"

    async def cancel():
        code = f"import subprocess\nopen('started', 'w').close()\nsubprocess.run(['sleep', '{mark}'])"
        task = asyncio.create_task(run_program(code, ToolContext(tmp_path)))
        while not (tmp_path / "started").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert not processes_with(mark)


def test_a_program_that_cannot_be_started_is_said_so(tmp_path):
    with pytest.raises(ToolError, match=r"could not be run: .*none is no folder"):
        asyncio.run(run_program("1", ToolContext(tmp_path / "none")))
    with pytest.raises(ToolError, match="half of a surrogate pair"):
        asyncio.run(run_program("x = '\ud800'", ToolContext(tmp_path)))


def test_the_tool_says_what_it_may_do():
    assert python.capabilities == {"executes"}
    assert list(python.parameters["properties"]) == ["code"]


def with_tools(code, folder, **tools):
    async def call(name, arguments):
        return tools[name](**arguments)

    parameters = {name: list(inspect.signature(function).parameters) for name, function in tools.items()}
    try:
        return asyncio.run(run_program(code, ToolContext(folder, functions=parameters, call_tool=call)))
    except ToolError as error:
        return str(error)


def test_the_other_tools_of_the_run_are_functions_of_the_program(tmp_path):
    code = "print(add(1, b=2))\nfrom functions import add as plus\nprint(plus(3, 4))"
    assert with_tools(code, tmp_path, add=lambda a, b: a + b) == "3\n7"


def test_a_tool_with_a_foreign_name_has_an_identifier_in_the_program(tmp_path):
    async def call(name, arguments):
        return [name, arguments]

    context = ToolContext(tmp_path, functions={"math.add": ["first-number"]}, call_tool=call)
    assert asyncio.run(run_program("math_add(first_number=1)", context)) == "['math.add', {'first-number': 1}]"


def test_a_tool_that_fails_raises_in_the_program(tmp_path):
    def broken():
        raise ToolError("The lamp is off.")

    assert "ToolFailed: The lamp is off." in with_tools("broken()", tmp_path, broken=broken)
    assert with_tools("try:\n    broken()\nexcept Exception as e:\n    print('no:', e)", tmp_path, broken=broken) == (
        "no: The lamp is off."
    )


def test_too_many_arguments_are_named(tmp_path):
    assert "add() takes at most 2 arguments: a, b" in with_tools("add(1, 2, 3)", tmp_path, add=lambda a, b: a + b)


def test_a_program_that_changes_nothing_leaves_the_workspace_as_it_was(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    before = changes.fingerprint(tmp_path)
    assert run("print(open('old.txt').read())", tmp_path) == "old"
    assert before and changes.fingerprint(tmp_path) == before


def test_common_modules_need_no_import(tmp_path):
    assert run("print(json.dumps(math.floor(2.5)), Path('a/b').name)", tmp_path) == "2 b"


def test_a_function_that_is_called_like_a_module_hides_nothing_of_it(tmp_path):
    (tmp_path / "a.md").touch()

    async def call(name, arguments):
        return [f"{name} {arguments}"]

    context = ToolContext(tmp_path, functions={"glob": ["pattern"]}, call_tool=call)
    code = "print(glob('*.md'), glob.glob('*.md'))\nimport glob\nprint(glob.glob('*.md'))"
    assert asyncio.run(run_program(code, context)) == "[\"glob {'pattern': '*.md'}\"] ['a.md']\n['a.md']"


def test_the_clock_stands_still_while_the_host_carries_out_a_call(tmp_path):
    async def call(name, arguments):
        await asyncio.sleep(1.5)
        return "done"

    context = ToolContext(tmp_path, functions={"slow": []}, call_tool=call)
    limits = Limits(timeout_s=1)
    assert asyncio.run(run_program("print(slow())", context, limits)) == "done"
    with pytest.raises(ToolError, match="stopped after 1 s"):
        asyncio.run(run_program("slow()\nwhile True: pass", context, limits))


def test_many_files_and_calls_do_not_stop_the_clock(tmp_path):
    async def call(name, arguments):
        return "done"

    code = "for n in range(3000): open(f'f{n}', 'w').write('x')\nwhile True: quick()"
    context = ToolContext(tmp_path, functions={"quick": []}, call_tool=call)
    started = time.monotonic()
    with pytest.raises(ToolError, match="stopped after 3 s"):
        asyncio.run(run_program(code, context, Limits(timeout_s=3)))
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("mode", ["mode='a'", "'a'", "'a', 'utf-8'", "'a', encoding='utf-8'"])
def test_text_is_added_by_the_mode_that_models_give_it(tmp_path, mode):
    (tmp_path / "list.txt").write_text("milk\n")
    assert run(f"Path('list.txt').write_text('bread\\n', {mode})", tmp_path) == "6"
    assert (tmp_path / "list.txt").read_text() == "milk\nbread\n"


def test_text_is_written_as_the_library_does(tmp_path):
    code = "Path('a.txt').write_text('ä', 'latin-1')\nPath('a.txt').write_text('ö', encoding='latin-1', newline='')"
    assert run(code, tmp_path) == "1"
    assert (tmp_path / "a.txt").read_bytes() == b"\xf6"
    assert "write_text() missing 1 required positional argument: 'data'" in run("Path('a.txt').write_text()", tmp_path)
    assert "must be str, not bytes" in run("Path('a.txt').write_text(b'x')", tmp_path)
    assert "must be one of a, w, x" in run("Path('a.txt').write_text('x', mode='wb')", tmp_path)
    assert (tmp_path / "a.txt").read_bytes() == b"\xf6", "what cannot be written has emptied nothing"


def test_tables_become_markdown_and_excel_files(tmp_path):
    (tmp_path / "menu.csv").write_text("dish,price\nsoup,3\n")
    code = (
        "import pandas as pd\nmenu = pd.read_csv('menu.csv')\nmenu.to_excel('menu.xlsx', index=False)\n"
        "print(pd.read_excel('menu.xlsx').to_markdown(index=False))"
    )
    assert run(code, tmp_path) == "| dish   |   price |\n|:-------|--------:|\n| soup   |       3 |"
