"""A Model on the weights of a causal language model of `transformers`."""

from collections.abc import Sequence

from agentx.cpus import default_threads
from agentx.decoding import snapshots as store
from agentx.decoding.engine import SEQUENCES, Engine
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.snapshots import Snapshots, SnapshotStore
from agentx.decoding.tokenizer import GrammarTokenizer
from agentx.model import Sampling
from agentx.models.engine_model import EngineModel
from agentx.models.progress import ProgressSink
from agentx_learn.decoder import controls, weights
from agentx_learn.decoder.request import Request
from agentx_learn.decoder.tokens import Tokens
from agentx_learn.decoder.torch_decoder import TorchDecoder


class TransformersModel(EngineModel):
    """A Model (see `agentx.model.Model`) on torch: the engine, grammars and cache book of llama.cpp's backend, over
    other weights. A ControlledSampling adds controls against repetition to a request.

    Args:
        request: the model, and how it is loaded.
        context_tokens: cells for all sequences together.
        threads: CPU threads; None for what suits the machine.
        progress: told of downloads, and of what was asked for in vain.

    Raises:
        ModelNotFound, ModelFileError, ModelError: no such model, or none that can be decoded with.
    """

    def __init__(
        self,
        request: Request,
        context_tokens: int = 8192,
        threads: int | None = None,
        progress: ProgressSink | None = None,
    ) -> None:
        origin = weights.locate(request, progress)
        loaded = weights.read(origin, request, progress)
        network = loaded.network
        ends = weights.end_tokens(network, loaded.tokenizer)
        rows = network.get_output_embeddings().weight.shape[0]
        tokens = Tokens(loaded.tokenizer, rows, ends, loaded.template)
        # The last sequence is for copying states.
        decoder = TorchDecoder(network, tokens, context_tokens, SEQUENCES + 1, threads or default_threads())
        kept = _store(loaded.identity, origin.name, decoder)
        spelling = GrammarTokenizer()
        spelling.connect(tokens)
        super().__init__(Engine(decoder, spelling, kept), origin.name, origin.dialect, tokens.chat, loaded.identity)
        self.build = {**decoder.state_origin, "threads": threads or default_threads()}
        self._request = request

    def _sampler(self, sampling: Sampling, prompt: Sequence[int], reply: Reply) -> Sampler:
        asked = self._request
        return controls.sampler(sampling, asked.repetition_penalty, asked.no_repeat_ngram_size, prompt, reply)


def _store(identity: str, name: str, decoder: TorchDecoder) -> SnapshotStore | None:
    """Where beginnings of prompts are kept between processes: nowhere for weights that cannot be told from others."""
    cap = store.cap_from_environment()
    if not cap or not identity:
        return None
    return SnapshotStore(Snapshots(store.folder(), identity, name, cap), decoder.state_origin)
