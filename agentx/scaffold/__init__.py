"""Writes a new plugin: a package with one tool, its test and its entry point, ready to be installed."""

import importlib.util
import keyword
import re
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path
from string import Template

from agentx import plugins
from agentx.errors import StorageError, UsageError

FILES = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "init.py.in": "{module}/__init__.py",
    "tool.py.in": "{module}/tool.py",
    "test_tool.py.in": "tests/test_{module}.py",
}


def write_plugin(name: str, parent: Path) -> Path:
    """Writes the folder `name` in `parent` and returns it, absolute.

    Raises:
        UsageError: the name cannot be one of a package and a tool, or is taken; or the folder is there already.
        StorageError: the folder cannot be written.
    """
    module = check_name(name)
    folder = parent.expanduser().absolute() / name
    if folder.exists():
        raise UsageError(f"{folder} is there already; choose another name, or delete it first.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # All or nothing: the folder appears when it is whole.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".agentx-") as scratch:
            draft = Path(scratch) / name
            for template, target in FILES.items():
                path = draft / target.format(module=module)
                path.parent.mkdir(parents=True, exist_ok=True)
                text = resources.files(__name__).joinpath(template).read_text(encoding="utf-8")
                path.write_text(Template(text).substitute(name=name, module=module), encoding="utf-8")
            shutil.move(draft, folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror}); choose another --folder.") from error
    return folder


def check_name(name: str) -> str:
    """The module name of a plugin's name; raises UsageError, saying what is wrong with it."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", name) or len(name) > 60:
        raise UsageError(f"`{name}` is no name for a plugin; use small letters and digits, as `word-count`.")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module) or module in sys.stdlib_module_names:
        raise UsageError(f"`{name}` is a name of Python's own; choose another, as `my-{name}`.")
    if module in plugins.names("agentx.tools"):
        raise UsageError(f"There is a tool `{module}` already; choose another name, as `my-{name}`.")
    if importlib.util.find_spec(module) is not None:
        raise UsageError(f"An installed package is named `{module}` already; choose another name, as `my-{name}`.")
    return module
