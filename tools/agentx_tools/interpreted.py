"""Small computations where this machine cannot confine CPython: Monty, an interpreter that reaches nothing.

Monty runs a subset of Python, with little of the standard library, no files, and none of the run's tools.
"""

from agentx.errors import ToolError
from agentx_tools.sandbox.client import Ended
from agentx_tools.sandbox.limits import Limits


def is_installed() -> bool:
    """Whether the extra `monty` is there."""
    from importlib.util import find_spec

    return find_spec("pydantic_monty") is not None


async def run(source: str, limits: Limits) -> Ended:
    """Runs a program and prints the value of its last expression, as `python` does.

    Raises:
        ToolError: the interpreter itself failed.
    """
    import pydantic_monty as monty

    printed = monty.CollectString(max_bytes=limits.output_bytes)
    try:
        async with (
            monty.AsyncMonty() as interpreters,
            interpreters.checkout(
                limits={"max_feed_duration_secs": limits.timeout_s, "max_memory": limits.memory_bytes}
            ) as session,
        ):
            value = await session.feed_run(source, print_callback=printed)
    except (monty.MontyRuntimeError, monty.MontySyntaxError) as error:
        return Ended(printed.output.encode(), f"{error}\n  (this Python has few modules, and no files)", 1, None)
    except (monty.MontyError, OSError) as error:
        raise ToolError(f"The interpreter failed: {error}.") from None
    shown = "" if value is None else f"{value!r}\n"
    return Ended((printed.output + shown).encode("utf-8", "backslashreplace"), "", 0, None)
