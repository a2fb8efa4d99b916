"""The Hugging Face hub, through `huggingface_hub`. One that cannot be reached costs a few seconds, once."""

import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import UsageError
from agentx.models.catalog import FileSpec, HubFile, Origin
from agentx.models.partial import PartialFile, SourceError, disk_error
from agentx.models.progress import ProgressSink
from agentx.models.scan import hub_cache

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

# Endpoints that did not answer, with the reason and the time: a second file must not wait for them again.
_unreachable: dict[str, tuple[str, float]] = {}
_REMEMBERED_S = 60.0


class Hub:
    """Args: limit_s: seconds within which the hub must have answered a first question about the file."""

    name = "hub"

    def __init__(self, limit_s: float = 5.0) -> None:
        self._limit_s = limit_s

    def knows(self, origin: Origin) -> bool:
        return isinstance(origin, HubFile)

    def fetch(self, origin: Origin, spec: FileSpec, partial: PartialFile, progress: ProgressSink) -> None:
        assert isinstance(origin, HubFile)
        metadata = self._ask(origin)
        if (size := metadata.size) not in (None, spec.bytes) or _lfs_sha256(metadata.etag) not in (None, spec.sha256):
            raise SourceError(f"it now holds another file of that name ({size} bytes)")
        partial.require_free(0)
        # huggingface_hub keeps its own unfinished file in this folder and goes on with it.
        staging = partial.target.parent / ".hub"
        path = self._download(origin, progress, spec.bytes, local_dir=staging)
        partial.adopt(path)
        shutil.rmtree(staging, ignore_errors=True)

    def probe(self, origin: HubFile) -> str:
        """Why the hub does not give a file, in one line; "" where it does. Takes at most the time limit.

        It is asked, though it may just have failed to answer.
        """
        _unreachable.pop(_endpoint(), None)
        try:
            self._ask(origin)
        except SourceError as error:
            return str(error)
        return ""

    def fetch_to_hub_cache(self, origin: HubFile, progress: ProgressSink) -> Path:
        """Fetches a file that no catalogue pins to the hub's own cache, where other programs find it too.

        Raises:
            SourceError: the hub does not give it.
        """
        metadata = self._ask(origin)
        return self._download(origin, progress, metadata.size or 0, cache_dir=hub_cache())

    def _ask(self, origin: HubFile) -> "HfFileMetadata":
        """What the hub says of the file, within the time limit."""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
            raise SourceError("HF_HUB_OFFLINE is set")
        endpoint = _endpoint()
        reason, when = _unreachable.get(endpoint, ("", 0.0))
        if reason and time.monotonic() - when < _REMEMBERED_S:
            raise SourceError(reason)
        # Loading the library can take seconds, which are not the hub's.
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        answer: list[Any] = []

        def ask() -> None:
            try:
                url = hf_hub_url(origin.repo, origin.file, endpoint=endpoint)
                answer.append(get_hf_file_metadata(url, timeout=self._limit_s, endpoint=endpoint))
            except Exception as error:
                answer.append(error)

        # A thread, since the name look-up alone may take longer than any time limit of the library.
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._limit_s)
        result = answer[0] if answer else TimeoutError(f"no answer within {self._limit_s:g} s")
        if isinstance(result, Exception):
            raise _reason(result, origin, endpoint) from result
        return result

    def _download(self, origin: HubFile, progress: ProgressSink, size: int, **where: Any) -> Path:
        import huggingface_hub

        progress.start(f"fetching {origin.file}", size)
        try:
            path = huggingface_hub.hf_hub_download(
                origin.repo,
                origin.file,
                endpoint=_endpoint(),
                etag_timeout=self._limit_s,
                tqdm_class=_forwarding(progress),
                **where,
            )
        except OSError as error:
            # The library's network errors are OSErrors as well; one of the disk bears a number and a file.
            if error.errno is not None and error.filename is not None:
                raise disk_error(Path(error.filename), error) from error
            raise _reason(error, origin, _endpoint()) from error
        except Exception as error:
            raise _reason(error, origin, _endpoint()) from error
        finally:
            progress.finish()
        return Path(path)


def address(origin: HubFile) -> str:
    """The URL of a file, at the hub or at the mirror that `HF_ENDPOINT` names."""
    return f"{_endpoint()}/{origin.repo}/resolve/main/{origin.file}"


def parse_reference(model: str) -> HubFile:
    """Reads `hf://owner/repo/path/to/file.gguf`.

    Raises:
        UsageError: it is not of that form.
    """
    owner, _, rest = model.removeprefix("hf://").partition("/")
    repo, _, file = rest.partition("/")
    parts = file.split("/")
    if not (owner and repo) or "" in parts or ".." in parts or not file.lower().endswith(".gguf"):
        raise UsageError(f"`{model}` names no file on the hub; write hf://owner/repo/file.gguf.")
    return HubFile(f"{owner}/{repo}", file)


def in_hub_cache(origin: HubFile) -> Path | None:
    """The file in the hub's cache, if it is there; nothing is asked of the network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(origin.repo, origin.file, cache_dir=hub_cache())
    return Path(found) if isinstance(found, str) else None


def pinned_by_hub(path: Path) -> str | None:
    """The SHA-256 that the hub gave for a large file: its cache names the bytes by it."""
    return _lfs_sha256(path.resolve().name)


def _reason(error: Exception, origin: HubFile, endpoint: str) -> SourceError:
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return SourceError(f"{origin.repo} asks for a login and a consent on its page (then `hf auth login`)")
    if isinstance(error, RepositoryNotFoundError):
        return SourceError(f"there is no repository {origin.repo}, or it is private")
    # An EntryNotFoundError too, by its class, but all it says is that the hub did not answer as it should.
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return _reason(error.__cause__, origin, endpoint)
    if isinstance(error, EntryNotFoundError):
        return SourceError(f"there is no file {origin.file} in {origin.repo}")
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if isinstance(error, HfHubHTTPError):
        return SourceError(line)
    reason = f"{endpoint} cannot be reached ({line})"
    _unreachable[endpoint] = reason, time.monotonic()
    return SourceError(reason)


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def _lfs_sha256(etag: str | None) -> str | None:
    return etag if etag and len(etag) == 64 and all(digit in "0123456789abcdef" for digit in etag) else None


def _forwarding(progress: ProgressSink) -> Any:
    """A class that `huggingface_hub` takes for its progress bar and that passes the figures on."""

    class Forwarding:
        def __init__(self, *_: Any, initial: int = 0, **__: Any) -> None:
            progress.advance(initial)

        def __enter__(self) -> "Forwarding":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            progress.advance(int(n or 0))

        def __getattr__(self, name: str) -> Any:
            # Whatever else a bar can do (set_description, refresh, close) shows nothing here.
            return lambda *_, **__: None  # type: ignore[reportUnknownLambdaType]

    return Forwarding
