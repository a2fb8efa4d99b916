"""A conversation in plain lines: answers on stdout, what happens meanwhile on stderr."""

import contextlib
import sys
from typing import TYPE_CHECKING

from agentx.cli import aio, failures, output
from agentx.cli.approve import terminal_asker
from agentx.cli.narrate import Narrator
from agentx.cli.setup import Setup
from agentx.cli.text import is_terminal, one_line
from agentx.events import Event, StepStarted, TextDelta
from agentx.report import Report

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentx.agent import Agent

PROMPT = "> "
RESUME = "/resume"
HELP = """\
/help   this list
/tools  the tools that the agent has
/resume go on with a task that broke off
/new    forget the conversation and begin another
/quit   end (as Ctrl-D does)
Ctrl-C stops the turn and keeps the chat."""


def open_chat(setup: Setup) -> int:
    """Talks until /quit or the end of input; returns the exit code."""
    with output.taken() as answers:
        chat = Chat(setup, answers)
        for notice in setup.notices:
            chat.narrator.note(notice)
        chat.tell_unfinished()
        setup.acquire_model()
        with aio.Runner() as runner:
            while (line := chat.read_line()) is not None:
                if line.strip() == RESUME:
                    chat.go_on(runner)
                elif not chat.command(line):
                    break
                elif (text := line.strip()) and not text.startswith("/"):
                    chat.turn(runner, text)
    return 0


class Chat:
    """One conversation at a terminal or over pipes."""

    def __init__(self, setup: Setup, answers: output.Answers) -> None:
        asker = terminal_asker()
        self.narrator = Narrator(sys.stderr, asks=asker is not None)
        self._setup = setup
        self._answers = answers
        self._interactive = is_terminal(sys.stdin)
        self._agent: Agent = setup.agent(asker, asker and asker.answer, asker and asker.settle)
        self._session = setup.session(self._agent)

    def begin(self) -> None:
        """Starts a conversation without a past."""
        self._session = self._agent.session()

    def tell_unfinished(self) -> None:
        """Says so where the session's last task broke off."""
        if (run := self._session.unfinished) is not None:
            told = f"this task broke off: {one_line(run.started.task, 80)}"
            self.narrator.note(f"{told} ({RESUME} goes on with it, a new message leaves it)")

    def go_on(self, runner: aio.Runner) -> None:
        """Goes on with the task that broke off."""
        if self._session.unfinished is None:
            self._say("no task broke off; write what is to be done")
        else:
            self._run(runner, self._session.stream_resumed())

    def read_line(self) -> str | None:
        """The next line that is typed; None at the end of input."""
        if not self._interactive:
            return sys.stdin.readline() or None
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # gives `input` its line editing
        while True:
            try:
                return input(PROMPT)
            except EOFError:
                self._say("")
                return None
            except KeyboardInterrupt:
                self._say("\n/quit or Ctrl-D ends the chat")

    def command(self, line: str) -> bool:
        """Carries out a /command; False ends the chat."""
        match line.strip():
            case "/quit" | "/exit":
                return False
            case "/help":
                self._say(HELP)
            case "/tools":
                for tool in self._setup.tools:
                    self._say(f"{tool.name}: {one_line(tool.description, 90)}")
            case "/new":
                self.begin()
                self._say("a new conversation")
            case text if text.startswith("/"):
                self._say(f"there is no command {one_line(text)}; /help names them")
            case _:
                pass
        return True

    def turn(self, runner: aio.Runner, text: str) -> None:
        """One question and its answer; what goes wrong is told, and the chat goes on."""
        self._run(runner, self._session.stream(text))

    def _run(self, runner: aio.Runner, events: "AsyncGenerator[Event, None]") -> None:
        try:
            runner.run(self._follow(events))
        except KeyboardInterrupt:
            self._say("\nstopped")
        except BrokenPipeError:
            raise
        except Exception as error:
            self.narrator.error(failures.describe(error)[0])

    async def _follow(self, events: "AsyncGenerator[Event, None]") -> None:
        report, streamed = Report(), ""
        async for event in events:
            report.take(event)
            if streamed and isinstance(event, StepStarted):  # what was streamed was a draft
                self._answers.piece("\n")
                streamed = ""
            self.narrator.take(event)
            if self._interactive and isinstance(event, TextDelta) and event.channel == "answer":
                self._answers.piece(event.text)
                streamed += event.text
        result = report.ended()
        if streamed:
            self._answers.piece("\n")
        if result["status"] == "ok":
            if streamed.strip() != str(result["output"]).strip():
                self._answers.text(str(result["output"]))
        elif result["error"]:
            self.narrator.error(result["error"])

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
