"""What a program has bound at its top level, kept for the next program of the session.

It is pickled when a program ends and unpickled before the next begins, both behind the walls and within the program's
time. The host carries the bytes and never looks into them: they are whatever a program has written.
"""

import builtins
import importlib
import io
import json
import os
import pickle
import re
import signal
import sys
import threading
import types
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO

from agentx_tools._gone import CANNOT_BE_PICKLED, NotThere, Reader, not_there, refuse

EARLIER = "<dynamic-code>"
"""The file that cloudpickle names for functions of earlier programs, whose lines are those of another text."""
BEGUN = b"+"
"""Is written when what was kept has been read: a program that ends before cannot live with it."""
MAX_TOLD = 20
_MAX_LOST = 200
_PASSES = 4
"""So many times what may be kept is pickled to find out what of it can be."""
_DEEPEST = 1_000
"""Python's own limit of recursion: beneath a higher one, pickling what is linked deeply ends the process."""
_TOO_LARGE = "it is too large"
_TOO_LONG = "it takes too long"
_KINDS = {
    "TextIOWrapper": "an open file",
    "BufferedReader": "an open file",
    "BufferedWriter": "an open file",
    "BufferedRandom": "an open file",
    "FileIO": "an open file",
    "generator": "a generator",
    "socket": "a socket",
    "lock": "a lock",
    "RLock": "a lock",
}


class Variables:
    """The variables of a program, from those that an earlier one has left to those that it leaves itself.

    Args:
        main: the module that the program will be.
        state: what the program before has left (see `save`); empty where none has.
        keep: file descriptor for what this program leaves.
        max_bytes: how much that may be.
        common: names of modules that a program may use without importing them; Path is one of them.
    """

    def __init__(self, main: types.ModuleType, state: bytes, keep: int, max_bytes: int, common: frozenset[str]) -> None:
        self._main = main
        self._state = state
        self._keep = keep
        self._max_bytes = max_bytes
        self._common = common
        self._process = os.getpid()
        self._begun = False
        self._standing: dict[str, Any] = {}
        self._given: Mapping[str, Any] = {}
        self._kept: list[str] = []
        self._lost: dict[str, str] = {}
        self._not_imported: dict[str, str] = {}
        self._clock = _Clock()

    def restore(self, given: Mapping[str, Any], used: Collection[str]) -> None:
        """Puts what was kept beside what stands in the module; what cannot be read is lost.

        Args:
            given: what each program is given by the host, which nothing hides.
            used: the names in the program: a module that it does not name is not imported.
        """
        self._begun, self._given, self._standing = True, given, dict(vars(self._main))
        if self._state:
            self._read(used)
        os.write(self._keep, BEGUN)

    def _read(self, used: Collection[str]) -> None:
        line, _, pickled = self._state.partition(b"\n")
        try:
            header = json.loads(line)
            names, modules, self._lost = list(header["names"]), dict(header["modules"]), dict(header["lost"])
        except Exception:
            return
        if header.get("functions"):
            self._bind_common()
        found: dict[Any, Any] = {}
        try:
            found.update(Reader(io.BytesIO(pickled)).load() if names else {})
        except BaseException:
            self._lost.update(dict.fromkeys(names, "what was kept of it cannot be read"))
        # A function may name any of them.
        wanted = modules if header.get("functions") else modules.keys() & set(used)
        self._not_imported = {name: modules[name] for name in modules.keys() - set(wanted)}
        for name in wanted:
            try:
                found[name] = importlib.import_module(modules[name])
            except BaseException:
                self._lost[name] = "its module cannot be imported"
        self._lost.update((name, why) for name, value in found.items() if (why := not_there(value)))
        found = {
            name: value
            for name, value in found.items()
            if isinstance(name, str) and name not in self._given and not not_there(value)
        }
        self._kept = sorted(found.keys() | self._not_imported.keys())
        vars(self._main).update(found)

    def _bind_common(self) -> None:
        """A function of an earlier program may use each of them, also where this program names none."""
        for name in self._common - vars(self._main).keys():
            value = Path if name == "Path" else importlib.import_module(name)
            self._standing[name] = vars(self._main)[name] = value

    def save(self, time_s: float) -> None:
        """Writes what the next program is to have; nothing where that is what this one had.

        Args:
            time_s: seconds that pickling may take.

        What is written, behind `BEGUN`, is a line of JSON and a pickle of all variables but those that are modules. The
        line has the names of the pickled ones, the modules by their variables, which variables were lost and why, and
        whether there are functions.
        """
        # A child that has run on to the end of the program is another.
        if os.getpid() != self._process:
            return
        if not self._begun:
            os.write(self._keep, BEGUN)
            return
        sys.setrecursionlimit(_DEEPEST)
        values, modules, lost = self._bound()
        lost = {name: why for name, why in self._lost.items() if name not in vars(self._main)} | lost
        names, pickled, by_value = list(values), b"", False
        with (
            _ringing(self._clock, time_s),
            redirect_stdout(_Unheard(sys.stdout)),
            redirect_stderr(_Unheard(sys.stderr)),
        ):
            pickled, by_value = self._pickled(values, lost)
        if self._clock.has_rung:
            lost.update(dict.fromkeys(names, _TOO_LONG))
            values, pickled, by_value = {}, b"", False
        modules.update(self._not_imported)
        if not (values or modules or lost or self._state):
            return
        state = _written(list(values), modules, lost, by_value) + pickled
        if len(state) > self._max_bytes:
            lost.update(dict.fromkeys([*values, *modules], _TOO_LARGE))
            state = _written([], {}, lost, False)
        if state != self._state:
            with open(self._keep, "wb", closefd=False) as file:
                file.write(state)

    def told(self, name: str) -> str:
        """Why the program has no such variable, or which it has from earlier ones."""
        if name in self._lost:
            return f"`{name}` was not kept: {self._lost[name]}"
        names = ", ".join(self._kept[:MAX_TOLD])
        return f"kept from earlier programs: {names}" if names else "nothing is kept from earlier programs"

    def _bound(self) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """What the program has bound: values to be pickled, modules by their names, and what is not kept."""
        values: dict[str, Any] = {}
        modules: dict[str, str] = {}
        lost: dict[str, str] = {}
        for name, value in list(vars(self._main).items()):
            if name == "_" or name.startswith("__") or (name in self._standing and value is self._standing[name]):
                continue
            self._not_imported.pop(name, None)
            if name in self._common and (value is Path or sys.modules.get(name) is value):
                pass  # each program has it
            elif why := self._refused(name, value):
                lost[name] = why
            elif isinstance(value, types.ModuleType):
                modules[name] = value.__name__
            else:
                values[name] = value
        return values, modules, lost

    def _refused(self, name: str, value: Any) -> str | None:
        """Why a variable is not kept, though it could be; None where it is.

        A program that sums up in `sum` does not expect that the next has no function of this name.
        """
        if name in self._given:
            return "it has the name of a function that each program is given"
        if hasattr(builtins, name):
            return "it has the name of something that Python itself has"
        if name in self._common and not callable(value):
            return "it has the name of a module that each program has"
        if any(value is function for function in self._given.values()):
            return "it is a function that each program is given"
        if isinstance(value, types.ModuleType) and sys.modules.get(value.__name__) is not value:
            return "it is a module that no file holds"
        return None

    def _pickled(self, values: dict[str, Any], lost: dict[str, str]) -> tuple[bytes, bool]:
        """All of them in one pickle, so that what they share stays shared, and whether it holds functions.

        What cannot be kept goes from `values` to `lost`.
        """
        if not values:
            return b"", False
        with suppress(BaseException):
            return self._dumped(values)
        sizes: dict[str, int] = {}
        left = _PASSES * self._max_bytes
        for name, value in list(values.items()):
            try:
                if left <= 0:
                    raise _TooLarge
                sizes[name] = len(self._dumped({name: value})[0])
                left -= sizes[name]
            except BaseException as error:
                left -= self._max_bytes if isinstance(error, _TooLarge) else 0
                lost[name] = _why(error, values.pop(name))
        total = 0
        for name in sorted(sizes, key=sizes.__getitem__):
            total += sizes[name]
            if total > self._max_bytes:
                lost[name] = _why(_TooLarge(), values.pop(name))
        with suppress(BaseException):
            return self._dumped(values)
        lost.update(dict.fromkeys(values, CANNOT_BE_PICKLED))
        values.clear()
        return b"", False

    def _dumped(self, values: dict[str, Any]) -> tuple[bytes, bool]:
        if self._clock.has_rung:
            raise _TooLong
        try:
            file = _Bounded(self._max_bytes)
            _ByName(file, 5).dump(values)
            # What says of itself where it stands, as a type variable does, may stand in the program.
            if b"__main__" not in (pickled := file.getvalue()):
                return pickled, False
        except (_TooLarge, NotThere):
            raise
        except Exception:
            pass
        from agentx_tools._by_value import ByValue

        file = _Bounded(self._max_bytes)
        ByValue(file, self._main).dump(values)
        return file.getvalue(), True


class _TooLarge(Exception):
    pass


class _OfTheProgram(Exception):
    pass


class _TooLong(BaseException):
    """Is none that a program's own code would catch with `except Exception`."""


class _Clock:
    has_rung = False


@contextmanager
def _ringing(clock: _Clock, time_s: float) -> Generator[None]:
    """Ends what takes longer; what has caught the exception is told by the clock."""

    def ring(*_: Any) -> None:
        clock.has_rung = True
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, time_s)
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _TooLong:
        pass
    finally:
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


class _Unheard(io.TextIOBase):
    """Takes what the code prints that pickling calls, for the program has ended; its other threads have not."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, s: str, /) -> int:
        return len(s) if threading.get_ident() == self._thread else self._stream.write(s)


class _Bounded(io.BytesIO):
    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > self._most:
            raise _TooLarge
        return super().write(data)


class _ByName(pickle.Pickler):
    """Python's own way, which names functions and classes: those of the program are not there later."""

    def reducer_override(self, value: Any) -> Any:
        refuse(value)
        if isinstance(value, type | types.FunctionType) and value.__module__ == "__main__":
            raise _OfTheProgram
        return NotImplemented


def _written(names: list[str], modules: dict[str, str], lost: dict[str, str], functions: bool) -> bytes:
    told = dict(list(lost.items())[-_MAX_LOST:])
    header = {"names": names, "modules": modules, "lost": told, "functions": functions}
    return json.dumps(header).encode() + b"\n"


def _why(error: BaseException, value: Any) -> str:
    if isinstance(error, _TooLarge):
        return _TOO_LARGE
    if isinstance(error, NotThere):
        return str(error)
    if not (found := re.search(r"cannot pickle '([\w.]+)' object", str(error))):
        return f"{CANNOT_BE_PICKLED} ({type(error).__name__})"
    kind = found[1].rpartition(".")[2]
    what = _KINDS.get(kind, f"an object of the type {found[1]}")
    return what if type(value).__name__ == kind else f"it holds {what}"
