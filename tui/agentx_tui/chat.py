"""A conversation in plain lines: answers on stdout, what happens meanwhile on stderr.

At a terminal, what is typed while a task runs is added to it; over pipes each line is a task of its own.
"""

import contextlib
import sys
from collections import deque
from typing import TYPE_CHECKING

from agentx.cli import aio, failures, output
from agentx.cli.approve import Asker
from agentx.cli.narrate import Narrator
from agentx.cli.setup import Setup
from agentx.cli.text import is_terminal, one_line, visible, without_controls
from agentx.cli.typed_lines import TypedLines
from agentx.errors import UsageError
from agentx.events import Event, Steered, SteeringShown, SteeringUnheard, StepStarted, TextDelta
from agentx.report import Report
from agentx_tui.commands import is_command

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
What you type while a task runs is added to it. Ctrl-C stops the turn and keeps the chat."""


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
                elif (text := line.strip()) and not is_command(text):
                    chat.turn(runner, text)
    return 0


class Chat:
    """One conversation at a terminal or over pipes."""

    def __init__(self, setup: Setup, answers: output.Answers) -> None:
        self._interactive = is_terminal(sys.stdin)
        self._typed = TypedLines(sys.stdin.fileno(), self._said, self._tell) if self._interactive else None
        typed = self._typed if is_terminal(sys.stderr) else None
        asker = Asker(typed.line, sys.stderr, typed.question) if typed else None
        self.narrator = Narrator(sys.stderr, asks=asker is not None)
        self._setup = setup
        self._answers = answers
        self._next: deque[str] = deque()  # lines that were typed and wait for the end of the task
        self._unheard: list[str] = []
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
        if self._next:
            line = self._next.popleft()
            self._say(f"{PROMPT}{visible(line)}")
            return line
        if self._typed is None:
            return sys.stdin.readline() or None
        if self._typed.ended:
            self._say("")
            return None
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # gives `input` its line editing
        while True:
            try:
                return without_controls(input(PROMPT))
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
            case text if is_command(text):
                self._say(f"there is no command {one_line(text)}; /help names them")
            case _:
                pass
        return True

    def turn(self, runner: aio.Runner, text: str) -> None:
        """One question and its answer; what goes wrong is told, and the chat goes on."""
        self._run(runner, self._session.stream(text))

    def _said(self, line: str) -> None:
        """Adds what was typed while a task runs to that task; a command, or what comes too late, waits for its end."""
        if is_command(line):
            self._say(f"{one_line(line)} waits for the end of the task; Ctrl-C stops it")
            self._next.append(line)
            return
        try:
            self._session.steer(line)
        except UsageError:
            self._next.append(line)
        except Exception as error:
            self.narrator.error(failures.describe(error)[0])
            self._next.append(line)

    def _run(self, runner: aio.Runner, events: "AsyncGenerator[Event, None]") -> None:
        self._unheard = []
        try:
            runner.run(self._heard(events))
        except KeyboardInterrupt:
            if self._typed:
                self._typed.let_go()
            self._say("\nstopped")
            self._tell_unheard()
            self._clear_next()
        except BrokenPipeError:
            raise
        except Exception as error:
            self.narrator.error(failures.describe(error)[0])
            self._tell_unheard()

    def _tell_unheard(self) -> None:
        """Tells of what the run was told and has no word for any more."""
        for text in self._unheard:
            self.narrator.take(SteeringUnheard([text]))

    def _clear_next(self) -> None:
        """Who stops a task does not want the next one to start at once; a command still comes."""
        for text in self._next:
            if not is_command(text):
                self.narrator.note(f"not begun: {one_line(text)}")
        self._next = deque(text for text in self._next if is_command(text))

    async def _heard(self, events: "AsyncGenerator[Event, None]") -> None:
        with self._typed.heard() if self._typed else contextlib.nullcontext():
            await self._follow(events)

    def _take(self, event: Event) -> None:
        self.narrator.take(event)
        match event:
            case Steered():
                self._unheard.append(event.text)
            case SteeringShown():
                del self._unheard[: len(event.texts)]
            case SteeringUnheard():
                self._next.extendleft(reversed(event.texts))
                self._unheard = []
            case _:
                pass

    async def _follow(self, events: "AsyncGenerator[Event, None]") -> None:
        report, streamed = Report(), ""
        async for event in events:
            report.take(event)
            if streamed and isinstance(event, StepStarted):  # what was streamed was a draft
                self._answers.piece("\n")
                streamed = ""
            self._take(event)
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
        self._tell(f"{text}\n")

    def _tell(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
