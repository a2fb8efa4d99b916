"""The `agentx` command.

Little is imported here, so that Ctrl-C finds a handler almost from the first moment.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code; without `argv`, as the process's own.

    Nothing but a sentence reaches the user, whatever goes wrong.
    """
    own_process = argv is None
    try:
        from agentx.cli import process, root

        if own_process:
            process.prepare()
        code = root.run(sys.argv[1:] if own_process else argv or [])
        if own_process:
            process.leave(code)
        return code
    except KeyboardInterrupt:
        return interrupted()


def interrupted() -> int:
    """Tells of Ctrl-C in one line."""
    sys.stderr.write("interrupted\n")
    return 130
