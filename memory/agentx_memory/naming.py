"""What a collection may be called: here as on a Chroma server."""

import re

from agentx.errors import ConfigError


def check_name(collection: str) -> None:
    """Raises ConfigError for a name that Chroma does not take."""
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]", collection):
        raise ConfigError(
            f"`{collection}` cannot name a collection; take 3 to 512 letters, digits, dots, dashes and underscores, "
            "with a letter or digit first and last."
        )
