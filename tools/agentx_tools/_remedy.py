"""The lines with which a program should begin after one that failed, where what it lacked lies in a file.

Told in words that `prices.csv` has the prices, a small model writes the same program again. Below a line that makes a
dict of them it writes one that uses it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentx_tools import _columns, _look

_INI = "{name} = configparser.ConfigParser()\n{name}.read({path!r})\n"
_READ = {
    ".csv": "{name} = list(csv.DictReader(open({path!r})))\n",
    ".json": "{name} = json.load(open({path!r}))\n",
    ".toml": "{name} = tomllib.load(open({path!r}, 'rb'))\n",
    ".ini": _INI,
    ".cfg": _INI,
}
_READ_TEXT = "{name} = open({path!r}).read()\n"


def remedy(error: BaseException, variables: Mapping[str, Any]) -> str:
    """Lines of code; "" where none are sure to help.

    Args:
        variables: those that the failing line names.
    """
    if isinstance(error, NameError):
        path = named(str(error.name))
        lines = _READ.get(path.suffix, _READ_TEXT).format(name=error.name, path=str(path)) if path else ""
        return lines if len(lines) <= _columns.MAX_CHARACTERS else ""
    if isinstance(error, KeyError) and error.args:
        rows = (row for row in variables.values() if isinstance(row, Mapping))
        return next(filter(None, (_columns.lookup(error.args[0], row) for row in rows)), "")
    return ""


def named(name: str) -> Path | None:
    """The file that is called like a variable."""
    return next((path for path in _look.visible_files() if _columns.identifier(path) == name), None)
