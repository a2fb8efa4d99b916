"""Days, as far as a calculator needs them."""

from datetime import date, datetime, timedelta

from agentx.errors import ToolError

_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%B %d %Y")


def as_date(*parts: object) -> date:
    """A day from `"2024-03-01"`, `"March 1, 2024"`, the numbers 2024, 3, 1, or a day.

    Raises:
        ToolError: that is no day of the calendar.
    """
    try:
        if len(parts) == 1 and isinstance(parts[0], date):
            return parts[0]
        if len(parts) == 1 and isinstance(parts[0], str):
            return _parsed(parts[0].strip())
        if len(parts) == 3 and all(isinstance(part, int) for part in parts):
            year, month, day = (int(str(part)) for part in parts)
            return date(year, month, day)
    except (ValueError, OverflowError):
        pass
    raise ToolError(f'{", ".join(repr(part) for part in parts)} is no date; write it as date("2024-03-01").')


def days_between(first: object, second: object) -> int:
    """Days from one day to the other, whichever comes first; both ends are not counted."""
    return abs((as_date(second) - as_date(first)).days)


def weekday(day: object) -> str:
    return as_date(day).strftime("%A")


def shifted(day: date, days: object) -> date:
    """The day so many days later, or earlier if negative."""
    if not isinstance(days, int):
        raise ToolError(f"A date can be moved by whole days only, not by {days!r}.")
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise ToolError("That date is beyond the calendar (the years 1 to 9999).") from None


def _parsed(text: str) -> date:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return datetime.fromisoformat(text).date()
