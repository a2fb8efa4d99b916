"""Names, folders and files that are no model to decode with: one sentence each."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers
from agentx_learn.decoder import weights
from agentx_learn.decoder.request import Request, parse
from agentx_learn.extra import ExtraMissing

from agentx.errors import AgentXError, ModelError, ModelFileError, ModelNotFound, UsageError
from agentx.models import open_model
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.conftest import byte_level, save_tokenizer


class Notes:
    """A ProgressSink that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)


def test_options_stand_behind_a_question_mark(tmp_path: Path) -> None:
    assert parse("gpt2") == Request("gpt2")
    asked = parse("owner/name?bits=4&no_repeat_ngram_size=3&repetition_penalty=1.2&revision=main&dtype=bfloat16")
    assert asked == Request("owner/name", 4, "auto", "bfloat16", "main", 1.2, 3)
    odd = tmp_path / "what?bits=4"
    odd.mkdir()
    assert parse(str(odd)) == Request(str(odd))


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("", "names no model"),
        (None, "names no model"),
        ("?bits=4", "names no model"),
        ("gpt2?bit=4", "no option `bit` of a transformers model; the options are: bits, device"),
        ("gpt2?bits=5", "`bits` of a transformers model must be one of 0, 4, 8, not `5`"),
        ("gpt2?bits=four", "`bits` of a transformers model must be a number, not `four`"),
        ("gpt2?device=tpu", "must be one of auto, cpu, cuda"),
        ("gpt2?repetition_penalty=0", "`repetition_penalty` of a transformers model must be above 0"),
        ("gpt2?repetition_penalty=nan", "`repetition_penalty` of a transformers model must be above 0"),
        ("gpt2?no_repeat_ngram_size=-1", "`no_repeat_ngram_size` of a transformers model must be 0 or more"),
    ],
)
def test_an_option_that_cannot_be_is_a_sentence(argument: str | None, sentence: str) -> None:
    with pytest.raises((UsageError, ModelNotFound), match=sentence):
        parse(argument)


def refused(name: str, error: type[AgentXError], *parts: str) -> None:
    with pytest.raises(error) as caught:
        open_model(f"transformers:{name}", threads=1)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    for part in parts:
        assert part in text


def test_a_folder_that_is_no_model_is_a_sentence(tmp_path: Path) -> None:
    refused(str(tmp_path / "none"), ModelNotFound, "There is no folder", "check the path")
    refused(str(tmp_path), ModelFileError, "holds no config.json")
    (tmp_path / "config.json").write_text("{ this is no JSON")
    refused(str(tmp_path), ModelFileError, "cannot be loaded")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "none-such"}))
    refused(str(tmp_path), ModelFileError, "cannot be loaded")


def test_weights_that_are_cut_short_are_a_sentence(tmp_path: Path, tiny: Callable[[str], Path]) -> None:
    for path in tiny("llama").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    refused(str(tmp_path), ModelFileError, "cannot be loaded")
    (tmp_path / "model.safetensors").unlink()
    refused(str(tmp_path), ModelFileError, "cannot be loaded", "model.safetensors")


def test_a_model_that_is_no_causal_language_model_is_a_sentence(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, byte_level())
    transformers.T5Config(vocab_size=420, d_model=16, num_layers=1).save_pretrained(tmp_path)
    refused(str(tmp_path), ModelFileError, "is an encoder-decoder")


def test_a_model_whose_state_cannot_be_cut_back_is_a_sentence(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, byte_level())
    config = transformers.MambaConfig(vocab_size=420, hidden_size=16, state_size=4, num_hidden_layers=1)
    transformers.MambaForCausalLM(config).save_pretrained(tmp_path)
    refused(str(tmp_path), ModelFileError, "keeps a state that cannot be cut back")


def test_a_name_of_the_hub_is_a_sentence_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    refused("no-such-owner/no-such-model", ModelNotFound, "The hub gave no model `no-such-owner/no-such-model`")


@pytest.mark.skipif(weights.torch.cuda.is_available(), reason="for machines without a GPU")
def test_what_only_a_gpu_can_do_is_told_without_one(tiny: Callable[[str], Path]) -> None:
    folder, notes = str(tiny("llama")), Notes()
    with pytest.raises(ModelError, match="torch finds no GPU; leave it out to run on the CPU"):
        weights.read(weights.locate(Request(folder), None), Request(folder, device="cuda"), None)
    asked = Request(folder, bits=4)
    loaded = weights.read(weights.locate(asked, None), asked, notes)
    assert notes.told == [f"4-bit weights need an NVIDIA GPU; {folder} runs on the CPU unquantised."]
    assert loaded.network.device.type == "cpu"


def test_quantised_weights_have_an_identity_of_their_own(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unquantised:
        """Takes the settings and does not heed them, for machines without a GPU."""

        @staticmethod
        def from_pretrained(source: str, *, quantization_config: object = None, **how: object) -> object:
            return transformers.AutoModelForCausalLM.from_pretrained(source, **how)

    def identity(bits: int) -> str:
        asked = Request(str(tiny("llama")), bits=bits, device="cpu")
        return weights.read(weights.locate(asked, None), asked, Notes()).identity

    whole = identity(0)
    assert identity(4) == whole  # this hardware has nothing for them
    monkeypatch.setattr(weights, "AutoModelForCausalLM", Unquantised)
    monkeypatch.setattr(weights, "_quantised", lambda request, *_: request.bits and "settings")
    assert len({whole, identity(4), identity(8)}) == 3


def test_without_the_extra_the_sentence_says_what_to_install(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Ran]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ExtraMissing, match=r"needs torch, which the extra `learn` brings: pip install 'agentx-local"):
        open_model(f"transformers:{tiny('llama')}")
    ran = cli("run", "t", "--model", f"transformers:{tiny('llama')}")
    assert ran.code == 2
    assert "pip install 'agentx-local[learn]'" in ran.err


def test_a_model_is_loaded_once_a_process_and_its_weights_have_an_identity(tiny: Callable[[str], Path]) -> None:
    spec = f"transformers:{tiny('llama')}"
    model = open_model(spec, threads=1, context_tokens=256)
    assert open_model(spec, threads=1, context_tokens=256) is model
    other = open_model(f"{spec}?no_repeat_ngram_size=3", threads=1, context_tokens=256)
    assert other is not model
    assert model.identity == other.identity
    assert model.identity.startswith("transformers-")
    assert model.context_tokens == 256
