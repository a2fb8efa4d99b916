"""The options that `run`, `chat` and `map` share."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from agentx.cli.setup import Options

Workspace = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="Folder to work in; the current one by default.")
]
Model = Annotated[
    str | None, typer.Option("--model", "-m", help="A model's name, a GGUF path, or hf://owner/repo/file.")
]
Tools = Annotated[
    list[str] | None, typer.Option("--tool", help="Offer this tool only, or with +NAME this one too; may be repeated.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow", metavar="all|PATTERN", help='Approve in advance: all, a tool, or tool(argument="glob"); repeatable.'
    ),
]
Deny = Annotated[
    list[str] | None,
    typer.Option(
        "--deny",
        metavar="PATTERN",
        help="Never carry out such calls, whatever else allows them, nor those that the settings deny; repeatable.",
    ),
]
Mode = Annotated[
    str | None,
    typer.Option("--mode", help="Other calls that need an approval: read-only, ask (default), auto-edit or full."),
]
MaxSteps = Annotated[int | None, typer.Option("--max-steps", help="Replies of the model that a run may take.")]
Timeout = Annotated[float | None, typer.Option("--timeout", help="Seconds that a run may take.")]
Strategy = Annotated[str | None, typer.Option("--strategy", help="How the next action is chosen.")]
FewShot = Annotated[
    int | None,
    typer.Option("--few-shot", metavar="0-3", help="Past tasks that went well to show with a new one like them."),
]
Adapter = Annotated[
    str | None,
    typer.Option("--adapter", metavar="FILE", help="A LoRA adapter that the model runs under, as GGUF; or none."),
]
Threads = Annotated[int | None, typer.Option("--threads", help="CPU threads of the decoder.")]
Instructions = Annotated[
    str | None,
    typer.Option("--instructions", metavar="TEXT|@FILE", help="Standing instructions, or a file that holds them."),
]
Principles = Annotated[
    list[str] | None,
    typer.Option(
        "--principle",
        metavar="TEXT|@FILE",
        help="What the answer must keep to, or it is revised and else refused; a file holds one a line; repeatable.",
    ),
]
Temperature = Annotated[float | None, typer.Option("--temperature", help="0 takes the likeliest token.")]
UnsafeCode = Annotated[
    bool, typer.Option("--unsafe-code", help="Run the model's code even where this machine cannot confine it.")
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST:PORT",
        help="Let tools that read the web go there, though the address is private; repeatable.",
    ),
]
Guard = Annotated[
    list[str] | None,
    typer.Option("--guard", metavar="NAME", help="Turn this guard on too (see `agentx guard list`); repeatable."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the random draw.")]
Resume = Annotated[
    str | None,
    typer.Option("--resume", metavar="ID|last", help="Go on with this session, or the newest of the workspace."),
]

_SHARED: dict[str, Any] = {
    "workspace": Workspace,
    "model": Model,
    "tools": Tools,
    "allow": Allow,
    "deny": Deny,
    "mode": Mode,
    "max_steps": MaxSteps,
    "timeout_s": Timeout,
    "strategy": Strategy,
    "few_shot": FewShot,
    "threads": Threads,
    "adapter": Adapter,
    "instructions": Instructions,
    "principles": Principles,
    "temperature": Temperature,
    "seed": Seed,
    "unsafe_code": UnsafeCode,
    "allow_hosts": AllowHost,
    "guards": Guard,
}
"""By the field of `Options` that an option fills."""


def with_shared(command: Callable[..., int]) -> Callable[..., int]:
    """The command with the shared options before its own; it is given them in one object, `typed`."""
    own = [item for item in inspect.signature(command).parameters.values() if item.name != "typed"]
    defaults = {item.name: item.default for item in fields(Options)}
    kind = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(name, kind, default=defaults[name], annotation=option) for name, option in _SHARED.items()
    ]

    def taking(**given: Any) -> int:
        return command(Options(**{name: given.pop(name, defaults[name]) for name in _SHARED}), **given)

    arguments = [item for item in own if item.default is inspect.Parameter.empty]
    others = [item.replace(kind=kind) for item in own if item not in arguments]
    taking.__doc__, taking.__name__ = command.__doc__, command.__name__
    taking.__signature__ = inspect.Signature([*arguments, *shared, *others])  # pyright: ignore[reportFunctionMemberAccess]
    taking.__annotations__ = {item.name: item.annotation for item in [*arguments, *shared, *others]}
    return taking
