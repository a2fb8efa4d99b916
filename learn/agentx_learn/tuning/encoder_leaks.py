"""Which of the texts that judge an encoder stand in what it learns from, though cut otherwise or in another version.

A model that has read a text tells its masked words by heart. So a text does not judge if 13 words of it in a row, the
measure of Brown et al. (2020), or sentences with more than half of its words stand in the training text. Sentences tell
of texts that are too short for 13 words, and half of the words leaves out no text for a common phrase alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentx_learn.tuning.encoder_sources import Document

RUN = 13
"""Words in a row that stand in two texts only if one is taken from the other."""
_WORD = re.compile(r"\w+")
_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*\n")


@dataclass(frozen=True, slots=True)
class _Text:
    """Attributes:
    runs: a hash of each run of words.
    sentences: of each sentence a hash, and how many words it has.
    """

    runs: frozenset[int]
    sentences: Sequence[tuple[int, int]]

    def is_known(self, runs: set[int], sentences: set[int]) -> bool:
        in_known = sum(count for sentence, count in self.sentences if sentence in sentences)
        return not runs.isdisjoint(self.runs) or 2 * in_known > sum(count for _, count in self.sentences)


def without_known(judging: Sequence[Document], training: Sequence[Document]) -> tuple[list[Document], int]:
    """The documents that judge without the texts that are known from the training text, and how many these are.

    Of the training text, which is the larger one, only what stands in both is held.
    """
    looked_at = {text: _text(text) for document in judging for text in document.texts}
    asked_runs = {run for each in looked_at.values() for run in each.runs}
    asked_sentences = {sentence for each in looked_at.values() for sentence, _ in each.sentences}
    runs, sentences = set[int](), set[int]()
    for document in training:
        # Of texts one after the other a sentence may begin in one and end in the next.
        whole = " ".join(document.texts)
        runs.update(run for run in _runs(_words(whole)) if run in asked_runs)
        for text in (whole, *document.texts):
            sentences.update(sentence for sentence, _ in _sentences(text) if sentence in asked_sentences)
    known = {text for text, each in looked_at.items() if each.is_known(runs, sentences)}
    left = (
        Document(each.name, tuple(text for text in each.texts if text not in known), each.untrusted) for each in judging
    )
    return [each for each in left if each.texts], sum(text in known for each in judging for text in each.texts)


def _text(text: str) -> _Text:
    return _Text(frozenset(_runs(_words(text))), tuple(_sentences(text)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: Sequence[str]) -> Iterator[int]:
    return (hash(tuple(words[i : i + RUN])) for i in range(len(words) - RUN + 1))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    for sentence in _END.split(text):
        if words := _words(sentence):
            yield hash(tuple(words)), len(words)
