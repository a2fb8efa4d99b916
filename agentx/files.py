"""Writing small files of settings so that a crash leaves the old content or the new, never a half."""

import os
import tempfile
from pathlib import Path

from agentx.errors import ConfigError


def replace(path: Path, content: bytes) -> None:
    """Writes a file by way of a temporary one beside it; the folder is made, a link's target is written.

    Raises:
        ConfigError: the file cannot be written.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); check the folder, or set AGENTX_CONFIG_DIR to another."
        ) from error
