"""The tool that runs a Python program in a child process.

What holds the program: a process group of its own that is killed when the time is up or the run is cancelled, a clean
environment, a closed stdin, and limits on processor time, memory, file size and, except for root, processes. What does
not: it runs as the user who started AgentX and may read, write and connect to whatever that user may, and a process
that starts a session of its own outlives the group (its processor time stays limited). The sandbox that the kernel
enforces is a later issue; until then an approval is the guard, since the tool has the capability `executes`.
"""

import json
import math
import os
import re
import signal
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools import child, functions

_RUNNER = Path(__file__).with_name("_runner.py")
_LONG_OUTPUT_CHARACTERS = 2_500


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Attributes:
        timeout_s: seconds by the clock; the processor time is limited to twice that.
        memory_bytes: address space of each process.
        file_bytes: size of each file it writes.
        output_bytes: what it may print.
        more_tasks: processes and threads beyond those that the user has already.
    """

    timeout_s: float = 20.0
    memory_bytes: int = 2 * 2**30
    file_bytes: int = 64 * 2**20
    output_bytes: int = 2**20
    more_tasks: int = 128


@tool(
    capabilities=["executes"],
    timeout_s=30,
    max_output_bytes=4_000,
    language="python",
    survey=lambda context: {"code": "look()"},
)
async def python(context: ToolContext, code: str) -> str:
    """Run a Python program in the workspace and return what it prints.

    Args:
        code: the program; the value of a last expression is printed.
    """
    return await run_program(code, context)


async def run_program(code: str, context: ToolContext, limits: Limits | None = None) -> str:
    """What the program printed; it has the run's other tools as functions.

    Raises:
        ToolError: the program failed (what it printed and an `error:` block), or could not be started.
    """
    limits = limits or Limits()
    source = cleaned(code)
    with tempfile.TemporaryDirectory(prefix="agentx-python-", ignore_cleanup_errors=True) as home:
        program, report = Path(home, "program.py"), Path(home, "error.txt")
        _store(program, source)
        try:
            async with functions.served(context) as channel:
                ended = await child.run(
                    [sys.executable, "-I", str(_RUNNER), str(program), str(report), _as_json(limits, channel, context)],
                    folder=context.workspace,
                    environment={"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8"},
                    timeout_s=limits.timeout_s,
                    output_bytes=limits.output_bytes,
                    inherited=() if channel is None else (channel,),
                )
        except OSError as error:
            raise ToolError(f"The program could not be started: {error.strerror} ({context.workspace}).") from None
        error = problem(ended, report, limits)
        text = compose(ended.output.decode("utf-8", "replace"), error)
        if error is not None:
            raise ToolError(text)
        return text


def cleaned(code: str) -> str:
    """The program without the Markdown fence or the indentation that models like to put around it."""
    if fenced := re.fullmatch(r"\s*```\w*\n(.*?)\n?```\s*", code, re.DOTALL):
        code = fenced[1]
    return textwrap.dedent(code)


def problem(ended: child.Ended, report: Path, limits: Limits) -> str | None:
    """What went wrong, in words; None if the program ended well."""
    if ended.stopped_by == "timeout":
        return f"stopped after {limits.timeout_s:g} s, the program did not end"
    if ended.stopped_by == "output":
        return f"stopped, the program printed more than {limits.output_bytes // 1024} KiB"
    if ended.status == 0:
        return None
    if ended.status == -signal.SIGXCPU:
        return f"stopped after {2 * math.ceil(limits.timeout_s)} s of processor time"
    if ended.status < 0:
        return f"the program was ended by the signal {signal.Signals(-ended.status).name}"
    if report.is_file():
        return report.read_text("utf-8", "replace")
    return f"the program ended with the exit code {ended.status}"


def compose(output: str, error: str | None) -> str:
    """Output, then the error; the error first where the output is so long that its end may be cut."""
    output = output.rstrip()
    if error is None:
        return output or "(no output; print what you want to see)"
    if len(output) > _LONG_OUTPUT_CHARACTERS:
        return f"error: {error}\noutput before it:\n{output}"
    return f"{output}\nerror: {error}" if output else f"error: {error}"


def _store(program: Path, source: str) -> None:
    try:
        program.write_text(source, "utf-8", newline="")
    except UnicodeEncodeError:
        raise ToolError("The program holds half of a surrogate pair, which is no text; leave it out.") from None
    except OSError as error:
        raise ToolError(f"The program could not be stored: {error.strerror} ({program.parent}).") from None


def _as_json(limits: Limits, channel: int | None, context: ToolContext) -> str:
    return json.dumps(
        {
            "cpu_s": 2 * math.ceil(limits.timeout_s),
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
            "more_tasks": limits.more_tasks,
            "channel": channel,
            "functions": functions.described(context),
            "task": context.task,
        }
    )
