"""The policy that a project keeps: `.agentx/policy.toml` in the workspace.

    mode = "auto-edit"
    allow = ['write_file(path="out/*")']
    deny = ['shell(command="*sudo*")']

What it forbids always counts. What it allows counts once the file was trusted as it stands, since whoever wrote the
project wrote it too; a pattern that the user keeps from an approval is trusted with that.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentx import trust
from agentx.errors import AgentXError, ConfigError
from agentx.files import replace
from agentx.policy import MODES, Pattern


@dataclass(frozen=True, slots=True)
class ProjectPolicy:
    """What counts of the file; `notice` is a line for a person where not all of it does."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    mode: str | None = None
    notice: str | None = None


def file_of(workspace: Path) -> Path:
    return workspace.absolute() / ".agentx" / "policy.toml"


def load(workspace: Path) -> ProjectPolicy:
    """The policy of the workspace's project; empty where it keeps none.

    Raises:
        ConfigError: the file cannot be read, or says something that is no policy.
    """
    path = file_of(workspace)
    content = _content(path)
    return ProjectPolicy() if content is None else _counting(path, content)


def _content(path: Path) -> bytes | None:
    """What the file holds; None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); mend or delete it.") from error


def _counting(path: Path, content: bytes) -> ProjectPolicy:
    """What counts of a file that holds this."""
    found = _parsed(path, content)
    if trust.is_trusted(path, content) or not (found.allow or found.mode):
        return found
    notice = f"{path} is not trusted: only what it denies counts; read it, then run `agentx config trust`."
    return ProjectPolicy(deny=found.deny, notice=notice)


def trust_file(workspace: Path) -> Path | None:
    """Trusts the file with its present content; None where there is none.

    Raises:
        ConfigError: it is not sound.
    """
    path = file_of(workspace)
    content = _content(path)
    if content is None:
        return None
    _parsed(path, content)
    trust.trust(path, content)
    return path


def keep(workspace: Path, pattern: str) -> str | None:
    """Adds a pattern to what is allowed in later sessions; returns why it could not be, in words for a person."""
    path = file_of(workspace)
    try:
        if path.is_symlink() or path.parent.is_symlink():
            raise ConfigError(f"{path} is a link; make it a file.")
        # Read once: what another program writes meanwhile is not trusted with the pattern.
        content = _content(path) or b""
        found = _counting(path, content)
        if found.notice:
            raise ConfigError(found.notice)
        if pattern not in found.allow:
            content = _with(content, pattern)
            replace(path, content)
            trust.trust(path, content)
    except AgentXError as error:
        return f"The approval was not kept for later: {error}"
    except (OSError, ValueError) as error:
        why = f"{path} cannot be added to ({error}); add the pattern to its `allow` by hand."
        return f"The approval was not kept for later: {why}"
    return None


def _with(content: bytes, pattern: str) -> bytes:
    import tomlkit

    document = tomlkit.parse(content.decode("utf-8-sig"))
    patterns = cast("Any", document.get("allow"))
    if patterns is None:
        document["allow"] = patterns = tomlkit.array()
    patterns.append(tomlkit.string(pattern, literal=pattern.isprintable() and "'" not in pattern))
    return tomlkit.dumps(document).encode()


def _parsed(path: Path, content: bytes) -> ProjectPolicy:
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; mend or delete it.") from None
    for key in values:
        if key not in ("allow", "deny", "mode"):
            raise ConfigError(f"{path}: there is no `{key}` in a policy; it has mode, allow and deny.")
    if values.get("mode", "ask") not in MODES:
        raise ConfigError(f"{path}: `mode` must be one of {', '.join(MODES)}, not {values['mode']!r}.")
    return ProjectPolicy(_patterns(path, values, "allow"), _patterns(path, values, "deny"), values.get("mode"))


def _patterns(path: Path, values: dict[str, Any], key: str) -> tuple[str, ...]:
    given = values.get(key, [])
    if not isinstance(given, list) or not all(isinstance(text, str) for text in cast("list[Any]", given)):
        raise ConfigError(f"{path}: `{key}` must be a list of patterns, not {given!r}.")
    patterns = tuple(cast("list[str]", given))
    for text in patterns:
        try:
            Pattern.parse(text)
        except AgentXError as error:
            raise ConfigError(f"{path}: `{key}`: {error}") from None
    return patterns
