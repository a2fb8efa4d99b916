"""`agentx run`: one task, its answer on stdout, what happens meanwhile on stderr."""

import contextlib
import sys
from collections.abc import AsyncGenerator, Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentx.cli import aio, failures, options, output, process
from agentx.cli.narrate import Narrator
from agentx.cli.report import EXIT_CODES
from agentx.cli.setup import Options, Setup, prepare
from agentx.cli.stdin import with_stdin
from agentx.errors import AgentXError, UsageError
from agentx.events import Event, to_json
from agentx.report import Report

if TYPE_CHECKING:
    from agentx.agent import Agent


@options.with_shared
def command(
    typed: Options,
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="What is to be done; `-` reads it from stdin.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, on failure too.")] = False,
    stream_json: Annotated[
        bool,
        typer.Option(
            "--stream-json", help="Print each event as a JSON line, as it came and not redacted, the object last."
        ),
    ] = False,
    resume: options.Resume = None,
    in_doubt: Annotated[
        str | None,
        typer.Option(
            "--in-doubt",
            metavar="happened|again",
            help="What to take for true of a call that may have been carried out before the run broke off.",
        ),
    ] = None,
) -> int:
    """Give the agent one task and print its answer.

    Text on stdin, of a file or of a pipe that brings it within a second, is added to TASK. In a `while read` loop that
    would be the lines of the loop: `< /dev/null` behind the command keeps them from being read.

    With --resume a session goes on: without TASK with the one that broke off, at the step that it had come to.

    Exit codes: 0 ok, 1 failed or refused, 2 usage, 3 an approval was needed and nobody there to ask, 4 no model, 75 an
    effect is in doubt, 78 settings, 124 time limit, 130 interrupted.
    """
    with output.taken() as answers:
        run = _Run(answers, objects=json or stream_json, stream=stream_json, in_doubt=in_doubt)
        return run.carry_out(task, typed, resume)


class _Run:
    """One run, and where its events, its answer and its failure are told."""

    def __init__(self, answers: output.Answers, *, objects: bool, stream: bool, in_doubt: str | None) -> None:
        from agentx.cli.approve import terminal_asker

        self._answers = answers
        self._objects = objects
        self._stream = stream
        self._in_doubt = in_doubt
        self._asker = terminal_asker()
        self._narrator = Narrator(sys.stderr, asks=self._asker is not None)
        self._report = Report()

    def carry_out(self, task: str | None, typed: Options, resume: str | None) -> int:
        """Runs the task and returns the exit code; whatever goes wrong is told, not raised."""
        try:
            if resume is not None:
                self._resume(task, typed, resume)
            elif task is None:
                raise UsageError("TASK is missing: say what is to be done, or go on with a session by --resume last.")
            else:
                self._run(prepare(typed), with_stdin(task))
        except BrokenPipeError:
            raise
        except BaseException as error:
            return self._broke_off(error)
        return self._ended(self._report.ended())

    def _run(self, setup: Setup, task: str) -> None:
        agent = self._ready(setup)
        aio.run(self._follow(agent.stream(task)))

    def _resume(self, task: str | None, typed: Options, session: str) -> None:
        from agentx.cli import resuming

        found = resuming.find(session, typed)
        if task is not None:
            told = with_stdin(task)
            aio.run(self._follow(self._ready(found.setup).resume(found.session).stream(told)))
            return
        # What was done before belongs to the run's object, though it is not told again.
        for event in (found.last.started, *found.last.events):
            self._report.take(event)
        if found.last.finished and not found.last.is_unfinished:
            self._report.take(found.last.finished)
            return
        agent = self._ready(found.setup, found.last.doubts)
        aio.run(self._follow(agent.resume(found.session).stream_resumed()))

    def _ready(self, setup: Setup, in_doubt: Collection[str] = ()) -> "Agent":
        from agentx.cli import resuming

        for notice in setup.notices:
            self._narrator.note(notice)
        setup.acquire_model()
        asker = self._asker
        settle = resuming.settler(self._in_doubt, in_doubt) if self._in_doubt else asker and asker.settle
        return setup.agent(asker, asker and asker.answer, settle)

    async def _follow(self, events: AsyncGenerator[Event, None]) -> None:
        async for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        self._report.take(event)
        self._narrator.take(event)
        if self._stream:
            self._answers.json(to_json(event))

    def _broke_off(self, error: BaseException) -> int:
        if self._report.finished is not None and not isinstance(error, AgentXError):
            # The result was there before Ctrl-C was: it stands.
            return self._ended(self._report.ended())
        sentence, code = failures.describe(error)
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        return self._tell(self._report.failed(sentence, status), code)

    def _ended(self, result: dict[str, Any]) -> int:
        return self._tell(result, EXIT_CODES[result["status"]])

    def _tell(self, result: dict[str, Any], code: int) -> int:
        process.ending()
        if result["status"] == "interrupted":
            sys.stderr.write("interrupted\n")
        elif result["error"]:
            self._narrator.error(result["error"])
        if self._objects:
            # Where stdout is what failed, that has just been told.
            with contextlib.suppress(OSError) if code else contextlib.nullcontext():
                self._answers.json(result)
        elif result["status"] == "ok":
            self._answers.text(_as_text(result["output"]))
        return code


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else output.to_line(value)
