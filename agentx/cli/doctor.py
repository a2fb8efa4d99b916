"""`agentx doctor`: does this machine have what AgentX needs? Looks only: no network, no model is loaded."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from agentx import config, folders, plugins
from agentx.cli import adapter, options, output
from agentx.cli.setup import folder
from agentx.cli.text import one_line
from agentx.errors import AgentXError, ConfigError

NEEDED_RAM = 2_000_000_000
"""Bytes that the default model, its context and the process take, rounded up."""
SPARE_DISK = 500_000_000
"""Bytes that the journal, memory and logs should have."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok`; `warn`: it works, but not fully or not at once; `bad`: a run cannot work. The last two say what to do."""

    level: Literal["ok", "warn", "bad"]
    subject: str
    text: str


def command(workspace: options.Workspace = None) -> int:
    """Check that this machine has what AgentX needs. Exit code 1 if something is missing that a run needs."""
    place = folder(workspace)
    findings: list[Finding] = []
    with output.taken() as answers:
        for check in checks(place):
            for finding in check():
                findings.append(finding)
                answers.text(f"{finding.level:<4}  {finding.subject}: {one_line(finding.text, 500)}")
        bad = sum(finding.level == "bad" for finding in findings)
        answers.text("\nAgentX can run here." if not bad else f"\n{bad} to mend before AgentX can run here.")
    return int(bad > 0)


def checks(workspace: Path) -> list[Callable[[], Iterator[Finding]]]:
    """All checks, in the order they are shown."""
    return [
        _python,
        _cpu,
        _memory,
        _libraries,
        _compilers,
        _folders,
        lambda: _journal(workspace),
        lambda: _settings(workspace),
        lambda: _model(workspace),
        lambda: _adapter(workspace),
        lambda: _calibration(workspace),
        _sandboxes,
        _plugins,
    ]


def _python() -> Iterator[Finding]:
    yield Finding("ok", "python", f"{platform.python_version()} at {sys.executable}")


def _cpu() -> Iterator[Finding]:
    from agentx.cpus import default_threads, instructions

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = instructions() & {"avx", "avx2", "avx512f", "avx512_vnni", "fma", "f16c", "neon", "asimd"}
    text = (
        f"{os.cpu_count()} CPUs, {usable} usable, quota {_quota()}, decoder threads {default_threads()}, "
        f"{' '.join(sorted(flags)) or 'no known vector instructions'}"
    )
    if platform.machine() == "x86_64" and flags and "avx2" not in flags:
        yield Finding("warn", "cpu", f"{text}; without AVX2 decoding is slow, prefer a machine that has it.")
    else:
        yield Finding("ok", "cpu", text)


def _quota() -> str:
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return f"{int(quota) / int(period):g}"
    except (OSError, ValueError):
        return "none"


def _memory() -> Iterator[Finding]:
    try:
        lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        kilobytes = {words[0]: int(words[1]) for words in lines}
        total, free = kilobytes["MemTotal:"] * 1024, kilobytes["MemAvailable:"] * 1024
    except (OSError, KeyError, ValueError, IndexError):
        yield Finding("ok", "memory", "this system does not say how much there is")
        return
    text = f"{free / 1e9:.1f} GB available of {total / 1e9:.1f} GB"
    if free < NEEDED_RAM:
        text += f"; the default model wants {NEEDED_RAM / 1e9:.0f} GB, close other programs or name a smaller one."
    yield Finding("warn" if free < NEEDED_RAM else "ok", "memory", text)


def _libraries() -> Iterator[Finding]:
    needed = {"llama-cpp-python": "bad", "llguidance": "bad", "chromadb": "warn", "onnxruntime": "warn"}
    for name, level in needed.items():
        try:
            yield Finding("ok", name, metadata.version(name))
        except metadata.PackageNotFoundError:
            what = "the model cannot run" if level == "bad" else "the memory tools cannot work"
            text = f"is not installed, {what}; install it with `{sys.executable} -m pip install {name}`."
            yield Finding(level, name, text)  # type: ignore[arg-type]


def _compilers() -> Iterator[Finding]:
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    cmake = shutil.which("cmake")
    if compiler and cmake:
        yield Finding("ok", "compiler", f"{compiler}, {cmake}")
        return
    missing = " and ".join(name for name, path in (("a C compiler", compiler), ("cmake", cmake)) if not path)
    text = f"{missing} not found; needed only to install llama-cpp-python from source: install the system's package."
    yield Finding("warn", "compiler", text)


def _folders() -> Iterator[Finding]:
    for name, path in (
        ("cache", folders.cache_dir()),
        ("data", folders.data_dir()),
        ("config", folders.config_dir()),
    ):
        # It is made at first use, so the nearest folder that is there decides.
        there = next(place for place in (path, *path.parents) if place.exists())
        variable = f"AGENTX_{name.upper()}_DIR"
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Finding("bad", f"{name} folder", f"{path} cannot be written; set {variable} to another.")
            continue
        free = shutil.disk_usage(there).free
        text = f"{path}, {free / 1e9:.1f} GB free"
        if free < SPARE_DISK:
            yield Finding("warn", f"{name} folder", f"{text}; free some space, or set {variable} to another disk.")
        else:
            yield Finding("ok", f"{name} folder", text)


def _journal(workspace: Path) -> Iterator[Finding]:
    from agentx import config
    from agentx.journal import Journal

    try:
        config.load(workspace)
    except AgentXError:
        # Of settings that cannot be read, `_settings` tells.
        return
    try:
        with Journal.existing() as journal:
            latest = journal.latest()
        yield Finding("ok", "journal", f"latest session {latest.id}" if latest else "empty")
    except AgentXError as error:
        yield Finding("bad", "journal", str(error))


def _settings(workspace: Path) -> Iterator[Finding]:
    try:
        loaded = config.load(workspace)
    except AgentXError as error:
        yield Finding("bad", "settings", str(error))
        return
    changed = sum(origin != "default" for origin in loaded.origins.values())
    yield Finding("ok", "settings", f"{changed} set")
    for notice in loaded.notices:
        yield Finding("warn", "settings", notice)


def _model(workspace: Path) -> Iterator[Finding]:
    """Sizes and headers only: the hash of a large file takes longer than a look may."""
    try:
        name = config.load(workspace).settings.model
        found = _find_model(name)
        yield found
        if found.level != "ok":
            yield from _sources(name)
    except ConfigError:
        return
    except AgentXError as error:
        yield Finding("bad", "model", str(error))


def _sources(name: str | None) -> Iterator[Finding]:
    """Where a model that is not here can be had from, in the order in which that is tried; nobody is asked."""
    from agentx.models.acquire import Store
    from agentx.models.whence import ways

    store = Store()
    if name is None or name in store.catalog:
        for way in ways(store.entry(name)):
            yield Finding("ok", "source", f"{way.name}: {way.address}")
    yield Finding("ok", "source", "a GGUF file of yours: `agentx config set model PATH`")


def _adapter(workspace: Path) -> Iterator[Finding]:
    """Whether the adapter that is set, or else the default one of the model, can be used; nothing where none is."""
    from agentx.models.adapter_file import read_adapter
    from agentx.models.default_adapters import NONE, of_model

    try:
        settings = config.load(workspace).settings
        named = settings.adapter
        known = of_model(settings.model) if not named else None
        if named and named != NONE:
            yield Finding("ok", "adapter", f"{named}, for {read_adapter(Path(named).expanduser()).architecture}")
        elif known and known.problem:
            yield Finding("warn", "adapter", known.problem)
        elif known and known.adapter:
            figures = f" ({known.adapter.figures})" if known.adapter.figures else ""
            yield Finding("ok", "adapter", f"{known.adapter.path}, the default of this model{figures}")
    except ConfigError:
        return  # told of already
    except AgentXError as error:
        yield Finding("bad", "adapter", str(error))


def _calibration(workspace: Path) -> Iterator[Finding]:
    """Whether the probes' thresholds suit the model; a model that is wanting was told of already."""
    from agentx.models.default_adapters import NONE, identity_of
    from agentx.planner.calibration import stored

    try:
        settings = adapter.chosen(config.load(workspace)).settings
    except AgentXError:
        return
    name, identity = settings.model, identity_of(settings.model)
    if settings.adapter and settings.adapter != NONE:
        if identity:
            yield Finding("ok", "calibration", "safe defaults: what was measured without the adapter is not used")
        return
    known = stored.known(identity, name or "")
    if known.problem:
        yield Finding("warn", "calibration", known.problem)
    elif known.origin == "default" and identity:
        command = f"agentx models calibrate {name or ''}".rstrip()
        yield Finding("warn", "calibration", f"none for this model, safe defaults are used; run `{command}`.")
    elif identity:
        yield Finding("ok", "calibration", "measured here" if known.origin == "calibrated" else "shipped")


def _find_model(name: str | None) -> Finding:
    from agentx.models.acquire import Store
    from agentx.models.scan import usual_places

    store = Store()
    known = name is None or name in store.catalog
    if not known:
        return _find_foreign_model(name or "")
    entry = store.entry(name)
    sizes = {spec.name: spec.bytes for spec in entry.files}
    own = {spec.name: store.target(entry, spec) for spec in entry.files}
    if all(path.is_file() and path.stat().st_size == sizes[file] for file, path in own.items()):
        return Finding("ok", "model", f"{entry.name} at {next(iter(own.values()))}")
    places = {found.size: found for found in usual_places()}
    if all(size in places for size in sizes.values()):
        found = places[entry.files[0].bytes]
        return Finding("ok", "model", f"{entry.name}, it seems, at {found.path} ({found.place}); hashed at first use")
    free = shutil.disk_usage(next(p for p in (store.folder, *store.folder.parents) if p.exists())).free
    text = f"{entry.name} is not here; the first run fetches it, or `agentx models pull {entry.name}` does now"
    if free < entry.total_bytes:
        text = f"{entry.name} is not here and its {entry.total_bytes / 1e9:.1f} GB do not fit; set AGENTX_CACHE_DIR"
        return Finding("bad", "model", f"{text} to a larger disk.")
    return Finding("warn", "model", f"{text}.")


def _find_foreign_model(name: str) -> Finding:
    from agentx.models.acquire import resolve

    if ":" in name and not name.startswith("hf://") and name.split(":", 1)[0] in plugins.names("agentx.models"):
        return Finding("ok", "model", f"{name}, by a backend of that name")
    found = resolve(name)
    if found is None:
        return Finding("warn", "model", f"{name} is not here; the first run fetches it.")
    return Finding("ok", "model", f"{name} at {found.path}")


def _sandboxes() -> Iterator[Finding]:
    """Each plugin of the group `agentx.sandboxes` is a function that says how well it confines programs here."""
    found, _ = plugins.load_all("agentx.sandboxes")
    for check in found.values():
        level, text = check()
        yield Finding(level, "sandbox", text)


def _plugins() -> Iterator[Finding]:
    count = 0
    for group in plugins.GROUPS:
        found, problems = plugins.load_all(group)
        count += len(found)
        for problem in problems:
            yield Finding("warn", "plugin", problem.sentence)
    yield Finding("ok", "plugins", f"{count} load")
