"""What answers while there is no model: a script that knows a few words, so that tools and pages can be tried.

Its conversations are kept nowhere, and no model is ever told of them.
"""

import re
from itertools import repeat
from typing import TYPE_CHECKING, Any

from agentx_tui.status import NO_MODEL as NAME
from agentx_tui.weights import Missing

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.cli.setup import Setup

HOW = "/setup shows where a model can be had from and fetches it; /model lists what there is."
_TRY = 'Until then try "list the files", "what time is it", "what is 17 * 23" or "write a file".'
_DONE = "That is how a call of a tool looks; Alt+Up and Enter unfold it. No model has chosen it: a demo answers here."

_SUM = re.compile(r"\d[\d\s.]*[-+*/][\d\s.+*/()-]*\d")
_CALLS = (
    (re.compile(r"\b(write|create|save|edit)\b", re.I), "write_file", 'path="hello.txt", text="Hello from AgentX.\\n"'),
    (re.compile(r"\b(files?|folders?|director(y|ies)|list)\b", re.I), "list_files", ""),
    (re.compile(r"\b(time|date|day|today|now)\b", re.I), "now", ""),
)
TOOLS = ("list_files", "write_file", "now", "calculate")


def agent(setup: "Setup", missing: Missing, *person: Any) -> "Agent":
    """An agent with the script in a model's place.

    Args:
        person: who is asked for approvals, for answers, and about calls in doubt.
    """
    from agentx import Agent
    from agentx.memory_journal import MemoryJournal
    from agentx.models.scripted import ScriptedModel

    approve, ask, settle = person
    settings = setup.settings
    tools = [tool for tool in setup.tools if tool.name in TOOLS]
    names = {tool.name for tool in tools}
    return Agent(
        ScriptedModel(repeat(lambda prompt: reply(prompt, names, missing)), name=NAME),
        tools,
        # What an answer says is checked against what the agent has seen and was told.
        instructions=f"{answer(missing)}\n{_DONE}",
        strategy="react",
        workspace=setup.workspace,
        approve=approve,
        ask=ask,
        settle=settle,
        allow=settings.allow,
        deny=settings.deny,
        mode=settings.mode,
        journal=MemoryJournal(),
        tool_settings=settings.tool_settings,
    )


def reply(prompt: str, tools: set[str], missing: Missing) -> str:
    """What the demo says to a prompt of the strategy `react`."""
    task = prompt.rpartition("Task: ")[2]
    if "\n-> " in task:
        return _answered("Its result is here.", _DONE, bool(tools))
    if call := called(task, tools):
        return f"# I have no model, but know this one.\n{call}\n->"
    return _answered("There is no model to think with.", answer(missing), bool(tools))


def answer(missing: Missing) -> str:
    """Why the demo answers, and how to get a model."""
    return f"There is no model on this machine that can be used, so a demo answers. {HOW} {_TRY}"


def called(task: str, tools: set[str]) -> str:
    """The call that the words of a task bring to mind; "" where none does."""
    if "calculate" in tools and (found := _SUM.search(task)):
        return f'calculate(expression="{found[0].strip()}")'
    for words, name, arguments in _CALLS:
        if name in tools and words.search(task):
            return f"{name}({arguments})"
    return ""


def _answered(thought: str, text: str, has_tools: bool) -> str:
    return f"# {thought}\nAnswer: {text}" if has_tools else text
