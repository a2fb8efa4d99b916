"""From options and settings to an agent: what `run`, `chat` and a user interface have in common."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from agentx import config, config_fields, offered, plugins
from agentx.cli import adapter
from agentx.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.doubt import Settler
    from agentx.policy import Approver, Asker
    from agentx.session import Session
    from agentx.tool import Tool


_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/:?#@\[\]]+):\d{1,5}")
_NOUNS = {"strategy": "strategy", "dialect": "dialect", "enabled_tools": "tool"}


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed; None where nothing was, so that the settings decide.

    Attributes:
        tools: names of those that are offered; none at all where the list is empty.
    """

    workspace: Path | None = None
    model: str | None = None
    tools: list[str] | None = None
    allow: list[str] | None = None
    max_steps: int | None = None
    timeout_s: float | None = None
    strategy: str | None = None
    few_shot: int | None = None
    threads: int | None = None
    adapter: str | None = None
    instructions: str | None = None
    temperature: float | None = None
    seed: int | None = None
    principles: list[str] | None = None
    unsafe_code: bool = False
    deny: list[str] | None = None
    mode: str | None = None
    allow_hosts: list[str] | None = None
    guards: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """All that an agent is made of, but who is asked for approvals.

    Attributes:
        notices: lines for a person: plugins left out, a project file that is not trusted.
        unsafe_code: tools may run code where nothing confines it.
        allow_hosts: `host:port` pairs that tools which read the web may go to, though the address is private.
        resumed: the session that goes on; "" for a new one.
        origins: where each setting was set, as `config.Loaded` has it.
    """

    settings: config.Settings
    workspace: Path
    tools: "list[Tool]"
    notices: list[str] = field(default_factory=list[str])
    unsafe_code: bool = False
    allow_hosts: tuple[str, ...] = ()
    resumed: str = ""
    origins: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for tool in self.tools:
            if self.unsafe_code:
                allow_unsafe_code(tool, self.settings)
            allow_hosts(tool, self.settings, self.allow_hosts)

    def agent(
        self, approve: "Approver | None" = None, ask: "Asker | None" = None, settle: "Settler | None" = None
    ) -> "Agent":
        """An agent of this setup; without `approve`, a call that needs an approval is denied."""
        from agentx import Agent
        from agentx.model import Sampling

        settings = self.settings
        return Agent(
            model=settings.model,
            tools=self.tools,
            instructions=settings.instructions,
            principles=settings.principles,
            strategy=settings.strategy,
            dialect=settings.dialect,
            workspace=self.workspace,
            approve=approve,
            ask=ask,
            settle=settle,
            allow=settings.allow,
            deny=settings.deny,
            mode=settings.mode,
            few_shot=settings.few_shot,
            max_steps=settings.max_steps,
            timeout_s=settings.timeout_s,
            sampling=Sampling(temperature=settings.temperature, seed=settings.seed),
            threads=settings.threads,
            context_tokens=settings.context_tokens,
            adapter=settings.adapter,
            tool_settings=settings.tool_settings,
            guard=settings.guard,
        )

    def session(self, agent: "Agent") -> "Session":
        """The conversation that this setup is for."""
        return agent.resume(self.resumed) if self.resumed else agent.session()

    def acquire_model(self) -> None:
        """Finds the model or fetches it, with progress on stderr.

        Raises:
            ModelError: no such model, or no source gave it.
        """
        model = self.settings.model
        if model and ":" in model and model.split(":", 1)[0] in plugins.names("agentx.models"):
            # `scripted:FILE` names a backend, which finds its own.
            return
        from agentx.models import acquire
        from agentx.models.progress import narrator

        with narrator() as progress:
            acquire.ensure(model, progress)


class UserInterface(Protocol):
    """The group `agentx.ui`: what `agentx` without arguments opens; returns an exit code."""

    def __call__(self, setup: Setup) -> int: ...


def prepare(options: Options) -> Setup:
    """Reads the settings and loads the tools.

    Raises:
        UsageError: the workspace is no folder, or a name, a pattern or a number is off.
        ConfigError: the same of what a settings file or the environment says.
        ModelFileError: the adapter's file is none.
        PluginError: a tool that was asked for by name cannot be loaded.
    """
    workspace = folder(options.workspace)
    hosts = checked_hosts(options.allow_hosts)
    loaded = config.load(
        workspace,
        {
            "model": options.model,
            "enabled_tools": options.tools,
            "allow": options.allow or None,
            "deny": options.deny or None,
            "mode": options.mode,
            "max_steps": options.max_steps,
            "timeout_s": options.timeout_s,
            "strategy": options.strategy,
            "few_shot": options.few_shot,
            "threads": options.threads,
            "adapter": options.adapter,
            "instructions": _instructions(options.instructions),
            "principles": _principles(options.principles or []) or None,
            "temperature": options.temperature,
            "seed": options.seed,
        },
    )
    loaded = _with_absolute_model(with_project_policy(loaded, workspace))
    # Before the model is fetched and loaded for nothing.
    _check_registered(loaded, "strategy", "agentx.strategies", "auto")
    _check_registered(loaded, "dialect", "agentx.dialects")
    _check_named(loaded, "enabled_tools", offered.known(), "tools", offered.is_known)
    loaded = _with_guards(loaded, options.guards or [])
    loaded = adapter.chosen(loaded)
    tools, problems = load_tools(loaded.settings.enabled_tools)
    notices = [*loaded.notices, *problems]
    return Setup(loaded.settings, workspace, tools, notices, options.unsafe_code, hosts, origins=loaded.origins)


def _with_absolute_model(loaded: config.Loaded) -> config.Loaded:
    """The settings with the path of the model, if it is one, as it holds in whatever folder the session goes on."""
    model = config_fields.anywhere("model", loaded.settings.model)
    return replace(loaded, settings=replace(loaded.settings, model=model))


def _check_registered(loaded: config.Loaded, key: str, group: str, *others: str) -> None:
    known = [*others, *plugins.names(group)]
    _check_named(loaded, key, known, group.removeprefix("agentx."), known.__contains__)


def _check_named(
    loaded: config.Loaded, key: str, known: list[str], nouns: str, is_known: Callable[[str], bool]
) -> None:
    value: str | list[str] | None = getattr(loaded.settings, key)
    for name in [value] if isinstance(value, str) else value or []:
        if not is_known(name):
            origin = loaded.origins[key]
            sentence = f"There is no {_NOUNS[key]} `{name}`; the {nouns} are: {', '.join(known) or 'none'}."
            raise UsageError(sentence) if origin == "command line" else ConfigError(f"{origin}: {sentence}")


def _with_guards(loaded: config.Loaded, typed: list[str]) -> config.Loaded:
    """The settings with the guards that were typed turned on too.

    Raises:
        UsageError, ConfigError: one cannot be had.
    """
    on = list(dict.fromkeys([*loaded.settings.guard.get("on", ()), *typed]))
    if not on:
        return loaded
    from agentx.guarding.checking import Guards

    guard = {**loaded.settings.guard, "on": on}
    try:
        Guards.of(guard)
    except ConfigError as error:
        raise UsageError(str(error)) if typed else error from None
    return replace(loaded, settings=replace(loaded.settings, guard=guard))


def load_tools(names: list[str] | None) -> "tuple[list[Tool], list[str]]":
    """See `agentx.offered.load`."""
    return offered.load(names)


def with_project_policy(loaded: config.Loaded, workspace: Path) -> config.Loaded:
    """The settings with what the project's own policy adds; what was typed or set otherwise goes before its mode.

    Raises:
        UsageError, ConfigError: a pattern cannot be read, or there is no such mode.
    """
    from agentx import project_policy
    from agentx.policy import Policy

    kept = project_policy.load(workspace)
    settings = loaded.settings
    settings = replace(
        settings,
        allow=[*settings.allow, *kept.allow],
        deny=[*settings.deny, *kept.deny],
        mode=kept.mode if kept.mode and loaded.origins["mode"] == "default" else settings.mode,
    )
    # A pattern or a mode that is none is told of here, before the model is loaded for nothing.
    Policy(settings.allow, settings.deny, settings.mode)
    return replace(loaded, settings=settings, notices=[*loaded.notices, *filter(None, [kept.notice])])


def allow_unsafe_code(tool: "Tool", settings: config.Settings) -> None:
    """Tells a tool that runs code that it may do so where nothing confines it."""
    if "executes" in tool.capabilities:
        settings.tool_settings.setdefault(tool.name, {})["unsafe"] = True


def checked_hosts(hosts: list[str] | None) -> tuple[str, ...]:
    """What was typed after `--allow-host`; raises UsageError where one is no host and port."""
    for host in hosts or ():
        named = _HOST_AND_PORT.fullmatch(host)
        if not named or "*" in host or int(host.rpartition(":")[2]) not in range(1, 65536):
            raise UsageError(
                f"--allow-host takes a host and a port, such as 127.0.0.1:8000 or [::1]:8000, not {host!r}."
            )
    return tuple(hosts or ())


def allow_hosts(tool: "Tool", settings: config.Settings, hosts: tuple[str, ...]) -> None:
    """Adds the hosts to those that a tool which reads the web may go to, though their addresses are private."""
    if hosts and {"egress", "ingests_untrusted"} <= tool.capabilities:
        table = settings.tool_settings.setdefault(tool.name, {})
        given: Any = table.get("allow", [])
        # Of a setting that is no list, the tool itself will tell.
        table["allow"] = [*cast("list[Any]", given), *hosts] if isinstance(given, list) else given


def folder(workspace: Path | None) -> Path:
    """The workspace, absolute; raises UsageError if it is no folder."""
    try:
        path = (workspace or Path.cwd()).expanduser().absolute()
    except (FileNotFoundError, RuntimeError) as error:
        raise UsageError(f"The workspace cannot be found ({error}); name a folder with --workspace.") from None
    if not path.is_dir():
        raise UsageError(f"The workspace {path} is no folder; make it, or name another with --workspace.")
    return path


def open_ui(name: str, options: Options, resume: str | None = None) -> int:
    """Opens a user interface by its name in the group `agentx.ui`; returns its exit code."""
    interface: Any = plugins.load("agentx.ui", name)
    if resume is None:
        return interface(prepare(options))
    from agentx.cli import resuming

    return interface(resuming.find(resume, options).setup)


def _instructions(text: str | None) -> str | None:
    return _read("instructions", text[1:]) if text is not None and text.startswith("@") else text


def _principles(given: list[str]) -> list[str]:
    """Those that were typed, and those in files, one a line; blank lines and comments (`#`) are none."""
    found: list[str] = []
    for text in given:
        if text.startswith("@"):
            lines = [line.strip() for line in _read("principles", text[1:]).splitlines()]
            found += [line for line in lines if line and not line.startswith("#")]
        elif text.strip():
            found.append(text)
        else:
            raise UsageError("--principle is empty; say in a sentence what an answer must keep to.")
    return found


def _read(what: str, name: str) -> str:
    path = Path(name).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"The {what} in {path} are not UTF-8 text; save the file as UTF-8.") from None
    except OSError as error:
        raise UsageError(
            f"The {what} cannot be read from {path} ({error.strerror}); check the path after the @."
        ) from None
