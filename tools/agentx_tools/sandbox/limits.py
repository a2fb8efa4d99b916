"""What a program and everything that it starts may use."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Each can be set in the tool's table of the settings file.

    Attributes:
        timeout_s: seconds by the clock.
        processes: processes and threads at a time; one more cannot be started.
        memory_bytes: memory of all of them together.
        file_bytes: size of each file that is written; writing beyond fails.
        disk_bytes: by how much the workspace and the temporary files may grow during a call.
        output_bytes: what may be printed.
    """

    timeout_s: float = 20.0
    processes: int = 64
    memory_bytes: int = 2**30
    file_bytes: int = 64 * 2**20
    disk_bytes: int = 128 * 2**20
    output_bytes: int = 2**20

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> "Limits":
        """The defaults with what the settings say instead; other settings are passed over.

        Raises:
            ValueError: a limit is not a number above 0.
        """
        given = {item.name: settings[item.name] for item in fields(cls) if item.name in settings}
        for name, value in given.items():
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float) if name == "timeout_s" else int)
                or value <= 0
            ):
                raise ValueError(f"`{name}` must be a number above 0, not {value!r}")
        return cls(**given)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
