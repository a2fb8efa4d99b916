"""What an attempt to get out of a sandbox is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt.

    Attributes:
        kind: what it is after.
        level: the lowest level of the sandbox that holds it, 1 for Landlock and seccomp, 2 for namespaces.
    """

    name: str
    kind: str
    code: str
    level: int = 1


def probes(kind: str, level: int = 1, **codes: str) -> list[Probe]:
    """Probes of one kind, each the code of its name."""
    return [Probe(name, kind, code.strip("\n"), level) for name, code in codes.items()]
