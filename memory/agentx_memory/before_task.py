"""Whether a task begins with a look into the memory: when something lies near to it, found without the decoder.

How the limit was chosen, and what it keeps out: `benchmarks/memory/README.md`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from agentx.errors import AgentXError, ConfigError

if TYPE_CHECKING:
    from agentx_memory.chroma import ChromaMemory
    from agentx_memory.retrieval.search import Retriever

When: TypeAlias = Literal["off", "auto", "always"]
SETTING = "before_task"

PAYS = 0.35
"""Cosine similarity of the best hit from which on a look pays. Of a hit that is near in meaning alone, and not among
the first by its words too, fewer are worth a look: so the best counts, not the nearest."""


def setting_of(settings: Mapping[str, Any]) -> When:
    """When a task begins with a look, as the setting `before_task` has it.

    Raises:
        ConfigError: it names no such time.
    """
    value: Any = settings.get(SETTING, "auto")
    if value not in get_args(When):
        raise ConfigError(
            f"`tools.recall.{SETTING}` must be one of {', '.join(get_args(When))}, not {value!r:.60}: before a task "
            "that may need it the memory is looked into never, where something lies near to it, or in any case."
        )
    return value


def pays(memory: "ChromaMemory", task: str, when: When) -> bool:
    """Whether a look should come before the task; a memory that cannot be read is looked into, so that one is told.

    With "auto" this loads the embedding model, where anything is stored at all.
    """
    from agentx_memory.retrieval.search import Retriever

    try:
        if when == "off" or not task.strip() or not memory.count():
            return False
        if when == "always":
            return True
        memory.embedder.load()
        return best_similarity(Retriever(memory.store, memory.embedder), task) >= PAYS
    except AgentXError:
        return True


def best_similarity(retriever: "Retriever", task: str) -> float:
    """Cosine similarity of the passage that the hybrid search puts first; -1 where nothing is stored."""
    found = retriever.near(task, 1, least=-1.0)
    return max((hit.similarity or -1.0 for hit in found), default=-1.0)
