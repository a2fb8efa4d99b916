"""The thresholds of a model: calibrated on this machine, else shipped in the catalogue, else each probe's default.

One JSON file a model under the data folder, named by what tells its weights from others. A threshold is bound to the
wording of its question: after a change of `prompts/NAME.md` it is left out until the model is calibrated anew.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from agentx import files, folders
from agentx.errors import ConfigError, StorageError
from agentx.planner.calibration.choice import Row
from agentx.planner.probes import PROBES


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is known of a model.

    Attributes:
        values: for each probe's name the probability from which Yes is meant; a probe left out has its default.
        origin: "calibrated" on this machine, "shipped" in the catalogue, or "default".
        problem: a sentence for a person, where a calibration is there and cannot be used.
    """

    values: Mapping[str, float] = field(default_factory=dict[str, float])
    origin: str = "default"
    problem: str | None = None


def known(identity: str, name: str = "") -> Thresholds:
    """The thresholds of the model whose weights have this identity.

    Args:
        identity: see `Model.identity`; empty for a model that nothing is kept about.
        name: as the model is called in the sentence about a problem.
    """
    shipped = _shipped(identity)
    origin = "shipped" if shipped else "default"
    path = path_of(identity)
    if not identity or not path.exists():
        return Thresholds(shipped, origin)
    try:
        stored = _read(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        again = f"agentx models calibrate {name}".rstrip()
        problem = f"The calibration {path} cannot be read and is left out; `{again}` makes it anew."
        return Thresholds(shipped, origin, problem)
    return Thresholds({**shipped, **stored}, "calibrated" if stored else origin)


def keep(identity: str, name: str, rows: Sequence[Row]) -> Path:
    """Writes a model's calibration in place of an older one.

    Raises:
        StorageError: the file cannot be written.
    """
    path = path_of(identity)
    probes = {row.probe: {**dataclasses.asdict(row), "prompt": fingerprint(row.probe)} for row in rows}
    content = json.dumps({"model": name, "probes": probes}, indent=1)
    try:
        files.replace(path, content.encode())
    except ConfigError as error:
        cause = error.__cause__ or error
        raise StorageError(f"{path} cannot be written ({cause}); set AGENTX_DATA_DIR to another folder.") from error
    return path


def path_of(identity: str) -> Path:
    return folders.data_dir() / "calibration" / f"{identity}.json"


def fingerprint(probe: str) -> str:
    """Tells one wording of a question from another."""
    return hashlib.sha256(PROBES[probe].wording.encode()).hexdigest()[:12]


def _read(path: Path) -> dict[str, float]:
    """The thresholds of the file whose questions are still worded as they were."""
    rows = json.loads(path.read_text(encoding="utf-8"))["probes"]
    values: dict[str, float] = {}
    for name, row in rows.items():
        threshold = row["threshold"]
        if not isinstance(threshold, float) or not 0 < threshold < 1:
            raise ValueError(f"`{threshold}` is no threshold")
        if name in PROBES and row["prompt"] == fingerprint(name):
            values[name] = threshold
    return values


@cache
def _shipped(identity: str) -> Mapping[str, float]:
    from agentx.models import catalog

    entries = (entry for entry in catalog.load() if identity and entry.files[0].sha256 == identity)
    return next((entry.thresholds for entry in entries), {})
