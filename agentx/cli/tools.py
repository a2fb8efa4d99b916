"""`agentx tools`: what the model could call, and calling it without a model."""

import json
import secrets
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from agentx import config, offered, plugins
from agentx.cli import aio, options, output
from agentx.cli.approve import terminal_asker
from agentx.cli.narrate import Narrator
from agentx.cli.report import EXIT_CODES
from agentx.cli.setup import allow_hosts, allow_unsafe_code, checked_hosts, folder, load_tools, with_project_policy
from agentx.cli.stdin import with_stdin
from agentx.cli.tables import table
from agentx.errors import UsageError
from agentx.messages import ToolCall, ToolResult
from agentx.policy import ApprovalRequest, Approver, Decision, Policy
from agentx.tool import Tool, ToolContext

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A tool's name, as `agentx tools list` shows it.")]


@app.command("list")
def list_tools() -> int:
    """List the tools, what they may do, and the packages they come from; some are offered only if they are named."""
    with output.taken() as answers:
        rows: list[tuple[str, ...]] = []
        narrator = Narrator(sys.stderr)
        for group, on in ((offered.GROUP, "yes"), (offered.OPTIONAL, "if named")):
            found, problems = plugins.load_all(group)
            sources = {plugin.name: plugin.distribution for plugin in plugins.listing(group)}
            rows += [
                (name, on, _capabilities(tool), sources[name], tool.description.partition("\n")[0])
                for name, tool in sorted(found.items())
            ]
            for problem in problems:
                narrator.note(problem.sentence)
        answers.text(table([("NAME", "ON", "MAY", "FROM", "DESCRIPTION"), *sorted(rows)]))
    return 0


@app.command()
def info(name: Name) -> int:
    """Show one tool: its description, limits, and the JSON Schema of its arguments."""
    with output.taken() as answers:
        tool = _tool(name)
        answers.text(
            f"{tool.name}\n\n{tool.description}\n\n"
            f"may: {_capabilities(tool)}\ntime limit: {tool.timeout_s:g} s\n"
            f"output limit: {tool.max_output_bytes} bytes\n"
            f"arguments: {json.dumps(tool.parameters, indent=2, ensure_ascii=False)}"
        )
    return 0


@app.command()
def call(
    name: Name,
    arguments: Annotated[str, typer.Argument(metavar="JSON", help="The arguments, a JSON object; `-` reads stdin.")],
    workspace: options.Workspace = None,
    allow: options.Allow = None,
    unsafe_code: options.UnsafeCode = False,
    allow_host: options.AllowHost = None,
) -> int:
    """Call one tool and print its result.

    Exit codes: 0 ok, 1 the tool failed, 2 usage, 3 an approval was needed and not given, 124 its time was up.
    """
    place, hosts = folder(workspace), checked_hosts(allow_host)
    loaded = with_project_policy(config.load(place, {"allow": allow or None}), place)
    policy = Policy(loaded.settings.allow, loaded.settings.deny, loaded.settings.mode)
    with output.taken() as answers:
        narrator = Narrator(sys.stderr, asks=True)
        for notice in loaded.notices:
            narrator.note(notice)
        tool = _tool(name)
        if unsafe_code:
            allow_unsafe_code(tool, loaded.settings)
        allow_hosts(tool, loaded.settings, hosts)
        tool = tool.with_settings(loaded.settings.tool_settings.get(name, {}))
        asked = ToolCall(f"call-{secrets.token_hex(4)}", tool.name, _object(arguments))
        asker = terminal_asker()
        context = ToolContext(
            workspace=place,
            call_id=asked.id,
            settings=loaded.settings.tool_settings.get(name, {}),
            ask=asker and asker.answer,
            report=narrator.progress,
        )
        result = aio.run(_carry_out(tool, asked, context, policy, asker))
        if result.ok:
            answers.text(result.text if result.full_text is None else result.full_text)
            return 0
        narrator.error(result.text)
        return EXIT_CODES.get(result.status, 1)


async def _carry_out(
    tool: Tool, asked: ToolCall, context: ToolContext, policy: Policy, approve: Approver | None
) -> ToolResult:
    from agentx.dispatch import carry_out

    verdict = policy.judge(tool, asked, context.workspace)
    if verdict.answer == "ask":
        # Alone: no further call could make use of a grant.
        request = ApprovalRequest(asked, tool, verdict.reason, alone=True)
        decision = await approve(request) if approve else Decision(False)
        if not decision.allowed:
            how = decision.reason or f"nobody can be asked; allow it in advance with --allow {tool.name}"
            return ToolResult(asked.id, "denied", f"{verdict.reason}, which needs an approval: {how}")
        if decision.arguments is not None:
            asked = replace(asked, arguments=dict(decision.arguments))
            # What is forbidden is so for arguments of the person's too.
            verdict = policy.judge(tool, asked, context.workspace)
    if verdict.answer == "deny":
        return ToolResult(asked.id, "denied", f"denied: {verdict.reason}.")
    return await carry_out(tool, asked, context)


def _tool(name: str) -> Tool:
    return load_tools([name])[0][0]


def _object(text: str) -> dict[str, Any]:
    if text == "-":
        text = with_stdin(text)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f'The arguments are not valid JSON ({error}); write an object, as {{"path": "."}}.') from None
    except RecursionError:
        raise UsageError("The arguments are nested too deeply.") from None
    if not isinstance(value, dict):
        raise UsageError(f'The arguments are a JSON {type(value).__name__}; write an object, as {{"path": "."}}.')
    return value


def _capabilities(tool: Tool) -> str:
    return ", ".join(sorted(tool.capabilities)) or "-"
