"""The extra `agentx-local[learn]`: asked for in one sentence where it is missing."""

from importlib.util import find_spec

from agentx.errors import UsageError

INSTALL = "pip install 'agentx-local[learn]'"


class ExtraMissing(UsageError):
    """A package of the extra is not installed."""


def require(what: str, *packages: str) -> None:
    """Sees to it that packages can be imported, without importing them.

    Args:
        what: what needs them, as a sentence begins.
        packages: import names.

    Raises:
        ExtraMissing: one is not there.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ExtraMissing(f"{what} needs {' and '.join(missing)}, which the extra `learn` brings: {INSTALL}.")
