"""The `agentx` command.

Little is imported here, so that Ctrl-C finds a handler almost from the first moment.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code; without `argv`, as the process's own.

    Nothing but a sentence reaches the user, whatever goes wrong.
    """
    own_process = argv is None
    if own_process:
        sys.unraisablehook = _deliver_again
    try:
        from agentx.cli import process

        if own_process:
            process.prepare()

        from agentx.cli import root

        code = root.run(sys.argv[1:] if own_process else argv or [])
        if own_process:
            process.leave(code)
        return code
    except KeyboardInterrupt:
        return interrupted()


def _deliver_again(args: "sys.UnraisableHookArgs") -> None:
    """Ctrl-C that fell into a finalizer or a callback, where Python would drop it."""
    if isinstance(args.exc_value, KeyboardInterrupt):
        import _thread

        _thread.interrupt_main()


def interrupted() -> int:
    """Tells of Ctrl-C in one line."""
    sys.stderr.write("interrupted\n")
    return 130
