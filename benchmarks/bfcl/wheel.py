"""The leaderboard's own wheel: fetched once, checked by SHA-256, unzipped into the cache folder, never installed.

Its requirements clash with current packages, so it cannot stand in our environment. What is needed of it are its data
and its checkers; these are imported from the unzipped folder, with stand-ins for the modules that pull in every
vendor's client.
"""

import hashlib
import importlib
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from agentx.errors import DownloadError
from agentx.folders import cache_dir

WHEELS = {
    "bfcl-eval==2026.3.23": "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a",
    # The arithmetic back end of the multi-turn cases is written with it.
    "mpmath==1.3.0": "a0b2b9fe80bbcd81a6647ff13108738cfb482d481d826cc0e02f5b35e5c88d2c",
}
MODEL = "agentx"
"""The name under which the checkers know us."""


def root(folder: Path | None = None) -> Path:
    """The folder that holds the unzipped packages; fetches them where they are not there yet.

    Raises:
        DownloadError: the package index cannot be reached, or gives other bytes than those that are pinned.
    """
    version = next(iter(WHEELS)).partition("==")[2]
    target = folder or cache_dir() / "benchmarks" / f"bfcl-{version}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as room:
            _download(Path(room, "wheels"))
            _unzip(Path(room, "wheels"), Path(room, "packages"))
            Path(room, "packages").rename(target)
    return target


def data(folder: Path | None = None) -> Path:
    """The folder of the questions; `possible_answer` and `multi_turn_func_doc` lie in it."""
    return root(folder) / "bfcl_eval" / "data"


def _download(room: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(room), *WHEELS], capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise DownloadError(f"The leaderboard's wheel cannot be downloaded ({last[0]}); try again with a network.")


def _unzip(wheels: Path, packages: Path) -> None:
    for wheel in sorted(wheels.glob("*.whl")):
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found not in WHEELS.values():
            raise DownloadError(f"{wheel.name} is not the wheel that is pinned (its SHA-256 is {found}).")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)


@cache
def official(name: str) -> Any:
    """A module of the wheel, for instance `eval_checker.ast_eval.ast_checker`."""
    folder = str(root())
    if folder not in sys.path:
        sys.path.append(folder)
        _stand_in("constants.model_config", MODEL_CONFIG_MAPPING={MODEL: SimpleNamespace(underscore_to_dot=False)})
        for language in ("java", "js"):
            module = f"eval_checker.ast_eval.type_convertor.{language}_type_converter"
            _stand_in(module, **{f"{language}_type_converter": _no_converter})
    return importlib.import_module(f"bfcl_eval.{name}")


def _stand_in(name: str, **contents: Any) -> None:
    module = ModuleType(f"bfcl_eval.{name}")
    vars(module).update(contents)
    sys.modules[module.__name__] = module


def _no_converter(*_: Any) -> Any:
    raise NotImplementedError("only the Python categories are run")
