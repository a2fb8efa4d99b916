"""Opens a GGUF file: llama.cpp under an engine, while the tokenizer of grammars is built beside the loading."""

from pathlib import Path

from agentx.decoding.engine import SEQUENCES, Engine
from agentx.decoding.llama import Llama, build
from agentx.decoding.snapshots import Snapshots, SnapshotStore
from agentx.decoding.tokenizer import GrammarTokenizer
from agentx.decoding.vocabulary import VocabularyFile


def open_llama(
    path: Path, context_tokens: int, threads: int, snapshots: Snapshots | None = None
) -> tuple[Engine, Llama]:
    """An engine over a GGUF file, and the llama.cpp below it.

    Args:
        path: the file.
        context_tokens: cells of the KV cache, shared by all sequences.
        threads: CPU threads.
        snapshots: where the beginnings of prompts are kept between processes; None keeps none.

    Raises:
        ModelFileError, ModelError: see `Llama`.
    """
    tokenizer = GrammarTokenizer(VocabularyFile(snapshots, build()) if snapshots else None)
    try:
        # The last sequence is for copying states; the ledger does not know it.
        llama = Llama(path, context_tokens, SEQUENCES + 1, threads)
    except BaseException:
        tokenizer.abandon()
        raise
    tokenizer.connect(llama)
    return Engine(llama, tokenizer, SnapshotStore(snapshots, llama.state_origin) if snapshots else None), llama
