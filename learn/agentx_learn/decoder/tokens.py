"""A tokenizer of `transformers` as the engine and llguidance want it: fragments to ids, ids to bytes."""

import json
import threading
from collections.abc import Iterable
from typing import Any

from llguidance import LLTokenizer
from tokenizers import Tokenizer

from agentx.errors import ModelFileError
from agentx.model import ChatFormat
from agentx.models.chat_format import PlainFormat, TemplateFormat


class Tokens:
    """Safe to use from any thread.

    Args:
        tokenizer: a fast tokenizer of `transformers`.
        logits: how many logits the model gives; more than there are tokens where its rows are padded.
        ends: ids of tokens that the model's settings say end a reply.
        template: a chat template, where the tokenizer carries none itself.

    Raises:
        ModelFileError: the tokenizer is of no kind that grammars can be built on.
    """

    def __init__(self, tokenizer: Any, logits: int, ends: Iterable[int], template: str = "") -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise ModelFileError(
                "The model has no fast tokenizer (tokenizer.json), without which its tokens cannot be constrained; "
                "choose another model."
            )
        backend = Tokenizer.from_str(_without_prefix_space(backend.to_str()))
        backend.no_padding()
        backend.no_truncation()
        self._backend = backend
        self._lock = threading.Lock()
        self._known = backend.get_vocab_size(with_added_tokens=True)
        self.vocab_size = max(logits, self._known)
        self._bos: str = tokenizer.bos_token or ""
        self._eos: str = tokenizer.eos_token or ""
        given = getattr(tokenizer, "chat_template", None) or template
        # A tokenizer may have several templates by name; that of the tools is not for our own dialects.
        self._template: str = given.get("default", "") if isinstance(given, dict) else given
        self._special = {i for i, added in backend.get_added_tokens_decoder().items() if added.special}
        self.end_tokens = frozenset([*ends, *self._turn_end()])
        self._pieces = _pieces(backend, self._known)
        self.bos = self._first_token()

    @property
    def chat(self) -> ChatFormat:
        """The tokenizer's own chat template; a plain one for base models, which have none."""
        return TemplateFormat(self._template, self._bos, self._eos) if self._template else PlainFormat()

    def tokenize(self, text: str | bytes, markup: bool) -> list[int]:
        """Token ids of a text; with `markup`, special tokens in it are meant."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        with self._lock:
            self._backend.encode_special_tokens = not markup
            return self._backend.encode(data.decode("utf-8", "replace"), add_special_tokens=False).ids

    def piece(self, token: int) -> bytes:
        """The bytes of a token, special tokens as their text."""
        return self._pieces[token] if token < self._known else b""

    def marked_pieces(self, tokens: Iterable[int]) -> list[bytes]:
        """As `agentx.decoding.vocabulary.Speller` has it; what no text can be is marked too."""
        return [
            b"\xff" + (self._pieces[token] if token < self._known else b"[%d]" % token)
            if token in self._special or token in self.end_tokens or token >= self._known
            else self._pieces[token]
            for token in tokens
        ]

    def _turn_end(self) -> list[int]:
        """The special token with which the chat template ends the assistant's turn: some models' settings name only
        the end of a document."""
        if not self._template:
            return []
        after = self.chat.next_turn("")[:1]
        first = self.tokenize(after[0].text, markup=True)[:1] if after and after[0].markup else []
        return [token for token in first if token in self._special]

    def _first_token(self) -> int | None:
        """The token that the tokenizer puts before every text, if it does."""
        first = self._backend.encode("a").ids[0]
        bos = self._backend.token_to_id(self._bos) if self._bos else None
        return bos if first == bos else None


def _pieces(backend: Tokenizer, count: int) -> list[bytes]:
    """The bytes that each token stands for; llguidance knows the ways in which tokenizers spell them."""
    known: Any = LLTokenizer(backend.to_str())
    return [known.decode_bytes([token]) for token in range(count)]


def _without_prefix_space(text: str) -> str:
    """A tokenizer's JSON, so that it no longer begins each text with a space: ours are fragments of a prompt."""
    described = json.loads(text)
    for part in ("normalizer", "pre_tokenizer"):
        steps = _steps(described.get(part))
        kept = [step for step in steps if step["type"] != "Prepend"]
        for step in kept:
            if "prepend_scheme" in step:
                step["prepend_scheme"] = "never"
            if "add_prefix_space" in step:
                step["add_prefix_space"] = False
        if len(kept) < len(steps):
            described[part] = {"type": "Sequence", f"{part}s".replace("pre_tokenizers", "pretokenizers"): kept}
    return json.dumps(described)


def _steps(described: Any) -> list[dict[str, Any]]:
    """The steps of a normalizer or pre-tokenizer, one after the other."""
    if not described:
        return []
    inner = described.get("normalizers") or described.get("pretokenizers")
    return [step for each in inner for step in _steps(each)] if inner else [described]
