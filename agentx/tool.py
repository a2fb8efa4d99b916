"""A tool: a function with a JSON Schema, what it may do, and its limits.

The usual way to make one is the decorator::

    @tool
    def area(base: float, height: float) -> float:
        '''Area of a triangle.

        Args:
            base: length of the base, in metres.
            height: height over that base, in metres.
        '''
        return base * height / 2

A parameter annotated `ToolContext` is filled by the loop and hidden from the model.
"""

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

if TYPE_CHECKING:
    from agentx.changes import Watched
    from agentx.messages import RunResult
    from agentx.tool_state import ToolState

Capability: TypeAlias = Literal["reads_private", "ingests_untrusted", "keeps", "writes", "executes", "egress", "costs"]
"""What a tool may do beyond computing on its arguments: read the user's files, bring text of strangers into the
prompt, keep what a later call shows, change files, run code, send data out, spend money."""

DEFAULT_TIMEOUT_S = 30.0
DEFAULT_MAX_OUTPUT_BYTES = 4_000


class _Sent:
    """What `progress` returns: awaitable, so that `await context.progress(…)` reads naturally, and done already."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


@dataclass
class Marks:
    """What a tool has said of the result that it is about to give.

    Attributes:
        untrusted: it holds text of strangers.
        addresses: what a search has found: going there carries nothing out.
    """

    untrusted: bool = False
    addresses: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class ToolContext:
    """What the loop tells a tool about the run it serves.

    Attributes:
        workspace: folder that the run works in, absolute.
        task: what the user asked for.
        session_id: the session whose journal holds the call.
        call_id: id of this call, the same on every retry of it: the idempotency key.
        settings: the plugin's own table of the settings file.
        functions: the run's other tools that `call_tool` reaches: names with those of their parameters, in order.
        call_tool: calls another tool of the run, under the same policy and journal; awaits to all that it returned, as
            JSON, and raises ToolError where it fails or brings too much. None outside a run.
        tainted: the arguments may derive from text of strangers that the run has read.
        ask: asks the person who has started the run, and awaits to what they say, None where they say nothing. It is
            None itself where nobody can be asked.
        delegate: has a task done in a session of its own, once however often the call is made: `await
            context.delegate(task, tools=[…], max_steps=…)` gives its RunResult. None outside a run.
        marks: what the tool has said of its result, by `found` and `holds_untrusted`.
        watched: the workspace as it was before the call; None where the loop does not look at it, and outside a run.
        state: what the tool keeps from call to call of the session: `read()` and `write(bytes)`; None outside a run.
    """

    workspace: Path
    session_id: str = ""
    call_id: str = ""
    task: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    functions: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    call_tool: Callable[[str, dict[str, Any]], Awaitable[Any]] | None = None
    report: Callable[[str], None] = lambda text: None
    is_cancelled: Callable[[], bool] = lambda: False
    tainted: bool = False
    ask: Callable[[str], Awaitable[str | None]] | None = None
    delegate: Callable[..., Awaitable["RunResult"]] | None = None
    marks: Marks = field(default_factory=Marks)
    watched: "Watched | None" = None
    state: "ToolState | None" = None

    def found(self, addresses: Iterable[str]) -> None:
        """Says that these addresses are what a search has found, so that the model may go there unasked.

        What is no text is left out. Raises TypeError if a text is given in place of a list: it has letters.
        """
        if isinstance(addresses, str):
            raise TypeError("found() takes a list of addresses, not one text")
        self.marks.addresses += [item for item in addresses if isinstance(item, str)]  # pyright: ignore[reportUnnecessaryIsInstance]

    def holds_untrusted(self) -> None:
        """Says that this result holds text of strangers; for a tool of which that is not always true."""
        self.marks.untrusted = True

    def progress(self, text: str) -> Awaitable[None]:
        """Emits a CallProgress event; may be called, with or without `await`, from sync and async tools."""
        self.report(text)
        return _Sent()

    @property
    def cancelled(self) -> bool:
        """True once the run was cancelled or the call's time is up; long loops should look at it."""
        return self.is_cancelled()


Survey: TypeAlias = Callable[[ToolContext], Mapping[str, Any] | None]
Gains: TypeAlias = Callable[[Mapping[str, Any]], Iterable[Capability]]


@dataclass(frozen=True)
class Tool:
    """A function that the model may call. Frozen; made by `@tool`, `Tool.from_function` or `Tool.from_schema`.

    Attributes:
        capabilities: what it may do (see `Capability`); a tool without any never asks for approval.
        timeout_s: seconds after which a call is given up.
        max_output_bytes: UTF-8 bytes of a result that the model is shown; a program and the journal get the whole.
        idempotent: True if carrying out a call twice is the same as once.
        probe: called with the context and the arguments after a crash; tells whether the effect has happened, or gives
            None where nothing tells. One that fails, or takes longer than `timeout_s`, tells nothing.
        survey: called with the context when a task begins; gives the arguments of a call that shows what the tool has
            on `context.task`, or None where it has nothing. The call must change nothing and need little time: a small
            model that has not looked invents, so it is made before the model decides anything. A survey that fails, or
            takes longer than `timeout_s`, is left out.
        examples: argument objects that show good use.
        language: for a tool whose argument `code` is a program: its language. Strategy `code` looks for "python".
        paths: arguments that name the files of the workspace which a tool that `writes` changes; without them its
            effect counts as one that cannot be undone.
        gains: called with the tool's own settings; gives the capabilities that they add.
        needs_person: left out of a run in which nobody can be asked. What it brings are the person's words, unless it
            may bring others' by its capabilities, or says that it does.
        undo: called with the context of a call, takes its effect back where that is still possible, and gives the paths
            of the files that are as they were; raises an AgentXError that says why not.
        confined: its effects are changes of the workspace's files, and no others, unless it gains `egress` or `costs`.
    """

    name: str
    description: str
    function: Callable[..., Any]
    schema: "ToolSchema"
    capabilities: frozenset[Capability] = frozenset()
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_output_bytes: int = DEFAULT_MAX_OUTPUT_BYTES
    idempotent: bool = False
    probe: Callable[..., Any] | None = None
    survey: Survey | None = None
    examples: tuple[Mapping[str, Any], ...] = ()
    language: str | None = None
    paths: tuple[str, ...] = ()
    gains: Gains | None = None
    needs_person: bool = False
    confined: bool = False
    undo: Callable[[ToolContext], Sequence[str]] | None = None

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments: an object schema."""
        return self.schema.parameters

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments after coercion, by keyword, as the function takes them.

        Raises:
            ToolError: naming the argument, what is wrong with it, and what is expected.
        """
        return self.schema.validate(self.name, arguments)

    def with_settings(self, settings: Mapping[str, Any]) -> "Tool":
        """The tool with what its settings let it do."""
        gained = frozenset(self.gains(settings)) if self.gains else frozenset[Capability]()
        return replace(self, capabilities=self.capabilities | gained) if gained else self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @classmethod
    def from_function(cls, function: Callable[..., Any], name: str | None = None, **options: Any) -> "Tool":
        """A tool from a sync or async function: schema from its signature, texts from its docstring."""
        from agentx.schema import SignatureSchema

        schema = SignatureSchema(function)
        return cls(name or function.__name__, schema.description, function, schema, **options)

    @classmethod
    def from_schema(
        cls,
        name: str,
        description: str,
        parameters: Mapping[str, Any],
        function: Callable[..., Any],
        *,
        context_parameter: str | None = None,
        **options: Any,
    ) -> "Tool":
        """A tool from a foreign JSON Schema; the function gets its arguments by keyword and is never inspected.

        Args:
            context_parameter: keyword by which the function gets the ToolContext; None if it takes none.

        Raises:
            SchemaError: the name is empty, or `parameters` is no object schema.
        """
        from agentx.schema import ForeignSchema

        return cls(name, description, function, ForeignSchema(name, parameters, context_parameter), **options)


class ToolSchema:
    """How arguments are described and checked; `SignatureSchema` and `ForeignSchema` are the two kinds."""

    description: str = ""
    context_parameter: str | None = None
    returns: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        raise NotImplementedError

    def validate(self, tool_name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    capabilities: Sequence[Capability] = (),
    timeout_s: float = DEFAULT_TIMEOUT_S,
    max_output_bytes: int = DEFAULT_MAX_OUTPUT_BYTES,
    idempotent: bool = False,
    probe: Callable[..., Any] | None = None,
    survey: Survey | None = None,
    examples: Sequence[Mapping[str, Any]] = (),
    language: str | None = None,
    paths: Sequence[str] = (),
    gains: Gains | None = None,
    needs_person: bool = False,
    confined: bool = False,
    undo: Callable[[ToolContext], Sequence[str]] | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Makes a Tool of a function, sync or async; see `Tool` for the options."""

    def make(function: Callable[..., Any]) -> Tool:
        settings = {**options}
        name = settings.pop("name", None)
        settings["capabilities"] = frozenset(settings.get("capabilities", ()))
        settings["examples"] = tuple(settings.get("examples", ()))
        settings["paths"] = tuple(settings.get("paths", ()))
        return Tool.from_function(function, name, **settings)

    return make(function) if function is not None else make
