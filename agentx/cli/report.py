"""What a run leaves with `--json`, and its exit code."""

import contextlib
import sys

from agentx.cli.process import INTERRUPTED
from agentx.report import Report

EXIT_CODES = {
    "ok": 0,
    "failed": 1,
    "refused": 1,
    "denied": 3,
    "in_doubt": 75,
    "timeout": 124,
    "interrupted": INTERRUPTED,
}


def tell_failure(argv: list[str], sentence: str, status: str = "failed") -> None:
    """Prints the object that `agentx run --json` owes where no run came about, or it was cut off."""
    if argv[:1] != ["run"] or not {"--json", "--stream-json"} & set(argv):
        return
    from agentx.cli.output import Answers

    # Where stdout itself is what failed, the sentence has been said.
    with contextlib.suppress(OSError):
        Answers(sys.stdout).json(Report().failed(sentence, status))
