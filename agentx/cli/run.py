"""`agentx run`: one task, its answer on stdout, what happens meanwhile on stderr."""

import contextlib
import sys
from typing import Annotated, Any

import typer

from agentx.cli import aio, failures, options, output, process
from agentx.cli.narrate import Narrator
from agentx.cli.report import EXIT_CODES, Report
from agentx.cli.setup import Options, Setup, prepare
from agentx.cli.stdin import with_stdin
from agentx.errors import AgentXError
from agentx.events import Event, to_json


def command(
    task: Annotated[str, typer.Argument(metavar="TASK", help="What is to be done; `-` reads it from stdin.")],
    workspace: options.Workspace = None,
    model: options.Model = None,
    tool: options.Tools = None,
    allow: options.Allow = None,
    max_steps: options.MaxSteps = None,
    timeout: options.Timeout = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, on failure too.")] = False,
    stream_json: Annotated[
        bool, typer.Option("--stream-json", help="Print each event as a JSON line, the object last.")
    ] = False,
    strategy: options.Strategy = None,
    threads: options.Threads = None,
    instructions: options.Instructions = None,
    temperature: options.Temperature = None,
    seed: options.Seed = None,
    principle: options.Principles = None,
    unsafe_code: options.UnsafeCode = False,
    deny: options.Deny = None,
    mode: options.Mode = None,
    allow_host: options.AllowHost = None,
) -> int:
    """Give the agent one task and print its answer.

    Exit codes: 0 ok, 1 failed or refused, 2 usage, 3 an approval was needed and nobody there to ask, 4 no model, 75 an
    effect is in doubt, 78 settings, 124 time limit, 130 interrupted.
    """
    typed = Options(
        workspace,
        model,
        tool,
        allow,
        max_steps,
        timeout,
        strategy,
        threads,
        instructions,
        temperature,
        seed,
        principle,
        unsafe_code,
        deny,
        mode,
        allow_host,
    )
    with output.taken() as answers:
        return _Run(answers, objects=json or stream_json, stream=stream_json).carry_out(task, typed)


class _Run:
    """One run, and where its events, its answer and its failure are told."""

    def __init__(self, answers: output.Answers, *, objects: bool, stream: bool) -> None:
        from agentx.cli.approve import terminal_asker

        self._answers = answers
        self._objects = objects
        self._stream = stream
        self._asker = terminal_asker()
        self._narrator = Narrator(sys.stderr, asks=self._asker is not None)
        self._report = Report()

    def carry_out(self, task: str, typed: Options) -> int:
        """Runs the task and returns the exit code; whatever goes wrong is told, not raised."""
        try:
            setup = prepare(typed)
            for notice in setup.notices:
                self._narrator.note(notice)
            task = with_stdin(task)
            setup.acquire_model()
            aio.run(self._follow(setup, task))
        except BrokenPipeError:
            raise
        except BaseException as error:
            return self._broke_off(error)
        return self._ended(self._report.ended())

    async def _follow(self, setup: Setup, task: str) -> None:
        async for event in setup.agent(self._asker, self._asker and self._asker.answer).stream(task):
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
