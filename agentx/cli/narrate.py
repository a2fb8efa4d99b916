"""Tells a person on stderr what a run does, from its events alone."""

from typing import TextIO

from agentx.cli.text import has_colour, one_line, visible
from agentx.events import (
    Answered,
    ApprovalAsked,
    CallDecoded,
    CallFinished,
    CallProgress,
    CallStarted,
    Criticised,
    DoubtSettled,
    Event,
    ExamplesShown,
    Guarded,
    ModeChanged,
    ModelLoaded,
    Notice,
    Rewound,
    RunFinished,
    RunResumed,
    RunStarted,
    Steered,
    SteeringUnheard,
    Thought,
)
from agentx.messages import ToolCall, ToolResult

RESULT_LINES = 8
LINE_CHARACTERS = 160
CALL_CHARACTERS = 400

DIM, CYAN, YELLOW, RED = "2", "36", "33", "31"


class Narrator:
    """Writes lines as events come; a call that was refused before it started is told of with its result.

    Attributes:
        asks: whether somebody is asked for approvals, so that asking needs no line here.
    """

    def __init__(self, stream: TextIO, *, asks: bool = False) -> None:
        self._stream = stream
        self._asks = asks
        self._colour = has_colour(stream)
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        self._to, self._from = ("→", "←") if encoding.startswith("utf") else ("->", "<-")
        self._decoded: dict[str, ToolCall] = {}
        self._started: set[str] = set()

    def take(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._line(f"{event.model} in {event.workspace}, session {event.session_id}", DIM)
            case ModelLoaded():
                self._line(f"{event.name} is loaded ({event.elapsed_s:.1f} s)", DIM)
            case RunResumed():
                self._line(f"session {event.session_id} goes on with: {one_line(event.task)}", DIM)
            case Rewound():
                self._line(f"rewound to event {event.to}; files put back: {len(event.restored)}", DIM)
            case DoubtSettled():
                taken = "has happened" if event.happened else "is made again"
                self._line(f"a call was in doubt and {taken}: {event.reason}", YELLOW)
            case ModeChanged():
                self._line(f"the mode is {event.mode} from here on", DIM)
            case Steered():
                self._line(f"the user adds: {one_line(event.text)}", "")
            case SteeringUnheard():
                self.note(f"the run ended before it could heed: {one_line(' / '.join(event.texts))}")
            case ExamplesShown():
                self._line(f"shown as examples: the tasks of {', '.join(event.sessions)}", DIM)
            case Thought():
                self._block(event.text, "  ", DIM)
            case CallDecoded():
                self._decoded[event.call.id] = event.call
            case ApprovalAsked() if not self._asks:
                advice = f"; `{event.advice}` gives it in advance" if event.advice else ""
                self._line(f"approval needed: {event.reason}{advice}", YELLOW)
            case CallStarted():
                self._started.add(event.call.id)
                self._line(f"{self._to} {one_line(str(event.call), CALL_CHARACTERS)}", CYAN)
            case CallProgress():
                self.progress(event.text)
            case CallFinished():
                self._result(event.result)
            case Notice():
                self.note(event.text)
            case Guarded():
                self.note(event.sentence)
            case Criticised():
                self.note(f"the draft goes against “{event.principle}”: {event.critique}")
            case Answered() if event.unverified:
                self._line(f"unverified: {one_line(', '.join(event.unverified), 1000)}", YELLOW)
            case _:
                pass

    def tell(self, event: Event) -> None:
        """As `take`, with what a person has seen elsewhere while the run was on: its task and its answer."""
        self.take(event)
        match event:
            case RunStarted():
                self._line(f"task: {event.task}", "")
            case Answered():
                self._line(f"answer: {event.text}", "")
            case RunFinished() if event.error:
                self.error(event.error)
            case _:
                pass

    def note(self, text: str) -> None:
        """A line that is no event: a plugin left out, a project file that is not trusted."""
        self._line(f"note: {one_line(text, 1000)}", YELLOW)

    def progress(self, text: str) -> None:
        self._line(f"  … {one_line(text)}", DIM)

    def error(self, sentence: str) -> None:
        self._line(f"error: {one_line(sentence, 2000)}", RED)

    def _result(self, result: ToolResult) -> None:
        call = self._decoded.get(result.call_id)
        if call is not None and result.call_id not in self._started:
            self._line(f"x {one_line(str(call), CALL_CHARACTERS)}", YELLOW)
        head = f"{self._from} {result.status}, {result.elapsed_s:.1f} s"
        self._block(result.text, "  ", "" if result.ok else YELLOW, head)

    def _block(self, text: str, indent: str, style: str, head: str | None = None) -> None:
        lines = [line for line in visible(text).splitlines() if line.strip()]
        if head is not None and len(lines) == 1:
            self._line(f"{head}: {_clip(lines[0])}", style)
            return
        if head is not None:
            self._line(head, style)
        for line in lines[:RESULT_LINES]:
            self._line(f"{indent}{_clip(line)}", style)
        if len(lines) > RESULT_LINES:
            self._line(f"{indent}… {len(lines) - RESULT_LINES} more lines", style)

    def _line(self, text: str, style: str) -> None:
        text = visible(text)
        self._stream.write(f"\x1b[{style}m{text}\x1b[0m\n" if self._colour and style else f"{text}\n")
        self._stream.flush()


def _clip(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS else f"{line[:LINE_CHARACTERS]}…"
