"""The tool that answers SQL over the tables of the workspace, in a process that can reach nothing else."""

import asyncio
import tempfile
from collections.abc import Sequence
from typing import BinaryIO

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools import tables, workspace
from agentx_tools.sandbox import pool
from agentx_tools.sandbox.client import Ended, SandboxError
from agentx_tools.sandbox.limits import Limits
from agentx_tools.sandbox.walls import Level

LIMITS = Limits(
    timeout_s=20.0,
    memory_bytes=2**30,
    file_bytes=2 * tables.MAX_BYTES,
    disk_bytes=3 * tables.MAX_BYTES,
    output_bytes=2**16,
)
_RUNNER = "agentx_tools._query"
_LEVELS = (Level.NAMESPACES, Level.LANDLOCK, Level.NONE)
_UNANSWERED = 1


@tool(capabilities=["reads_private"], idempotent=True, timeout_s=60, max_output_bytes=8_000)
async def sql(context: ToolContext, query: str) -> str:
    """Answer a SELECT over the CSV, TSV, JSON, Parquet and SQLite files of the workspace; it changes nothing.

    Args:
        query: one SELECT in DuckDB's SQL; orders.csv is the table orders. SHOW TABLES lists tables and columns.
    """
    if not query.strip():
        raise ToolError("The query is empty; write a SELECT, or SHOW TABLES.", argument="query")
    root = workspace.locate(context.workspace, ".")
    found = await asyncio.to_thread(workspace.files_below, root)
    with tempfile.TemporaryFile() as stream:
        packed = await asyncio.to_thread(_packed, root, found.paths, query, stream)
        request = {"runner": _RUNNER, "query": query, "files": packed.files, "left_out": packed.left_out}
        try:
            async with pool.lent(pool.empty_folder("query"), (), (_RUNNER,), _LEVELS, ()) as sandbox:
                ended = await sandbox.run(request, LIMITS, stream.fileno())
        except (SandboxError, OSError) as error:
            raise ToolError(f"The program that answers queries does not start ({error}).") from None
    return _text(ended, f"({found.note('quote the path of another')})" if found.is_cut else "")


def _packed(root: workspace.Place, below: Sequence[str], query: str, stream: BinaryIO) -> tables.Packed:
    packed = tables.pack(root, tables.table_files(root, below, query), query, stream)
    stream.flush()
    return packed


def _text(ended: Ended, note: str) -> str:
    if ended.stopped_by:
        what = {"timeout": f"time ({LIMITS.timeout_s:g} s)"}.get(ended.stopped_by, ended.stopped_by)
        raise ToolError(f"The query takes too much {what}; filter or aggregate earlier.", argument="query")
    if ended.status == _UNANSWERED:
        raise ToolError(f"{ended.report} {note}".rstrip(), argument="query")
    if ended.status != 0:
        why = ended.report or f"status {ended.status}"
        raise ToolError(f"The program that answers queries broke off ({why}); try a simpler query.", argument="query")
    text = ended.output.decode("utf-8", "replace")
    return f"{text}\n{note}" if note else text
