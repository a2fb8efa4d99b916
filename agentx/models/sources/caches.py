"""A file that is already on this machine: in AgentX's own cache folder, or where another program keeps it."""

from pathlib import Path

from agentx.errors import ModelFileError
from agentx.models.catalog import FileSpec
from agentx.models.digest import Stamps
from agentx.models.progress import ProgressSink
from agentx.models.scan import usual_places


def check_own(path: Path, spec: FileSpec, model: str, stamps: Stamps, progress: ProgressSink) -> bool:
    """Whether the file lies in our cache folder.

    Raises:
        ModelFileError: it does, and is not the one that the catalogue pins.
    """
    try:
        size = path.stat().st_size
        actual = stamps.sha256(path, progress) if size == spec.bytes else ""
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    if actual == spec.sha256:
        return True
    how = f"it has {size} bytes, expected are {spec.bytes}"
    if actual:
        how = f"its SHA-256 is {actual[:12]}…, expected is {spec.sha256[:12]}…"
    raise ModelFileError(f"{path} is not the pinned file ({how}): `agentx models pull {model}` fetches it again.")


def find_elsewhere(spec: FileSpec, stamps: Stamps, progress: ProgressSink) -> Path | None:
    """A file of another program with the pinned size and SHA-256; it is used where it lies, never copied."""
    for found in usual_places():
        # Hashing is the costly part: only what has the right size is looked at.
        if found.size != spec.bytes:
            continue
        try:
            if stamps.sha256(found.path, progress) == spec.sha256:
                return found.path.absolute()
        except OSError:
            continue
    return None
