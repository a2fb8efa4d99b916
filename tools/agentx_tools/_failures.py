"""What is told of a program that failed, so that the next one can be another."""

import difflib
import linecache
import re
import reprlib
import socket
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from agentx_tools import _columns, _look, _mistakes, _numbers, _remedy
from agentx_tools._variables import EARLIER, Variables

NAME = "<code>"
"""The program's file name in what is told of it."""
MAX_FRAMES = 3
MAX_NAMED_FILES = 20
MAX_NAMED_KEYS = 20
MAX_VALUES = 3
SHOWN = (str, bytes, list, tuple, dict, set)
"""Types whose values are shown: what a file is read into. A count says little of why a line failed."""
SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = 100
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = SHORT.maxset = 3


def described(error: BaseException, functions: Mapping[str, Any], variables: Variables | None) -> str:
    """The exception, what may have been meant, where in the program's own lines it came from, innermost last, and what
    the names in that line stood for."""
    if isinstance(error, SyntaxError) and error.filename == NAME:
        return f"{type(error).__name__}: {error.msg}\n  line {error.lineno}: {(error.text or '').strip()}"
    what = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, NameError) and (near := nearest(error.name or "", functions)):
        what += f"\n  did you mean {near}({', '.join(functions[near][1])})?"
    if isinstance(error, NameError) and (path := _remedy.named(str(error.name))):
        what += f"\n  did you mean the file {str(path)!r}?"
    if isinstance(error, FileNotFoundError):
        files = _look.visible_files()
        if near := nearest(str(error.filename), [str(path) for path in files]):
            what += f"\n  did you mean {near!r}?"
        what += f"\n  the files are: {', '.join(map(str, files[:MAX_NAMED_FILES])) or 'none'}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        near = sorted(name for name in sys.stdlib_module_names if name.startswith(error.name))
        what += f"\n  the standard library has: {', '.join(near)}" if near else ""
    if isinstance(error, NameError):
        anew = "each program starts anew: what an earlier one defined or imported is gone"
        what += f"\n  {variables.told(error.name or '') if variables else anew}"
    what += _numbers.advice(error, failing_line(error), variables_in_reach(error)) + _mistakes.advice(error)
    if isinstance(error, KeyError):
        what += keys_in_reach(error)
    if any(wants_network(each) for each in with_causes(error)):
        what += "\n  a program has no network here; functions that search or fetch pages have"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in (NAME, EARLIER)]
    return "\n".join([what, *map(place, frames[-MAX_FRAMES:]), *values(error)])


def place(frame: traceback.FrameSummary) -> str:
    if frame.filename == EARLIER:
        return f"  in {frame.name} of an earlier program"
    return f"  line {frame.lineno}{'' if frame.name == '<module>' else f' in {frame.name}'}: {frame.line}"


def with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, then what it was raised from, or while handling."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def wants_network(error: BaseException) -> bool:
    """Whether a name could not be looked up, or a socket not be made."""
    frames = traceback.extract_tb(error.__traceback__)
    refused = isinstance(error, PermissionError) and any(frame.filename == socket.__file__ for frame in frames)
    return refused or isinstance(error, socket.gaierror)


def keys_in_reach(error: KeyError) -> str:
    """For each dict that the failing line names and that lacks the key: which keys it has."""
    shown = ""
    for name, value in variables_in_reach(error).items():
        if isinstance(value, Mapping) and error.args and error.args[0] not in value:
            keys = ", ".join(repr(key) for key in list(cast("Mapping[Any, Any]", value))[:MAX_NAMED_KEYS])
            shown += f"\n  {name} has the keys: {keys or 'none'}{_columns.advice(error.args[0], value)}"
    return shown


def values(error: BaseException) -> list[str]:
    """What the variables of the failing line held: who took a file for another kind of file sees what is in it."""
    if isinstance(error, NameError | ImportError | FileNotFoundError | KeyError):  # of which more is told
        return []
    named = variables_in_reach(error).items()
    told = [f"{name} = {SHORT.repr(value)}" for name, value in named if isinstance(value, SHOWN)]
    return [f"  with {told[0]}", *(f"       {item}" for item in told[1:MAX_VALUES])] if told else []


def failing_line(error: BaseException) -> str:
    """The program's innermost line in which it failed."""
    lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == NAME]
    return linecache.getline(NAME, lines[-1]) if lines else ""


def variables_in_reach(error: BaseException) -> dict[str, Any]:
    """The variables that the failing line names, in the order of their names there."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == NAME]
    if not frames:
        return {}
    frame = frames[-1]
    named = re.findall(r"\w+", failing_line(error))
    return {name: (frame.f_globals | frame.f_locals).get(name) for name in dict.fromkeys(named)}


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """The name that is most alike, whatever the order of its words; None where none comes near."""
    by_words = {in_order(name): name for name in known}
    close = difflib.get_close_matches(in_order(wanted), by_words, n=1)
    return by_words[close[0]] if close else None


def in_order(name: str) -> str:
    return " ".join(sorted(re.findall(r"[^\W_]+", name.lower())))
