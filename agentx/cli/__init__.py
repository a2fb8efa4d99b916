"""The `agentx` command.

Little is imported here, so that Ctrl-C finds a handler almost from the first moment.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code; without `argv`, as the process's own.

    Nothing but a sentence reaches the user, whatever goes wrong.
    """
    own_process = argv is None
    words = sys.argv[1:] if argv is None else argv
    if own_process:
        sys.unraisablehook = _deliver_again
    try:
        from agentx.cli import process

        if own_process:
            process.prepare()

        from agentx.cli import root

        code = root.run(words)
        if own_process:
            process.leave(code)
        return code
    except KeyboardInterrupt:
        return _interrupted(words, own_process)


def _deliver_again(args: "sys.UnraisableHookArgs") -> None:
    """Ctrl-C that fell into a finalizer or a callback, where Python would drop it."""
    if isinstance(args.exc_value, KeyboardInterrupt):
        import _thread

        _thread.interrupt_main()


def _interrupted(argv: list[str], own_process: bool) -> int:
    """Tells of Ctrl-C in one line, and in the object that `agentx run --json` owes."""
    from agentx.cli import process, report

    if own_process:
        process.ending()
    sys.stderr.write("interrupted\n")
    report.tell_failure(argv, "interrupted", "interrupted")
    if own_process:
        process.leave(process.INTERRUPTED)
    return process.INTERRUPTED
