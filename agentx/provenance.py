"""Where the texts of a conversation come from: the user, strangers, the user's files.

Text of strangers (the web, foreign servers) taints the conversation: from then on a model may do what they wrote and
not what the user wants. What is the user's own word, and what a search has found, is known by comparing texts, never
by asking the model. The idea of labels that follow the data and are judged at the sinks is that of information flow
control; for agents see Debenedetti et al., "Defeating Prompt Injections by Design" (CaMeL, 2025,
https://arxiv.org/abs/2503.18813), and Costa et al., "Securing AI Agents with Information-Flow Control" (FIDES, 2025,
https://arxiv.org/abs/2505.23643).
"""

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from agentx import wording
from agentx.messages import ToolCall, ToolResult
from agentx.privacy import Privacy
from agentx.schema import resolve
from agentx.tool import Tool


class Provenance:
    """What a conversation has read and from whom.

    Attributes:
        tainted: text of strangers was read, or is the conversation itself.
        has_read: text of strangers was read, so that what is recalled is quoted.
        privacy: which texts stem from the user's files.
    """

    def __init__(self) -> None:
        self.tainted = self.has_read = False
        self.privacy = Privacy(self._is_known)
        self._said = ""
        self._typed = ""
        self._numbers: set[str] = set()
        self._found: set[str] = set()
        self._files: set[str] = set()

    def said(self, text: str) -> None:
        """Takes the user's own words."""
        self.privacy.say(text)
        words = wording.undated(text)
        self._said = f"{self._said} {wording.plain(words)}"
        self._typed = f"{self._typed} {' '.join(map(wording.address, words.split()))}"
        self._numbers.update(filter(None, map(wording.number, map(_digits, words.split()))))

    def taint(self) -> None:
        """Says that text of strangers is being read."""
        self.tainted = self.has_read = True

    def distrust(self) -> None:
        """Says that a file has brought the conversation: strangers may have written it, though its prompts stay as they
        were recorded."""
        self.tainted = True

    def take(self, tool: Tool, call: ToolCall, result: ToolResult) -> ToolResult:
        """Takes what a call has brought; the result as it is to be kept, marked where it may be text of strangers."""
        may = tool.capabilities
        strangers = result.untrusted or "ingests_untrusted" in may
        if tool.needs_person and result.ok and not strangers and not may & {"reads_private", "executes"}:
            return result  # what the person says
        # A program gets all of a result; the model is shown a part of one that is long.
        brought = result.whole if call.by_program else result.text
        # A program may have read any file.
        if may & {"reads_private", "executes"}:
            self.privacy.add_private(brought)
        elif strangers:
            self.privacy.add_public(result.whole)
        else:
            self.privacy.add_derived(brought, call.arguments)
        # A name with room for words in it is no address: whoever gave it may have written a letter.
        found = [item for item in result.addresses if len(item.split()) == 1 and len(item) <= 2_000]
        self._found.update(map(wording.address, found))
        if strangers:
            self.taint()
        if self.tainted:
            strangers = strangers or self._is_derived(tool, call, brought)
            self._files.update(map(posixpath.normpath, result.changed))
        return replace(result, untrusted=strangers)

    def foreign(self, tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
        """Names of the arguments that hold text which is neither the user's words nor an address that a search found.

        Numbers, dates and times of day are no text: they may be wrong, but lead nowhere and say nothing.
        """
        return [
            name
            for name, value in arguments.items()
            if not (is_offered(tool, name, value) or all(map(self._is_owned, wording.texts(value))))
        ]

    def has_found(self, text: str) -> bool:
        """Whether a search of the conversation has found the text as an address: what it names is gone to by it, and
        that it was found is no secret to where it leads."""
        return wording.address(text) in self._found

    def _is_owned(self, text: str) -> bool:
        text = wording.undated(text)
        return wording.stands_in(wording.plain(text), self._said) or all(
            map(self._is_known, dict.fromkeys(wording.tokens(text)))
        )

    def _is_known(self, token: str) -> bool:
        """Whether the user has said a word or an address, or a search has found it."""
        address = wording.address(token)
        if address in self._found or wording.stands_in(address, self._typed):
            return True
        # The path of an address has capitals of its own.
        if "/" not in address and wording.stands_in(wording.plain(address), self._said):
            return True
        return wording.number(token) in self._numbers

    def _is_derived(self, tool: Tool, call: ToolCall, brought: str) -> bool:
        """Whether a result may hold what strangers wrote, by way of the arguments, a program or a file."""
        if "executes" in tool.capabilities:
            return True
        if "reads_private" in tool.capabilities:
            named = [f"/{posixpath.normpath(text)}" for text in wording.texts(call.arguments)]
            return any(
                name in brought or f"/{name}" in (text[-len(name) - 1 :] for text in named) for name in self._files
            )
        return bool(self.foreign(tool, call.arguments))


def is_offered(tool: Tool, name: str, value: Any) -> bool:
    """Whether the value is one that the tool itself offers: its default, or one of an enumeration."""
    properties = tool.parameters.get("properties")
    schema = cast("Mapping[str, Any]", properties).get(name) if isinstance(properties, Mapping) else None
    try:
        return _offers(schema, value, tool.parameters)
    except RecursionError:
        return False


def _offers(schema: Any, value: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(schema, Mapping):
        return False
    known = cast("Mapping[str, Any]", schema)
    if value in _list(known.get("enum")) or ("const" in known and known["const"] == value):
        return True
    if "default" in known and known["default"] == value:
        return True
    if "$ref" in known and _offers(resolve(str(known["$ref"]), root), value, root):
        return True
    if isinstance(value, list) and value and "items" in known:
        return all(_offers(known["items"], item, root) for item in cast("list[Any]", value))
    return any(_offers(one, value, root) for key in ("anyOf", "oneOf") for one in _list(known.get(key)))


def _list(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []


def _digits(token: str) -> str:
    """A number without its currency, brackets and the mark that ends a sentence."""
    return token.strip(f"{wording.CLOSING}$€£¥%")
