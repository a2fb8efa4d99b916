"""Map-reduce summarising: a document far longer than the context is summarised in pieces, then the summaries are."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agentx.errors import ContextOverflow, ModelError, UsageError
from agentx.messages import Usage
from agentx.model import Fragment, Model
from agentx_memory.pieces import cut
from agentx_memory.retrieval.replies import prompt, reply

WORDS = 150
PIECE_WORDS = 90
PIECE_TOKENS = 1_500
"""Of a piece, in the decoder's tokens: a small model loses more of a longer one."""

TOKENS_A_WORD = 2
_LEAST_TOKENS = 64

Progress = Callable[[int, int], None]
"""Told how many replies of the decoder are done, and how many there will be."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`pieces` is how many the document was cut into, `levels` how often summaries were summarised."""

    text: str
    pieces: int
    levels: int
    usage: Usage


async def summarise(
    texts: Iterable[str],
    model: Model,
    *,
    words: int = WORDS,
    piece_tokens: int = PIECE_TOKENS,
    progress: Progress = lambda done, total: None,
) -> Summary:
    """The summary of a document, given as its texts in their order (paragraphs, chunks, pages).

    Args:
        words: of the summary, about.
        piece_tokens: what the decoder reads at once; less where its context does not hold that and a reply.

    Raises:
        UsageError: there is nothing to summarise.
        ContextOverflow: the model's context is too small for the instructions and a sentence.
        ModelError: the model has written nothing.
    """
    work = _Work(model, await _budget(model, words, piece_tokens), progress)
    packed = await work.pack(texts)
    if not packed:
        raise UsageError("There is no text to summarise; name a document that holds some.")
    summaries = await work.level("summarise", packed, words)
    levels = 0
    while len(summaries) > 1:
        groups = await work.pack(summaries)
        # Summaries that fill the budget by themselves, or more than that, are merged in pairs all the same.
        if len(groups) >= len(summaries):
            groups = ["\n\n".join(summaries[place : place + 2]) for place in range(0, len(summaries), 2)]
        summaries = await work.level("merge", groups, words)
        levels += 1
    if not summaries:
        raise ModelError("The model wrote no summary of that text; take another model.")
    return Summary(summaries[0], len(packed), levels, work.usage)


class _Work:
    def __init__(self, model: Model, budget: int, progress: Progress) -> None:
        self._model, self._budget, self._progress = model, budget, progress
        # Two of them fit the budget, so that each merging leaves half as many.
        self._piece_words = min(PIECE_WORDS, budget // (2 * TOKENS_A_WORD) - 1)
        self._done = self._total = 0
        self.usage = Usage()

    async def level(self, name: str, texts: Sequence[str], words: int) -> list[str]:
        """A summary of each text, of so many words where there is one text, without those that came out empty."""
        self._plan(len(texts))
        words = words if len(texts) == 1 else self._piece_words
        return [summary for text in texts if (summary := await self._step(name, text, words))]

    def _plan(self, steps: int) -> None:
        """What this level takes, and at least one more above it."""
        self._total = self._done + steps + (steps > 1)
        self._progress(self._done, self._total)

    async def _step(self, name: str, text: str, words: int) -> str:
        asked = prompt(self._model, name, text=text, words=str(words))
        written = await reply(self._model, asked, max_tokens=TOKENS_A_WORD * words)
        self.usage += written.usage
        self._done += 1
        self._progress(self._done, self._total)
        return written.text if written.finish == "stop" else whole_sentences(written.text)

    async def pack(self, texts: Iterable[str]) -> list[str]:
        """Neighbouring texts together, as many as fit the budget."""
        packed: list[str] = []
        left = 0
        for text in texts:
            for part in await self._fitting(text):
                tokens = await self._count(f"{part}\n\n")
                if packed and tokens <= left:
                    packed[-1] = f"{packed[-1]}\n\n{part}"
                    left -= tokens
                else:
                    packed.append(part)
                    left = self._budget - tokens
        return packed

    async def _fitting(self, text: str) -> list[str]:
        if not (text := text.strip()):
            return []
        tokens = await self._count(text)
        if tokens <= self._budget:
            return [text]
        words = _spans(text)
        # By twice what the mean asks for, since tokens are not spread evenly.
        parts = cut(text, words, max(1, len(words) * self._budget // (2 * tokens)))
        return [fitting for part in parts for fitting in await self._fitting(part)]

    async def _count(self, text: str) -> int:
        return await self._model.count([Fragment(text)])


def whole_sentences(text: str) -> str:
    """A text that was broken off, up to its last whole sentence; as it is where it holds none.

    >>> whole_sentences("It cost 4.5 euros. The sum")
    'It cost 4.5 euros.'
    """
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s|$)", text)]
    return text[: ends[-1]] if ends else text


async def _budget(model: Model, words: int, piece_tokens: int) -> int:
    instructions = await model.count(prompt(model, "merge", text="", words=str(words)))
    room = model.context_tokens - instructions - TOKENS_A_WORD * max(words, PIECE_WORDS)
    if room < _LEAST_TOKENS:
        raise ContextOverflow(
            f"The model's context of {model.context_tokens} tokens has no room for a piece of text and its summary; "
            "choose a larger context (context_tokens) or a shorter summary."
        )
    return max(_LEAST_TOKENS, min(piece_tokens, room))


def _spans(text: str) -> Sequence[tuple[int, int]]:
    """Pieces of words, each of which is fewer tokens than any budget."""
    return [match.span() for match in re.finditer(r"\S{1,8}", text)]
