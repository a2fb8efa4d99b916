"""What a text, and a name, must be to be stored or asked for."""

from pathlib import Path

from agentx.errors import UsageError


def checked_text(text: str, what: str) -> str:
    """The text as valid Unicode.

    Raises:
        UsageError: it is empty.
    """
    text = text.encode("utf-8", errors="replace").decode()
    if not text.strip():
        raise UsageError(f"{what} must not be empty; give it some words.")
    return text


def is_storable(path: Path) -> bool:
    """Whether a document can be named by this path: the store holds text, and a path may be any bytes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
