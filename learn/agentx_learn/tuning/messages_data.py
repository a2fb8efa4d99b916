"""Traces from rows of messages: `{"messages": [{"role": …, "content": …}, …], "tools": [{"name": …}, …]}`.

Calls stand in an assistant's message as `calls` (name and arguments), or as `tool_calls` in the manner of chat servers;
each tool message after it is the result of one of them: in their order, unless all say by `tool_call_id` whose it is.
"""

import json
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from agentx.cli.text import one_line
from agentx.errors import AgentXError
from agentx.tool import Tool
from agentx_learn.tuning.checks import refuse_twice, require_column
from agentx_learn.tuning.rows import DataError, Row, Table
from agentx_learn.tuning.traces import Call, Result, Round, Task, Trace

MESSAGES, TOOLS = "messages", "tools"


class _Unfit(Exception):
    """Why a row is no conversation, in words that go behind its number."""


def traces_of(table: Table) -> list[Trace]:
    """One trace a row.

    Raises:
        DataError: a row is no conversation that an assistant could learn from; the sentence names rows and reason.
    """
    require_column(table, MESSAGES, "a column of that name")
    refuse_twice(table)
    found: list[Trace] = []
    wrong: dict[str, list[int]] = {}
    for row in table.rows:
        try:
            found.append(_trace(row))
        except _Unfit as why:
            wrong.setdefault(str(why), []).append(row.number)
    if wrong:
        why, numbers = max(wrong.items(), key=lambda item: len(item[1]))
        raise DataError(f"{table.name}, {table.at(numbers)}: {why}; mend it or leave the rows out.")
    return found


def _trace(row: Row) -> Trace:
    messages = _objects(row.values[MESSAGES], MESSAGES)
    tools = tuple(_tool(item) for item in _objects(row.values.get(TOOLS) or [], TOOLS))
    named = {tool.name: tool for tool in tools}
    if len(named) < len(tools):
        twice = next(name for name, count in Counter(tool.name for tool in tools).items() if count > 1)
        raise _Unfit(f"two tools are named `{one_line(twice, 40)}`")
    instructions = ""
    if messages and messages[0].get("role") in ("system", "developer"):
        instructions, messages = _content(messages[0]), messages[1:]
    tasks: list[Task] = []
    while messages:
        task, messages = _task(messages, named)
        tasks.append(task)
    if not tasks:
        raise _Unfit("there is no message of a user")
    return Trace(row.number, tools, tuple(tasks), instructions)


def _task(messages: Sequence[Mapping[str, Any]], named: Mapping[str, Tool]) -> tuple[Task, Sequence[Mapping[str, Any]]]:
    """The task that the messages begin with, and those behind it."""
    if messages[0].get("role") != "user":
        raise _Unfit(f"a message of role `{one_line(str(messages[0].get('role')), 20)}` stands where a user's should")
    request, messages = _content(messages[0]), messages[1:]
    if not request.strip():
        raise _Unfit("a user's message is empty")
    rounds: list[Round] = []
    while messages and messages[0].get("role") == "assistant":
        calls = _calls(messages[0], named)
        if not calls:
            answer = _content(messages[0])
            if not answer.strip():
                raise _Unfit("an assistant's message is empty")
            return Task(request, tuple(rounds), answer), messages[1:]
        told = [message for message in messages[1 : 1 + len(calls)] if message.get("role") in ("tool", "function")]
        if len(told) != len(calls) and (told or len(messages) > 1):
            raise _Unfit("an assistant's calls have not one result each")
        told = _in_order(told, messages[0])
        results = tuple(Result(_content(message), message.get("ok") is not False) for message in told)
        # A call that failed may have done so for its arguments, and is not learnt.
        for (name, arguments), result in zip_longest(calls, results):
            if result is None or result.ok:
                _check(named[name], arguments)
        rounds.append(Round(tuple(calls), results))
        messages = messages[1 + len(told) :]
    if not rounds:
        raise _Unfit("the assistant says nothing to a user's message")
    return Task(request, tuple(rounds)), messages


def _in_order(told: list[Mapping[str, Any]], caller: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Results as their calls stand in a message, where each says of which call it is: they come back in any order."""
    ids = [str(call.get("id")) for call in _given(caller)]
    named = {str(message.get("tool_call_id")): message for message in told}
    return [named[each] for each in ids] if len(named) == len(told) and named.keys() == {*ids} else told


def _given(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _objects(message.get("calls") or message.get("tool_calls") or [], "calls")


def _check(tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Refuses a call that decoding would never let the model write."""
    try:
        tool.validate(arguments)
    except AgentXError as error:
        raise _Unfit(f"a call does not fit its tool ({one_line(str(error), 200).rstrip('.')})") from None
    # A schema may name types and references that there are not.
    except Exception as error:
        why = type(error).__name__
        raise _Unfit(f"the parameters of `{one_line(tool.name, 40)}` are no JSON Schema ({why})") from None


def _calls(message: Mapping[str, Any], names: Container[str]) -> list[Call]:
    calls: list[Call] = []
    for item in _given(message):
        call = item.get("function") if isinstance(item.get("function"), dict) else item
        assert call is not None
        arguments: Any = call.get("arguments", {})
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except (ValueError, RecursionError):
                raise _Unfit("the arguments of a call are no JSON") from None
        if not isinstance(call.get("name"), str) or not isinstance(arguments, dict):
            raise _Unfit("a call has no name, or arguments that are no object")
        if call["name"] not in names:
            raise _Unfit(f"a call is of `{one_line(call['name'], 40)}`, which is not among the row's tools")
        calls.append((call["name"], arguments))
    return calls


def _tool(item: Mapping[str, Any]) -> Tool:
    told = item.get("function") if isinstance(item.get("function"), dict) else item
    assert told is not None
    parameters = told.get("parameters") or {"type": "object", "properties": {}}
    try:
        return Tool.from_schema(told["name"], str(told.get("description") or ""), parameters, _never)
    except (KeyError, TypeError, AttributeError) as error:
        raise _Unfit(f"a tool is not described by name, description and parameters ({error})") from None
    except AgentXError as error:
        raise _Unfit(f"a tool cannot be shown ({str(error).rstrip('.')})") from None


def _never(**_: Any) -> None:
    """Stands for a tool's body: learning from a call does not make it."""


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _Unfit(f"`{what}` is no list of objects")
    return list(value)


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if not isinstance(content, str | None):
        raise _Unfit("the content of a message is no text")
    return content or ""
