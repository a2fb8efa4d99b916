"""Counts rows exactly: each row that a model decodes is a token behind a prefix, and is either new or a waste."""

from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import llama_cpp

from agentx.decoding.llama import Llama, Row


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of one session.

    Attributes:
        prompt: rows decoded to read prompts of replies; `prompt_new` are those whose token was never decoded behind
            that prefix before.
        reply: rows of output tokens.
        probe: rows read only to ask a probe: its question behind the shared prefix, and what is scored.
        again: rows of all kinds whose token had been decoded behind that prefix before.
    """

    prompt: int
    prompt_new: int
    reply: int
    probe: int
    again: int

    @property
    def ratio(self) -> float:
        return self.prompt / self.prompt_new


class Rows:
    """Told of every request and of every batch; a prefix with a token is a node of a tree."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, int], int] = {}
        self._decoded: list[tuple[int, str, bool]] = []
        self._prompts: list[list[int]] = []
        self._length = 0
        self._is_probe = False

    def begin(self, prompt: Sequence[int], *, probe: bool = False) -> None:
        """A request: what is decoded next is its prompt, and then its reply or, for a probe, what it scores."""
        self._length, self._is_probe = len(prompt), probe
        if not probe:
            self._prompts.append(list(prompt))

    def decoded(self, prefix: Sequence[int], tokens: Sequence[int]) -> None:
        """Tokens were decoded behind a prefix.

        Raises:
            KeyError: the prefix was never decoded, so the count is wrong.
        """
        node = 0
        for token in prefix:
            node = self._nodes[node, token]
        for position, token in enumerate(tokens, len(prefix)):
            again = (node, token) in self._nodes
            node = self._nodes.setdefault((node, token), len(self._nodes) + 1)
            kind = "probe" if self._is_probe else "prompt" if position < self._length else "reply"
            self._decoded.append((node, kind, again))

    def count(self) -> Count:
        """A row that a probe was the first to need counts as the prompt's if a later prompt found it there."""
        of_prompts = {node for prompt in self._prompts for node in self._path(prompt)}
        found: defaultdict[str, int] = defaultdict(int)
        for node, kind, again in self._decoded:
            kind = "prompt" if kind == "probe" and node in of_prompts and not again else kind
            found[kind] += 1
            found["again"] += again
            found["new"] += kind == "prompt" and not again
        return Count(found["prompt"], found["new"], found["reply"], found["probe"], found["again"])

    def _path(self, tokens: Sequence[int]) -> list[int]:
        path, node = [], 0
        for token in tokens:
            node = self._nodes[node, token]
            path.append(node)
        return path


class CountedLlama(Llama):
    """The engine's llama.cpp with a count at its one door; keeps its own book of what each sequence holds."""

    rows: Rows
    held: defaultdict[int, list[int]]

    def decode(self, rows: list[Row]) -> None:
        super().decode(rows)
        batches: defaultdict[int, list[Row]] = defaultdict(list)
        for row in rows:
            batches[row[2]].append(row)
        for sequence, batch in batches.items():
            tokens, start = [row[0] for row in batch], batch[0][1]
            self.rows.decoded(self.held[sequence][:start], tokens)
            self.held[sequence][start:] = tokens

    def copy(self, source: int, target: int, length: int) -> None:
        super().copy(source, target, length)
        self.held[target] = self.held[source][:length]

    def truncate(self, sequence: int, length: int) -> None:
        super().truncate(sequence, length)
        del self.held[sequence][length:]


def count_engine(llama: Llama, rows: Rows) -> None:
    """Has a fresh engine's rows counted: all its parts hold this one object, so its class is changed in place."""
    llama.__class__ = CountedLlama
    assert isinstance(llama, CountedLlama)
    llama.rows, llama.held = rows, defaultdict(list)


class CountedPeer(llama_cpp.Llama):
    """llama-cpp-python with a count at its one door."""

    rows: Rows

    def generate(self, tokens: Sequence[int], *args: Any, **options: Any) -> Generator[int, Any, None]:
        self.rows.begin(tokens)
        yield from super().generate(tokens, *args, **options)

    def eval(self, tokens: Sequence[int]) -> None:
        before = self.input_ids[: self.n_tokens].tolist()
        super().eval(tokens)
        self.rows.decoded(before, list(tokens))
