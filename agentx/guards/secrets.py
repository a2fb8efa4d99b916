"""Finds secrets of well-known formats: those that `agentx.redaction` keeps out of the journal."""

from collections.abc import Mapping
from typing import Any

from agentx.guard import Finding, Place
from agentx.guards.options import require_known
from agentx.redaction import secrets_in

_SCORE = 0.95
"""Each format has a mark of its own; what is left are keys made up for an example."""


class Secrets:
    """A Guard (see `agentx.guard`) without settings.

    Raises:
        ConfigError: its table sets something.
    """

    name = "secrets"
    kinds = frozenset({"secret"})

    def __init__(self, settings: Mapping[str, Any]) -> None:
        require_known(self.name, settings)

    def check(self, text: str, place: Place) -> list[Finding]:
        return [Finding("secret", _SCORE, start, end, what) for start, end, what in secrets_in(text)]
