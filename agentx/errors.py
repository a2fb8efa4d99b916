"""Everything that AgentX raises on purpose.

::

    AgentXError
    ├── UsageError            2   the words of a command or a call are off (an unknown tool, bad JSON)
    ├── ConfigError          78   a setting cannot be read, or has no such value
    ├── ModelError            4   no usable model
    │   ├── ModelNotFound     4   no such name, no such file
    │   ├── ModelFileError    4   the file is there and is not what it should be (truncated, wrong hash)
    │   └── DownloadError     4   no source gave the file
    ├── ContextOverflow       1   the prompt does not fit the model's context
    ├── SchemaError           2   a tool's schema holds something that cannot be decoded under a grammar
    ├── PluginError           2   a plugin cannot be loaded
    ├── GuardFailed          70   a guard cannot look at a text, so that the text is not passed on
    ├── EndsRun               1   ends a run from within a call: its own status, and no fault of a tool
    │   ├── NeedsApproval     3   a call needs an approval and nobody can be asked (beside the policy)
    │   ├── InDoubt          75   nobody can say whether a call was carried out (in `agentx.doubt`)
    │   ├── Withheld          1   a guard's finding keeps a task or an answer back (in `agentx.guarding.desk`)
    │   └── TapeEnded, Diverged   what is played back has come to its end, or differs (in `agentx.tape`)
    ├── StorageError          1   a folder or a database cannot be read or written (a full disk)
    └── ToolError             1   raised by a tool's author: the sentence goes to the model

The number is the exit code of the command line. Each message is one sentence: what, where, what to do.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from agentx.messages import RunStatus


class AgentXError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a sentence for a person."""

    exit_code: ClassVar[int] = 1


class UsageError(AgentXError):
    """The words of a command or of a call are off."""

    exit_code = 2


class ConfigError(AgentXError):
    """A setting cannot be read, or has no such value."""

    exit_code = 78


class ModelError(AgentXError):
    """No usable model."""

    exit_code = 4


class ModelNotFound(ModelError):
    """No model of that name and no such file."""


class ModelFileError(ModelError):
    """The file is there and is not what it should be."""


class DownloadError(ModelError):
    """No source gave the file."""


class ContextOverflow(AgentXError):
    """The prompt does not fit the model's context."""


class SchemaError(UsageError):
    """A tool's schema holds something that cannot be decoded under a grammar."""


class PluginError(UsageError):
    """A plugin cannot be loaded."""


class GuardFailed(AgentXError):
    """A guard cannot look at a text."""

    exit_code = 70


class EndsRun(AgentXError):
    """Ends a run from within a call or a decision; `status` is the run's."""

    status: ClassVar[RunStatus] = "failed"


class StorageError(AgentXError):
    """A folder or a database cannot be read or written."""


class ToolError(AgentXError):
    """Raised by a tool: the sentence goes to the model, and the run goes on.

    Args:
        message: what is wrong, and what to do.
        argument: name of the argument that is at fault; the model is then shown the tool's signature too.
        valid: what the argument could be; the sentence is followed by "Did you mean …?" with what comes nearest.
        value: what was given, where that is not simply the argument's value.
        begin: of a program that failed, the lines that the next one should begin with.
    """

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        valid: Iterable[object] = (),
        value: Any = None,
        begin: str = "",
    ) -> None:
        super().__init__(message)
        self.argument = argument
        self.valid = valid
        self.value = value
        self.begin = begin
