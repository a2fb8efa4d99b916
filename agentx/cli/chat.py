"""`agentx chat`: a conversation, line by line; the dialogue itself is a user interface, reached as any plugin is."""

from agentx.cli import options
from agentx.cli.setup import Options, open_ui


def command(
    workspace: options.Workspace = None,
    model: options.Model = None,
    tool: options.Tools = None,
    allow: options.Allow = None,
    max_steps: options.MaxSteps = None,
    timeout: options.Timeout = None,
    strategy: options.Strategy = None,
    threads: options.Threads = None,
    instructions: options.Instructions = None,
    temperature: options.Temperature = None,
    seed: options.Seed = None,
    principle: options.Principles = None,
    unsafe_code: options.UnsafeCode = False,
    deny: options.Deny = None,
    mode: options.Mode = None,
    allow_host: options.AllowHost = None,
) -> int:
    """Talk with the agent, line by line. /help names the commands, Ctrl-C stops a turn, Ctrl-D ends."""
    typed = Options(
        workspace,
        model,
        tool,
        allow,
        max_steps,
        timeout,
        strategy,
        threads,
        instructions,
        temperature,
        seed,
        principle,
        unsafe_code,
        deny,
        mode,
        allow_host,
    )
    return open_ui("chat", typed)
