"""One question answered from memory alone, with citations; or "not in memory"."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentx.messages import Usage
from agentx.model import Fragment, Model
from agentx_memory.retrieval.citations import PassageCitation, resolved, without_marks
from agentx_memory.retrieval.hit import Hit
from agentx_memory.retrieval.relevance import answering
from agentx_memory.retrieval.replies import prompt, reply
from agentx_memory.retrieval.search import Retriever
from agentx_memory.store import ANYWHERE, Where

NOT_IN_MEMORY = "not in memory"
PASSAGES = 5
BUDGET_TOKENS = 400
MAX_ANSWER_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer from memory.

    Attributes:
        text: with marks `[n]`; "not in memory" where `found` is False.
        citations: what the marks stand for, in their order.
        passages: what was found for the question, as the model was shown it, or as it was looked through in vain.
        usage: what the decoder did.
    """

    text: str
    found: bool
    citations: tuple[PassageCitation, ...] = ()
    passages: tuple[Hit, ...] = ()
    usage: Usage = field(default_factory=Usage)


async def ask(
    question: str,
    retriever: Retriever,
    model: Model,
    where: Where = ANYWHERE,
    *,
    passages: int = PASSAGES,
    budget_tokens: int = BUDGET_TOKENS,
) -> Answer:
    """Answers from what the memory holds.

    First the decoder is asked of the best passages whether one holds the answer; where none does, that is the answer,
    and no token is decoded. Otherwise it writes freely, and is told to cite.

    Args:
        passages: chunks at most that the passages are made from.
        budget_tokens: of the passages together, in the decoder's tokens.

    Raises:
        UsageError, ConfigError, StorageError, ModelError: as `Retriever.search`.
        ContextOverflow: the passages do not fit the model's context.
    """
    found = await asyncio.to_thread(retriever.search, question, passages, where)
    hits, usage = await answering(model, question, found)
    if not hits:
        return Answer(NOT_IN_MEMORY, False, passages=tuple(found), usage=usage)
    shown = await _within(model, hits, budget_tokens)
    asked = prompt(model, "answer", passages=_numbered(shown), question=question)
    written = await reply(model, asked, max_tokens=MAX_ANSWER_TOKENS, stop=["\n\n", "\nQuestion:"])
    usage += written.usage
    if not written.text or _says_no(written.text):
        return Answer(NOT_IN_MEMORY, False, passages=tuple(shown), usage=usage)
    text, citations = resolved(written.text, shown)
    return Answer(text, True, citations, tuple(shown), usage)


def _says_no(text: str) -> bool:
    """Whether the model says that there is no answer, not that something else is "not in memory [1]"."""
    said = text.lower()
    return said.startswith(NOT_IN_MEMORY) or (NOT_IN_MEMORY in said and "[" not in said)


async def _within(model: Model, hits: Sequence[Hit], budget_tokens: int) -> list[Hit]:
    """The first passages that fit; the very first even if it does not."""
    kept: list[Hit] = []
    left = budget_tokens
    for hit in hits:
        left -= await model.count([Fragment(hit.text)])
        if kept and left < 0:
            break
        kept.append(hit)
    return kept


def _numbered(hits: Sequence[Hit]) -> str:
    return "\n".join(f"[{number}] {_line(hit)}" for number, hit in enumerate(hits, 1))


def _line(hit: Hit) -> str:
    """On one line, so that no passage can look like the next or like the question."""
    text = " ".join(hit.text.split())
    return without_marks(f"{' '.join(hit.title.split())}. {text}" if hit.title else text)
