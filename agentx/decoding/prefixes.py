"""Keeps the beginnings of prompts on disk: system text and tools, which are the same in each process.

Lives on the engine's thread. A state is copied out in a quiet moment, some 20 ms for 1,500 tokens, and written to disk
by a thread of its own.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from agentx.decoding.decoder import Decoder
from agentx.decoding.ledger import Ledger
from agentx.decoding.parking import Parking
from agentx.decoding.snapshots import SnapshotStore

MIN_TOKENS = 128
"""Fewer are read again sooner than a file is looked for."""
_REMEMBERED = 16
_Beginning: TypeAlias = tuple[str, tuple[int, ...]]
"""The adapter that it is read under, and its tokens."""


class Prefixes:
    """Loads states of prompt beginnings into the cache, and notes which are worth saving.

    Args:
        store: where they lie; None keeps none.
    """

    def __init__(self, llama: Decoder, ledger: Ledger, parking: Parking, store: SnapshotStore | None) -> None:
        self._llama = llama
        self._ledger = ledger
        self._parking = parking
        self._store = store
        self._unsaved: OrderedDict[_Beginning, None] = OrderedDict()
        self._settled: OrderedDict[_Beginning, None] = OrderedDict()
        self._writer: threading.Thread | None = None

    @property
    def unsaved(self) -> bool:
        """Whether there is something to do in a quiet moment."""
        return bool(self._unsaved)

    def prepare(self, prompt: list[int], length: int, adapter: str = "") -> None:
        """Before a prompt is placed: sees to it that its first `length` tokens are cached if they can be loaded."""
        if self._store is None or length < MIN_TOKENS:
            return
        tokens = tuple(prompt[:length])
        beginning = adapter, tokens
        cached = self._ledger.best_match(tokens, adapter)[1]
        if length - cached >= MIN_TOKENS and self._load(self._store.under(adapter), beginning):
            _remember(self._settled, beginning)
            self._unsaved.pop(beginning, None)
        elif beginning not in self._settled:
            _remember(self._unsaved, beginning)

    def drop(self, adapter: str) -> None:
        """Saves nothing more of what was read under an adapter."""
        for beginning in [known for known in self._unsaved if known[0] == adapter]:
            del self._unsaved[beginning]

    def save_one(self) -> None:
        """Copies out the oldest unsaved state and has it written."""
        if self._unsaved and not (self._writer and self._writer.is_alive()) and (write := self._copied()):
            self._writer = threading.Thread(target=write, name="agentx-snapshot", daemon=True)
            self._writer.start()

    def finish(self) -> None:
        """Saves what is unsaved. On this thread: Python 3.12 starts no other at the end of a process."""
        if self._writer:
            self._writer.join()
        while self._unsaved:
            if write := self._copied():
                write()

    def _copied(self) -> Callable[[], object] | None:
        """Copies out the oldest unsaved state; what writes it to disk, None if there is nothing to write."""
        (adapter, tokens), _ = self._unsaved.popitem(last=False)
        source, cached = self._ledger.best_match(tokens, adapter)
        if self._store is None or cached < len(tokens):  # never read, or evicted: the next request notes it again
            return None
        _remember(self._settled, (adapter, tokens))
        with self._parking.copied(source, len(tokens)) as copy:
            if self._llama.state_size(copy) > self._store.cap_bytes:
                return None
            return partial(self._store.under(adapter).save, tokens, self._llama.state(copy))

    def _load(self, store: SnapshotStore, beginning: _Beginning) -> bool:
        adapter, tokens = beginning
        sequence = self._ledger.idle()
        state = store.load(tokens) if sequence else None
        if sequence is None or state is None:
            return False
        self._parking.park(sequence)
        self._parking.make_room(len(tokens))
        alone = self._ledger.used_cells == 0
        if self._llama.load_state(sequence.id, state):
            self._ledger.append(sequence, tokens)
            sequence.adapter = adapter
            self._ledger.touch(sequence)
            return True
        if alone:  # it had all the room there is, so it is the file
            store.discard(tokens)
        return False


def _remember(known: OrderedDict[_Beginning, None], beginning: _Beginning) -> None:
    known[beginning] = None
    known.move_to_end(beginning)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
