"""Runs a program behind the walls, for the tools that run one, and tells the model how it ended."""

import asyncio
import re
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from agentx import changes
from agentx.errors import StorageError, ToolError
from agentx.threads import in_thread
from agentx.tool import Capability, ToolContext
from agentx_tools import _lenient, _runner, before, functions, proxy
from agentx_tools.own import own_folders
from agentx_tools.sandbox import pool
from agentx_tools.sandbox.client import Ended, NoWalls, SandboxError
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level
from agentx_tools.variables import Variables
from agentx_tools.workspace import shown

_MODULES = (_runner.__name__, "agentx_tools._by_value", *_lenient.COMMON)
_WALLS = {"namespaces": Level.NAMESPACES, "landlock": Level.LANDLOCK}
_LONG_OUTPUT_CHARACTERS = 2_500
_MIB = 2**20
_KEEP_BYTES = 16 * _MIB
_CHANGES_MODES = re.compile(r"\b(chmod|chown|utime|touch)\b")


class Unconfined(ToolError):
    """This machine cannot confine a program, and the user has not allowed it to run without."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The table of a tool that runs programs.

    Attributes:
        limits: what a program may use.
        readable: files and folders that it may read beside the workspace and the interpreter.
        hosts: what it may reach by HTTP: names, `*.name`, or `host:port`.
        walls: levels of the sandbox to try, the highest first.
        unsafe: it may run where none of them holds.
        keep_bytes: of the variables that a program may leave for the next one; 0 where it leaves none.
    """

    limits: Limits
    readable: tuple[str, ...]
    hosts: tuple[str, ...]
    walls: tuple[Level, ...]
    unsafe: bool
    keep_bytes: int

    @classmethod
    def of(cls, context: ToolContext) -> "Settings":
        """The settings of the tool that is called.

        Raises:
            ToolError: one of them is wrong.
        """
        given = dict(context.settings)
        try:
            return cls(
                Limits.from_settings(given),
                _texts(given, "readable"),
                tuple(host.lower() for host in _texts(given, "hosts")),
                tuple(_WALLS[name] for name in _texts(given, "walls", tuple(_WALLS))),
                given.get("unsafe") is True,
                _keep_bytes(given),
            )
        except KeyError as error:
            reason = f"`walls` knows {' and '.join(_WALLS)}, not {error}"
        except ValueError as error:
            reason = str(error)
        raise ToolError(f"The settings of this tool are wrong: {reason}.")


def ways_out(settings: Mapping[str, Any]) -> tuple[Capability, ...]:
    """What the settings of a tool that runs programs let these do beside: hosts, or no walls, are a way out."""
    return ("egress",) if settings.get("hosts") or settings.get("unsafe") is True else ()


def _texts(given: dict[str, Any], name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    value: Any = given.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in cast("list[Any]", value)):
        raise ValueError(f"`{name}` must be a list of texts, not {value!r}")
    return tuple(cast("list[str]", value))


def _keep_bytes(given: dict[str, Any]) -> int:
    keeps, most = given.get("keep_variables", True), given.get("keep_bytes", _KEEP_BYTES)
    if not isinstance(keeps, bool):
        raise ValueError(f"`keep_variables` must be true or false, not {keeps!r}")
    if isinstance(most, bool) or not isinstance(most, int) or most <= 0:
        raise ValueError(f"`keep_bytes` must be a whole number above 0, not {most!r}")
    return most if keeps else 0


async def run(request: dict[str, Any], context: ToolContext, limits: Limits | None = None) -> "Ran":
    """Runs a request in the workspace, with the run's other tools as functions.

    Args:
        limits: in place of those of the settings.

    Raises:
        Unconfined: there are no walls on this machine.
        ToolError: the settings are wrong, or the program could not be started.
    """
    settings = Settings.of(context)
    limits = limits or settings.limits
    levels = (*settings.walls, *([Level.NONE] if settings.unsafe else []))
    own = own_folders(context.workspace)
    for folder in own:
        folder.mkdir(parents=True, exist_ok=True)  # what is not there cannot be guarded
    readable = (*settings.readable, *map(str, own))
    lent = pool.lent(context.workspace, readable, _MODULES, levels, settings.hosts)
    try:
        async with (
            lent as sandbox,
            _kept("shell" if "command" in request else "python", context),
            functions.served(context, sandbox.paused) as channel,
            proxy.served(sandbox.listener, settings.hosts, context.holds_untrusted),
        ):
            if own and (sandbox.level == Level.LANDLOCK or context.workspace.resolve().is_relative_to(own[0])):
                raise ToolError(
                    f"No program runs in {context.workspace}, since AgentX's own files lie there ({own[0]}) and cannot "
                    "be guarded on this machine; name another folder with --workspace."
                )
            if sandbox.level == Level.NONE:
                context.holds_untrusted()  # nothing tells what it reaches
            if "command" in request or not settings.keep_bytes or context.state is None:
                ended = await sandbox.run(request, limits, channel)
            else:
                variables = Variables(context, sandbox.level, settings.hosts)
                keeping = {**request, "keep_bytes": settings.keep_bytes}
                ended = await sandbox.run(keeping, limits, channel, await variables.before())
                await variables.leave(ended)
            return Ran(ended, limits, _note(request, sandbox.level))
    except NoWalls as error:
        raise Unconfined(
            f"This machine cannot confine a program: {error}. Start AgentX with --unsafe-code to run code without "
            "walls, or install agentx-local[monty] for small computations."
        ) from None
    except SandboxError as error:
        raise ToolError(f"The program could not be run: {error}.") from None
    except OSError as error:
        raise ToolError(f"The program could not be started: {error.strerror} ({context.workspace}).") from None


@asynccontextmanager
async def _kept(tool: str, context: ToolContext) -> AsyncGenerator[None]:
    """Keeps what the files that a program changes held before, however it ends; `undo = false` does without."""
    if context.settings.get("undo") is False:
        yield
        return
    watched = context.watched or await in_thread(lambda: changes.Watched(context.workspace))
    try:
        yield
    finally:
        try:
            keeping = in_thread(lambda: before.keep(context.workspace, watched, tool, context.call_id))
            if left := await asyncio.shield(keeping):
                others = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
                context.progress(f"What {tool} has changed in {shown(left[0])}{others} cannot be taken back.")
        except (OSError, ToolError, StorageError) as error:
            context.progress(f"What {tool} has changed cannot be taken back ({error}).")


def _note(request: dict[str, Any], level: Level) -> str:
    """What a program that succeeded should know of the walls; empty for most."""
    if level == Level.LANDLOCK and _CHANGES_MODES.search(request.get("command") or request.get("source") or ""):
        return "(on this machine modes, owners and times of files stay as they are)"
    return ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has a number alone
        return str(number)


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended, in words for the model."""

    ended: Ended
    limits: Limits
    note: str = ""

    @property
    def problem(self) -> str | None:
        """What went wrong; None if the program ended well."""
        limits, status = self.limits, self.ended.status
        passed = {
            "timeout": f"stopped after {limits.timeout_s:g} s, the program did not end",
            "memory": f"stopped, the program took more than {limits.memory_bytes // _MIB} MiB of memory",
            "disk": f"stopped, the program wrote more than {limits.disk_bytes // _MIB} MiB",
            "output": f"stopped, the program printed more than {limits.output_bytes // 1024} KiB",
            "processes": f"stopped, the program started more than {limits.processes} processes",
        }
        if self.ended.stopped_by:
            return passed[self.ended.stopped_by]
        if status == 0:
            return None
        if status == -signal.SIGXCPU:
            return "stopped, the program used up its processor time"
        if status < 0:
            return f"the program was ended by the signal {_signal(-status)}"
        return self.ended.report.partition("\0")[0] or f"the program ended with the exit code {status}"

    @property
    def output(self) -> str:
        """What was printed."""
        moved = f"(moved aside, git would obey it: {', '.join(self.ended.moved)})" if self.ended.moved else ""
        return "\n".join(filter(None, (self.ended.output.decode("utf-8", "replace").rstrip(), self.note, moved)))

    def text(self) -> str:
        """What was printed.

        Raises:
            ToolError: the program failed; the error comes first where the output is so long that its end may be cut.
        """
        output, error, begin = self.output, self.problem, self.ended.report.partition("\0")[2]
        if error is None:
            return output or "(no output; print what you want to see)"
        if len(output) > _LONG_OUTPUT_CHARACTERS:
            raise ToolError(f"error: {error}\noutput before it:\n{output}", begin=begin)
        raise ToolError(f"{output}\nerror: {error}" if output else f"error: {error}", begin=begin)
