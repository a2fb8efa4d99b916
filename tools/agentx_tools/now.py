"""The tool that tells the time."""

from datetime import datetime

from agentx.tool import tool


@tool
def now() -> str:
    """Tell today's date, the weekday, the time and the time zone of the user's machine."""
    return told(datetime.now().astimezone())


def told(moment: datetime) -> str:
    """A moment with a time zone, in one line."""
    offset = moment.strftime("%z")
    zone = f"UTC{offset[:3]}:{offset[3:5]}"
    name = moment.tzname() or ""
    # Where the zone has no name of its own it is called by its offset.
    named = f" ({name})" if name and not name.startswith(("UTC", "+", "-")) else ""
    return f"{moment:%Y-%m-%d, %A, %H:%M:%S}, {zone}{named}"
