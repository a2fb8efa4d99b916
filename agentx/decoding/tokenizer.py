"""llguidance's tokenizer, built in a thread of its own: half a second that nobody needs to wait for.

With a stored vocabulary the thread runs while the weights load, and is done before they are.
"""

import ctypes
import threading
from concurrent.futures import CancelledError, Future
from typing import Any

from agentx.decoding.vocabulary import Speller, Vocabulary, VocabularyFile

# llama_tokenize: vocabulary, text, its length, room for tokens, how many fit, add_special, parse_special.
_TOKENIZE = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_int32),
    ctypes.c_int32,
    ctypes.c_bool,
    ctypes.c_bool,
)


class GrammarTokenizer:
    """Begins to build at once; `connect` must follow with the model, or `abandon`.

    Args:
        stored: where the vocabulary is kept between processes, if anywhere.
    """

    def __init__(self, stored: VocabularyFile | None = None) -> None:
        self._stored = stored
        self._answers: dict[tuple[bytes, bool], list[int]] = {}
        self._llama: Future[Speller] = Future()
        self._built: Future[Any] = Future()
        # llguidance keeps the address of this function: it must live as long as any tokenizer made with it.
        self._function = _TOKENIZE(self._tokenize)
        self._thread = threading.Thread(target=self._run, name="agentx-tokenizer", daemon=True)
        self._thread.start()

    def connect(self, llama: Speller) -> None:
        """Tells the model, now that it is loaded."""
        self._llama.set_result(llama)

    def abandon(self) -> None:
        """There will be no model."""
        self._llama.cancel()

    @property
    def ready(self) -> bool:
        return self._built.done()

    def get(self) -> Any:
        """The LLTokenizer; waits for it."""
        return self._built.result()

    def join(self) -> None:
        """Waits until the thread no longer uses the model."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._built.set_result(self._build())
        except BaseException as error:
            self._built.set_exception(error)

    def _build(self) -> Any:
        vocabulary = self._stored.load() if self._stored else None
        if vocabulary is not None:
            self._answers.update(vocabulary.answers)
            tokenizer = self._from(vocabulary)
            if vocabulary.fits(self._llama.result()):
                return tokenizer
            self._answers.clear()
        vocabulary = Vocabulary.of(self._llama.result())
        tokenizer = self._from(vocabulary)
        if self._stored:
            self._stored.save(Vocabulary(vocabulary.pieces, vocabulary.end_tokens, dict(self._answers)))
        return tokenizer

    def _from(self, vocabulary: Vocabulary) -> Any:
        from llguidance import LLTokenizer

        make: Any = LLTokenizer.from_llamacpp  # type: ignore[attr-defined]
        return make(
            tokens=vocabulary.pieces,
            vocab_ptr=1,  # handed back to the function, which knows better
            tokenize_fptr=ctypes.cast(self._function, ctypes.c_void_p).value,
            eos_token=sorted(vocabulary.end_tokens) or [0],
        )

    def _tokenize(self, _: int, text: int, size: int, room: Any, fits: int, add: bool, special: bool) -> int:
        """As `llama_tokenize`: the number of tokens, negative if they do not fit."""
        data = ctypes.string_at(text, size)
        tokens = self._answers.get((data, special))
        if tokens is None:
            try:
                tokens = self._llama.result().tokenize(data, special)
            except CancelledError:
                return 0
            if not self._built.done():
                self._answers[data, special] = tokens
        if len(tokens) > fits:
            return -len(tokens)
        for i, token in enumerate(tokens):
            room[i] = token
        return len(tokens)
