"""Keeps the beginnings of prompts on disk: system text and tools, which are the same in each process.

Lives on the engine's thread. A state is copied out in a quiet moment, some 20 ms for 1,500 tokens, and written to disk
by a thread of its own.
"""

import threading
from collections import OrderedDict

from agentx.decoding.decoder import Decoder
from agentx.decoding.ledger import Ledger
from agentx.decoding.parking import Parking
from agentx.decoding.snapshots import SnapshotStore

MIN_TOKENS = 128
"""Fewer are read again sooner than a file is looked for."""
_REMEMBERED = 16


class Prefixes:
    """Loads states of prompt beginnings into the cache, and notes which are worth saving.

    Args:
        store: where they lie; None keeps none.
        scratch: a sequence that the ledger does not know.
    """

    def __init__(
        self, llama: Decoder, ledger: Ledger, parking: Parking, store: SnapshotStore | None, scratch: int
    ) -> None:
        self._llama = llama
        self._ledger = ledger
        self._parking = parking
        self._store = store
        self._scratch = scratch
        self._unsaved: OrderedDict[tuple[int, ...], None] = OrderedDict()
        self._settled: OrderedDict[tuple[int, ...], None] = OrderedDict()
        self._writer: threading.Thread | None = None

    @property
    def unsaved(self) -> bool:
        """Whether there is something to do in a quiet moment."""
        return bool(self._unsaved)

    def prepare(self, prompt: list[int], length: int) -> None:
        """Before a prompt is placed: sees to it that its first `length` tokens are cached if they can be loaded."""
        if self._store is None or length < MIN_TOKENS:
            return
        tokens = tuple(prompt[:length])
        cached = self._ledger.best_match(tokens)[1]
        if length - cached >= MIN_TOKENS and self._load(self._store, tokens):
            _remember(self._settled, tokens)
            self._unsaved.pop(tokens, None)
        elif tokens not in self._settled:
            _remember(self._unsaved, tokens)

    def save_one(self) -> None:
        """Copies out the oldest unsaved state and has it written."""
        if self._store is None or not self._unsaved or (self._writer and self._writer.is_alive()):
            return
        tokens, _ = self._unsaved.popitem(last=False)
        source, cached = self._ledger.best_match(tokens)
        if cached < len(tokens):  # never read, or evicted: the next request notes it again
            return
        _remember(self._settled, tokens)
        self._llama.copy(source.id, self._scratch, len(tokens))
        try:
            if self._llama.state_size(self._scratch) > self._store.cap_bytes:
                return
            state = self._llama.state(self._scratch)
        finally:
            self._llama.truncate(self._scratch, 0)
        self._writer = threading.Thread(
            target=self._store.save, args=(tokens, state), name="agentx-snapshot", daemon=True
        )
        self._writer.start()

    def finish(self) -> None:
        """Saves what is unsaved, and waits until it is on disk."""
        while True:
            if self._writer:
                self._writer.join()
            if not self._unsaved:
                return
            self.save_one()

    def _load(self, store: SnapshotStore, tokens: tuple[int, ...]) -> bool:
        sequence = self._ledger.idle()
        state = store.load(tokens) if sequence else None
        if sequence is None or state is None:
            return False
        self._parking.park(sequence)
        self._parking.make_room(len(tokens))
        alone = self._ledger.used_cells == 0
        if self._llama.load_state(sequence.id, state):
            self._ledger.append(sequence, tokens)
            self._ledger.touch(sequence)
            return True
        if alone:  # it had all the room there is, so it is the file
            store.discard(tokens)
        return False


def _remember(known: OrderedDict[tuple[int, ...], None], tokens: tuple[int, ...]) -> None:
    known[tokens] = None
    known.move_to_end(tokens)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
