"""What a text must be to be stored or asked for."""

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
