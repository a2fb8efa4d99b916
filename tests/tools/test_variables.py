"""What a program has bound, and the next program of the session finds."""

import asyncio
import inspect
import os
import pickle
import time
from pathlib import Path

import pytest
from agentx_tools.python import run_program
from agentx_tools.sandbox.client import Ended
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level
from agentx_tools.variables import Variables

from agentx.errors import ToolError
from agentx.provenance import Provenance
from agentx.tool import Marks, ToolContext
from agentx.tool_state import MemoryStates, ToolState


class Programs:
    """The programs of a session, one after the other."""

    def __init__(self, folder: Path, limits: Limits | None = None, **settings):
        self.folder, self.limits, self.settings = folder, limits, settings
        self.states, self.ended = MemoryStates(), []

    def context(self, provenance=None, **tools):
        marks = Marks()
        state = ToolState(
            self.states, "s", f"call-{len(self.ended)}", tuple(self.ended), marks, provenance or Provenance()
        )

        async def call(name, arguments):
            return tools[name](**arguments)

        functions = {name: list(inspect.signature(function).parameters) for name, function in tools.items()}
        return ToolContext(
            self.folder,
            settings=self.settings,
            functions=functions,
            call_tool=call if tools else None,
            marks=marks,
            state=state,
        )

    def run(self, code, **tools):
        context = self.context(**tools)
        try:
            output = asyncio.run(run_program(code, context, self.limits))
        except ToolError as error:
            output = str(error)
        self.ended.append(context.state.call_id)
        return output

    def left(self):
        """What the last program left, as the host has it."""
        return self.states.newest("s", self.ended)


@pytest.fixture
def programs(tmp_path):
    return Programs(tmp_path)


NOTHING = "(no output; print what you want to see)"
DEFINITIONS = """
import collections as c
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

@dataclass
class Point:
    x: int
    tags: list

class Pair(NamedTuple):
    one: int
    two: int

class Tall(Point):
    def height(self):
        return super().__repr__() + _unit

def total(rows):
    return sum(rows) + _base()

def _base():
    return offset

def counter():
    count = 0
    def more():
        nonlocal count
        count += 1
        return count
    return more

offset, _unit = 10, "m"
groups = c.defaultdict(list)
groups["a"].append(1)
point = Point(1, [2])
same = [point]
more = counter()
first = more()
"""


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("print(offset, _unit)", "10 m"),
        ("groups['b'].append(2)\nprint(dict(groups))", "{'a': [1], 'b': [2]}"),
        ("print(point, isinstance(point, Point), point == Point(1, [2]))", "Point(x=1, tags=[2]) True True"),
        ("same[0].x = 5\nprint(point.x)", "5"),
        ("print(total([1, 2]))", "13"),
        ("offset = 100\nprint(total([1]))", "101"),
        ("print(Tall(1, []).height())", "Tall(x=1, tags=[])m"),
        ("print(more(), more())", "2 3"),
        ("print(c.Counter('aab')['a'], Pair(1, 2).two)", "2 2"),
        ("print(datetime(2020, 1, 2).year)", "2020"),
    ],
)
def test_what_a_program_has_bound_the_next_one_has(programs, code, result):
    assert programs.run(DEFINITIONS) == NOTHING
    assert programs.run("another = 1") == NOTHING  # which keeps what it was given
    assert programs.run(code) == result


@pytest.mark.parametrize("walls", ["namespaces", "landlock"])
def test_variables_are_kept_behind_each_kind_of_walls(tmp_path, walls):
    programs = Programs(tmp_path, walls=[walls])
    programs.run("def double(n): return 2 * n\nrows = [1]")
    assert programs.run("print(double(rows[0]))") == "2"


def test_variables_are_kept_without_walls(tmp_path):
    programs = Programs(tmp_path, walls=[], unsafe=True)
    programs.run("def double(n): return 2 * n\nrows = [1]")
    assert programs.run("print(double(rows[0]))") == "2"


def test_a_program_that_raises_leaves_what_it_had_bound(programs):
    assert "ZeroDivisionError" in programs.run("rows = [1]\nrows.append(1 / 0)\nlate = 1")
    assert programs.run("print(rows)") == "[1]"
    assert "NameError" in programs.run("late")
    assert "'done'" in programs.run("import sys\nrows = [2]\nsys.exit('done')")
    assert programs.run("print(rows)") == "[2]"


def test_a_program_that_is_killed_leaves_what_was_there_before(tmp_path):
    programs = Programs(tmp_path, Limits(timeout_s=1))
    programs.run("rows = [1]")
    assert "did not end" in programs.run("rows = [2]\nwhile True: pass")
    assert "SIGKILL" in programs.run("rows = [3]\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert "SyntaxError" in programs.run("rows = [4")
    assert programs.run("print(rows)") == "[1]"


def test_a_variable_that_is_deleted_is_gone(programs):
    programs.run("rows = [1]")
    programs.run("del rows")
    assert "NameError" in programs.run("rows")


@pytest.mark.parametrize(
    ("binding", "why"),
    [
        ("f = open('a', 'w')", "`f` was not kept: an open file"),
        ("open('a', 'w').close()\nf = open('a')", "`f` was not kept: an open file"),
        ("f = [open('a', 'w')]", "`f` was not kept: it holds an open file"),
        ("f = (n for n in [1])", "`f` was not kept: a generator"),
        ("import socket\nf = socket.socketpair()[0]", "`f` was not kept: a socket"),
        ("import threading\nf = {'lock': threading.Lock()}", "`f` was not kept: it holds a lock"),
        (
            "import sqlite3\nf = sqlite3.connect(':memory:')",
            "`f` was not kept: an object of the type sqlite3.Connection",
        ),
        ("f = bytes(3 * 2**20)", "`f` was not kept: it is too large"),
        ("f = add", "`f` was not kept: it is a function that each program is given"),
        ("class F:\n  def __reduce__(self): raise SystemExit(3)\nf = F()", "`f` was not kept: it cannot be pickled"),
        ("import types\nf = types.ModuleType('f')", "`f` was not kept: it is a module that no file holds"),
        ("from typing import NewType\nf = NewType('f', int)", "`f` was not kept: it cannot be pickled"),
    ],
)
def test_what_cannot_be_kept_is_said_when_it_is_missed_and_the_rest_is_kept(tmp_path, binding, why):
    programs = Programs(tmp_path, keep_bytes=2**20)
    assert programs.run(f"before = 1\n{binding}\nafter = [2]\ndef uses(): return f", add=lambda: 1) == NOTHING
    assert programs.run("print(before, after)", add=lambda: 1) == "1 [2]"
    output = programs.run("uses()", add=lambda: 1)
    assert "NameError: name 'f' is not defined" in output and why in output
    assert output.endswith("line 1: uses()\n  in uses of an earlier program")
    programs.run("f = 1")
    assert programs.run("print(uses())") == "1"


def test_of_much_the_small_is_kept(tmp_path):
    programs = Programs(tmp_path, keep_bytes=2**20)
    programs.run("a = bytes(900_000)\nb = bytes(400_000)\nc = 'small'\ndef size(): return len(a)")
    assert programs.run("print(len(b), c)") == "400000 small"
    assert "`a` was not kept: it is too large" in programs.run("size()")
    assert len(programs.left()) < 2**20 + 1_000


def test_nothing_old_comes_back_where_the_new_is_too_large(tmp_path):
    programs = Programs(tmp_path, keep_bytes=1_000)
    programs.run("a = 'old'")
    programs.run("a = 'x' * 930")
    assert "`a` was not kept: it is too large" in programs.run("a")


def test_a_name_that_python_or_the_run_has_itself_is_not_hidden_later(programs):
    tools = {"add": lambda: 7}
    programs.run("sum = 5\nadd = 6\njson = '{}'\nlook = 1\nx = 1", **tools)
    assert programs.run("print(sum([1, 2]), add(), json.loads('1'), x)", **tools) == "3 7 1 1"
    assert "1" in programs.run("look()\nprint(x)", **tools)


def test_a_kept_function_has_the_modules_that_each_program_has(programs):
    tools = {"glob": lambda pattern: [pattern]}
    code = (
        "import json\nfrom pathlib import Path\ndef load(p): return json.loads('[1]'), Path(p).name, glob.escape('*')"
    )
    programs.run(code, **tools)
    programs.run("x = 1", **tools)
    assert programs.run("print(load('a'))", **tools) == "([1], 'a', '[*]')"
    assert b'"modules": {}' in programs.left()


def test_a_program_that_may_recurse_deeply_ends_well(programs):
    code = "import sys\nsys.setrecursionlimit(100_000)\nrows = [1]\nlinked = None\n"
    assert programs.run(f"{code}for n in range(50_000): linked = [linked]") == NOTHING
    assert programs.run("print(rows)") == "[1]"
    assert "`linked` was not kept: it cannot be pickled" in programs.run("linked")


CACHED = """
import functools
class Table:
    @functools.lru_cache(maxsize=7)
    def total(self): return offset + 1
@functools.cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def nested():
    @functools.cache
    def count(n): return n and 1 + count(n - 1)
    return count
offset, table, count = 10, Table(), nested()
"""


def test_functions_with_a_cache_are_kept(programs):
    programs.run(CACHED)
    programs.run("x = 1")
    assert programs.run("print(table.total(), Table.total.cache_parameters()['maxsize'])") == "11 7"
    assert programs.run("print(fib(30), count(5))") == "832040 5"


@pytest.mark.parametrize("use", ["kept[0](1)", "kept[0].__supertype__", "isinstance(1, kept[0])"])
def test_what_is_not_there_raises_wherever_it_is_used(programs, use):
    programs.run("from typing import NewType\nkept = [NewType('f', int)]\nf = kept[0]")
    assert "Error: `f` was not kept" in programs.run(use)
    assert "`kept` was not kept: it cannot be pickled" in programs.run("kept")  # and it is not kept on


HELPER = """
import enum, typing
def parse(): pass
class Row(dict):
    def __init__(self, n): self.n = n
class Many(list): pass
class Color(enum.Enum): RED = 1
class Pair(typing.NamedTuple):
    a: int
    b: int
class Wrong(Exception): pass
"""


@pytest.mark.parametrize("broken", ["class Other: pass", "def parse(:", "1 / 0", "import nowhere_at_all"])
def test_a_name_that_its_module_has_no_more_is_lost_alone(programs, broken):
    helper = programs.folder / "helperx.py"
    helper.write_text(HELPER)
    programs.run("from helperx import *\ndata, row, rows = [1], Row(1), [Row(3)]\nrow['a'] = rows[0]['a'] = 2")
    programs.run("one, two, three = [Many([1])], {'c': Color.RED}, (Pair(1, 2), Wrong('x'))\nclass Tall(Row): pass")
    helper.write_text(broken)
    assert programs.run("print(data)") == "[1]"
    assert programs.run("print(data)") == "[1]"
    for name in ("parse", "Row", "row", "rows", "one", "two", "three"):
        assert f"`{name}` was not kept: `helperx." in programs.run(name)
    assert "`Tall` was not kept" in programs.run("Tall")


def test_a_missing_name_is_told_with_those_that_are_there(programs):
    assert "nothing is kept from earlier programs" in programs.run("rows")
    programs.run("table = 1\nimport statistics as st")
    assert "kept from earlier programs: st, table" in programs.run("rows")


def test_programs_without_a_session_start_anew(tmp_path):
    with pytest.raises(ToolError, match="each program starts anew"):
        asyncio.run(run_program("rows", ToolContext(tmp_path)))


def test_the_setting_turns_it_off(tmp_path):
    programs = Programs(tmp_path, keep_variables=False)
    programs.run("rows = [1]")
    assert "each program starts anew" in programs.run("rows") and programs.left() is None


@pytest.mark.parametrize(
    "setting", [{"keep_variables": "no"}, {"keep_bytes": 0}, {"keep_bytes": True}, {"keep_bytes": "16 MiB"}]
)
def test_a_wrong_setting_is_said(tmp_path, setting):
    output = Programs(tmp_path, **setting).run("1")
    assert output.startswith("The settings of this tool are wrong: `keep_") and output.endswith(".")


def test_a_program_that_binds_nothing_leaves_nothing(programs):
    programs.run("print(json.dumps(1))\nimport os\nfrom pathlib import Path")
    assert programs.left() is None
    programs.run("rows = [1]")
    before = programs.left()
    programs.run("print(rows)")
    assert programs.left() is before


def test_a_child_of_a_program_leaves_nothing(programs):
    programs.run("import os\nwho = 'parent'\nif os.fork() == 0:\n    who = 'child'\nelse:\n    os.wait()")
    assert programs.run("print(who)") == "parent"


def test_a_module_is_imported_again_only_where_it_is_named(programs, tmp_path):
    (tmp_path / "noisy.py").write_text("print('imported')\nvalue = 3\n")
    assert programs.run("import noisy as n\nx = 1") == "imported"
    assert programs.run("print(x)") == "1"
    assert programs.run("print(n.value)") == "imported\n3"
    (tmp_path / "noisy.py").unlink()
    assert "`n` was not kept: its module cannot be imported" in programs.run("n.value")


HOSTILE = """
import os
class Evil:
    def __reduce__(self):
        return os.system, ("touch {inside}; touch {outside}; echo ran",)
evil = Evil()
kept = 1
"""


def test_what_unpickling_starts_runs_behind_the_walls_alone(programs, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "touched"
    inside = programs.folder / "touched"
    programs.run(HOSTILE.format(inside=inside, outside=outside))
    assert b"system" in programs.left()
    assert not inside.exists() and not outside.exists()  # the host carries it and does not look
    assert programs.run("print(kept)").endswith("\n1")
    assert inside.exists() and not outside.exists()
    inside.unlink()
    programs.folder = tmp_path_factory.mktemp("other")
    programs.run("print(kept)")
    assert not outside.exists() and not inside.exists()


def leave(programs, data):
    made = b'{"level": 2, "hosts": []}\n'
    context = programs.context()
    context.state.write(made + data)
    programs.ended.append(context.state.call_id)


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (b"no JSON", "nothing is kept from earlier programs"),
        (b'{"names": 3, "modules": 4, "lost": 5}\n', "nothing is kept from earlier programs"),
        (b'["names"]\nabc', "nothing is kept from earlier programs"),
        (b'{"names": ["rows"], "modules": {}, "lost": {}}\nno pickle', "what was kept of it cannot be read"),
        (b'{"names": ["rows"], "modules": {}, "lost": {}}\n' + pickle.dumps([1, 2]), "`rows` was not kept"),
        (b'{"names": ["rows"], "modules": {}, "lost": {}}\n' + pickle.dumps({"rows": 1})[:-3], "cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_as_if_it_was_not_there(programs, left, told):
    leave(programs, left)
    assert programs.run("print(1)") == "1"
    leave(programs, left)
    assert told in programs.run("rows")
    programs.run("rows = 1")
    assert programs.run("print(rows)") == "1"


def test_a_program_that_writes_rubbish_to_the_host_harms_itself_alone(tmp_path):
    programs = Programs(tmp_path, Limits(timeout_s=3), keep_bytes=10_000)
    programs.run("x = 1")
    fill = "import os\nfor file in range(3, 9):\n    try: os.write(file, b'{junk' * 100)\n    except OSError: pass"
    programs.run(fill)
    assert programs.run("print(1)") == "1"
    programs.run("x = 2")
    before = programs.left()
    started = time.monotonic()
    programs.run(fill.replace("100)", "100_000)"))
    assert time.monotonic() - started < 15
    assert programs.left() is before and programs.run("print(x)") == "2"


@pytest.mark.parametrize(
    "deed", ["time.sleep(30)", "try: time.sleep(30)\n        except BaseException: return int, (1,)"]
)
@pytest.mark.parametrize("timeout_s", [3, 20])
def test_what_takes_long_to_keep_is_lost_and_the_program_is_well(tmp_path, deed, timeout_s):
    programs = Programs(tmp_path, Limits(timeout_s=timeout_s))
    code = f"import time\nclass Slow:\n    def __reduce__(self):\n        {deed}\nslow, rows = Slow(), [1]"
    started = time.monotonic()
    assert programs.run(code) == NOTHING
    assert time.monotonic() - started < 10
    assert "`slow` was not kept: it takes too long" in programs.run("slow")
    assert "`rows` was not kept: it takes too long" in programs.run("rows")


def test_what_pickling_prints_is_not_the_programs(programs):
    code = "import sys\nclass Loud:\n    def __getstate__(self):\n        print('loud'); print('loud', file=sys.stderr)"
    assert programs.run(f"{code}\n        return 1\n    def __setstate__(self, state): pass\nloud = Loud()") == NOTHING
    assert programs.run("print(type(loud).__name__)") == "Loud"


def test_what_a_thread_of_the_program_prints_meanwhile_is_heard(programs):
    thread = (
        "import threading\ngo = threading.Event()\nt = threading.Thread(target=lambda: go.wait() and print('mine'))"
    )
    loud = "class Loud:\n    def __getstate__(self):\n        print('loud'); go.set(); t.join()\nloud = Loud()"
    assert programs.run(f"{thread}\nt.start()\n{loud}") == "mine"


@pytest.mark.parametrize(
    ("deed", "end"),
    [
        ("import time; time.sleep(30)", "stopped after 2 s"),
        ("import os; os._exit(0)", NOTHING),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ],
)
def test_what_a_program_does_not_live_to_see_read_ends_no_second_one(tmp_path, deed, end):
    programs = Programs(tmp_path, Limits(timeout_s=2, memory_bytes=2**28))
    programs.run(f"class Bad:\n    def __setstate__(self, state):\n        {deed}\nbad = Bad()\nbad.x = rows = 1")
    assert "SyntaxError" in programs.run("x = (")  # which is over before that
    assert end in programs.run("print(1)")
    assert programs.run("print(1)") == "1"
    programs.run("rows = 2")
    assert programs.run("print(rows)") == "2"


@pytest.mark.parametrize(
    ("made", "now", "has"),
    [
        ((Level.NAMESPACES, ()), (Level.NAMESPACES, ()), True),
        ((Level.NONE, ()), (Level.NAMESPACES, ("a.org",)), True),
        ((Level.NAMESPACES, ()), (Level.NONE, ()), False),
        ((Level.NAMESPACES, ()), (Level.LANDLOCK, ()), False),
        ((Level.NAMESPACES, ("a.org", "b.org")), (Level.NAMESPACES, ("a.org",)), True),
        ((Level.NAMESPACES, ("a.org",)), (Level.NAMESPACES, ("a.org", "b.org")), False),
    ],
)
def test_a_program_that_may_do_more_is_not_given_what_one_left_that_may_do_less(tmp_path, made, now, has):
    programs = Programs(tmp_path)
    first = programs.context()
    asyncio.run(Variables(first, *made).leave(Ended(b"", "", 0, None, state=b"+left")))
    programs.ended.append(first.state.call_id)
    assert asyncio.run(Variables(programs.context(), *now).before()) == (b"left" if has else b"")


def test_a_program_that_is_given_text_of_strangers_holds_it(programs):
    tainted = Provenance()
    tainted.taint()
    first = programs.context(tainted)
    asyncio.run(run_program("page = 'theirs'", first))
    programs.ended.append(first.state.call_id)
    second = programs.context()
    assert asyncio.run(run_program("print(page)", second)) == "theirs"
    assert second.marks.untrusted and not first.marks.untrusted


def test_nothing_old_comes_back_where_the_new_could_not_be_written(programs):
    class Full(MemoryStates):
        def write(self, session_id, call_id, state):
            if b"names" in state:
                raise OSError(28, os.strerror(28))
            super().write(session_id, call_id, state)

    programs.run("a = 'old'")
    full = Full()
    full._kept = programs.states._kept
    programs.states, earlier = full, programs.states
    programs.run("a = 'new'")
    programs.states = earlier
    assert "nothing is kept from earlier programs" in programs.run("a")


def test_what_cannot_be_written_is_told_and_the_program_is_well(tmp_path):
    class Full(MemoryStates):
        def write(self, session_id, call_id, state):
            raise OSError(28, os.strerror(28))

    told = []
    state = ToolState(Full(), "s", "call", (), Marks(), Provenance())
    context = ToolContext(tmp_path, state=state, report=told.append, settings={"undo": False})
    assert asyncio.run(run_program("x = 1\nx", context)) == "1"
    assert told == ["The variables of the program are not kept (No space left on device)."]
