"""What the dock says of what waits for the person's word: in its title, and of the call below that."""

from pathlib import Path

from textual.content import Content

from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest
from agentx_tui import card_text, diffs
from agentx_tui.printable import argument, line, prose
from agentx_tui.signals import Asked

_STYLES = {"added": "$success on $success 12%", "removed": "$error on $error 12%", "hunk": "$secondary"}
_SIGNS = {"added": "+ ", "removed": "- ", "same": "  "}


def title(asked: Asked, more: int, has_reason: bool) -> Content:
    """One question; behind an approval why it is asked for, and how many others wait."""
    if isinstance(asked, str):
        return Content.styled("The agent asks", "bold $accent")
    if isinstance(asked, ToolCall):
        return Content.assemble(
            ("Has it happened?  ", "bold $accent"),
            (line(asked.name, 60), "bold"),
            ("  was under way as the run broke off", "$foreground 60%"),
        )
    return Content.assemble(
        ("Allow ", "$foreground 70%"),
        (line(asked.call.name, 60), "bold $accent"),
        ("?", "$foreground 70%"),
        Content.assemble("  ", _reason(asked)) if has_reason else "",
        (f"  ({more} more)", "$foreground 50%") if more else "",
    )


def body(asked: Asked, workspace: Path, has_reason: bool) -> Content:
    """What is asked about: of a call all its arguments, and what it would change where they tell that.

    Args:
        has_reason: why an approval is asked for goes behind them.
    """
    if isinstance(asked, str):
        return Content(prose(asked))
    rows: list[Content] = []
    told: set[str] = set()
    call, tool = (asked, None) if isinstance(asked, ToolCall) else (asked.call, asked.tool)
    if tool is not None and (found := diffs.foreseen(tool, call.arguments, workspace)) is not None:
        added, removed = diffs.count(found)
        places = "  ".join(argument(str(call.arguments.get(name, ""))) for name in tool.paths)
        rows.append(Content.assemble((places, "bold"), (f"  +{added} -{removed}", "$foreground 60%")))
        rows += _change(found)
        told = {*tool.paths, *(diffs.compared(tool, call.arguments) or ())}
    for name, value in call.arguments.items():
        if name not in told:
            shown = argument(value if isinstance(value, str) else repr(value))
            head = Content.styled(f"{line(name, 60)}: ", "$foreground 55%")
            rows.append(head + Content(shown if "\n" not in shown else "\n" + shown))
    if has_reason and isinstance(asked, ApprovalRequest):
        rows.append(_reason(asked))
    return Content("\n").join(rows)


def _reason(request: ApprovalRequest) -> Content:
    return Content.styled(line(request.reason.removeprefix(f"{request.call.name} "), 240), "$foreground 60%")


def _change(found: list[diffs.DiffLine]) -> list[Content]:
    rows: list[Content] = []
    for each in found[: card_text.MAX_BODY_LINES]:
        style = _STYLES.get(each.kind, "$foreground 75%")
        rows.append(Content.styled(_SIGNS.get(each.kind, "") + argument(each.text), style))
    if (rest := len(found) - len(rows)) > 0:
        rows.append(Content.styled(f"{rest:,} more lines are left out here", "bold $warning"))
    return rows
