"""The tools `remember` and `recall`. Importing this loads neither Chroma nor the embedding model."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agentx.errors import ConfigError, ModelError, StorageError, ToolError, UsageError
from agentx.tool import ToolContext, tool
from agentx_memory.before_task import pays, setting_of
from agentx_memory.chroma import ChromaMemory
from agentx_memory.chunks import FACT
from agentx_memory.loading import Told
from agentx_memory.places import embedder_of, folder_of
from agentx_memory.retrieval.hit import Hit
from agentx_memory.retrieval.search import Retriever

MIN_SCORE = 0.29
"""Cosine similarity that a hit has at least, whatever words it shares with the query. Over ten notes, fifteen questions
that one of them answers scored 0.38 to 0.88 on it, and fifteen that none answers 0.29 at most, by products in fp32;
those in int8 move a score by 0.01."""

MAX_RESULTS = 20

# The first call on a machine may have to fetch the embedding model.
TIMEOUT_S = 300.0

_memories: dict[Path, ChromaMemory] = {}
_memories_lock = threading.Lock()


@tool(capabilities=("keeps",), timeout_s=TIMEOUT_S, idempotent=True)
def remember(text: str, context: ToolContext) -> str:
    """Stores a note for later sessions.

    Args:
        text: the note, in full sentences.
    """
    with _errors_for_the_model():
        memory = open_memory(context)
        memory.embedder.load(Told(context.progress))
        source = f"session {context.session_id}" if context.session_id else "note"
        memory.add(text, source, untrusted=context.tainted, session=context.session_id or "")
    return "remembered"


def what_is_known(context: ToolContext) -> dict[str, str] | None:
    """Arguments for `recall` at the beginning of a task; None where a look would not pay (see `before_task`).

    Raises:
        ConfigError: a setting of the memory cannot be used.
    """
    when = setting_of(context.settings)
    if when == "off":
        return None
    try:
        looks = pays(open_memory(context), context.task, when)
    except ModelError:  # of which the look tells, so that no task ends by it
        looks = True
    return {"query": context.task} if looks else None


@tool(capabilities=("reads_private",), timeout_s=TIMEOUT_S, idempotent=True, survey=what_is_known)
def recall(query: str, context: ToolContext, max_results: int = 3) -> str:
    """Finds stored notes about a subject.

    Args:
        query: what to look for.
    """
    with _errors_for_the_model():
        memory = open_memory(context)
        if memory.count():
            memory.embedder.load(Told(context.progress))
        retriever = Retriever(memory.store, memory.embedder)
        near = retriever.near(query, max(1, min(max_results, MAX_RESULTS)), least=MIN_SCORE)
    if any(hit.untrusted for hit in near):
        context.holds_untrusted()
    return "\n".join(map(_line, near)) or f"nothing in memory matches {query!r}"


def open_memory(context: ToolContext) -> ChromaMemory:
    """The memory of the data folder, or of the folder that the plugin's setting `path` names; one each a process.

    Raises:
        ConfigError: a setting names no folder or no model.
        ModelError: the embedding model that is named is not there, or cannot be used.
    """
    path = memory_path(context)
    with _memories_lock:
        if path not in _memories:
            _memories[path] = ChromaMemory(path, embedder=embedder_of(context.settings))
        return _memories[path]


def memory_path(context: ToolContext) -> Path:
    return folder_of(context.settings)


def _line(hit: Hit) -> str:
    # A fact is in the user's own words, and the model must not take their "I" for its own.
    who = "the user: " if hit.chunks[0].kind == FACT else ""
    return f"{who}{' '.join(hit.text.split())} ({hit.place}, score {hit.similarity or 0.0:.2f})"


@contextmanager
def _errors_for_the_model() -> Generator[None]:
    try:
        yield
    except (ConfigError, ModelError, StorageError, UsageError) as error:
        raise ToolError(str(error)) from error
