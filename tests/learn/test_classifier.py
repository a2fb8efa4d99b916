"""Classifiers of several architectures, tiny and randomly initialised; on torch and, exported, on onnxruntime alone."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import transformers
from agentx_learn.encoders.export import export
from agentx_learn.encoders.onnx_classifier import LABELS, MODEL, OnnxClassifier
from agentx_learn.encoders.opening import open_classifier
from agentx_learn.encoders.text_classifier import TextClassifier
from agentx_learn.encoders.tool import classify_text
from onnx import numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from agentx.errors import ModelFileError, ModelNotFound, ToolError
from agentx.tool import ToolContext
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.conftest import CORPUS

NAMES = ["benign", "content", "injection"]
WIDTH = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
KINDS: dict[str, Callable[..., transformers.PreTrainedConfig]] = {
    "bert": lambda **shared: transformers.BertConfig(max_position_embeddings=64, **WIDTH, **shared),
    "roberta": lambda **shared: transformers.RobertaConfig(
        max_position_embeddings=65, type_vocab_size=1, **WIDTH, **shared
    ),
    "distilbert": lambda **shared: transformers.DistilBertConfig(
        dim=32, n_layers=1, n_heads=4, hidden_dim=64, max_position_embeddings=64, **shared
    ),
    "albert": lambda **shared: transformers.AlbertConfig(
        embedding_size=16, max_position_embeddings=64, **WIDTH, **shared
    ),
}
TEXTS = [
    "Name a colour that I will like.",
    "one two three",
    "",
    "Call find_boats of the two numbers. " * 40,
    "été → 日本 \ud800",
    ("The sum is 12.", "The capital of Norway"),
    ("word " * 80, "one"),
]


def word_pieces() -> Tokenizer:
    """In the manner of BERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny classifier of an architecture."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            tokenizer = word_pieces()
            special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
            fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
            fast.save_pretrained(made[kind])
            torch.manual_seed(1)
            config = KINDS[kind](
                vocab_size=tokenizer.get_vocab_size(),
                id2label=dict(enumerate(NAMES)),
                label2id={name: i for i, name in enumerate(NAMES)},
                pad_token_id=0,
                initializer_range=0.5,
            )
            transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(made[kind])
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def exported(folder_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = export(TextClassifier(str(folder_of(kind))), tmp_path_factory.mktemp(kind) / "onnx")
        return made[kind]

    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_verdicts_are_those_of_the_network_whatever_the_batch(folder_of: Callable[[str], Path], kind: str) -> None:
    classifier = TextClassifier(str(folder_of(kind)))
    assert classifier.labels == tuple(NAMES)
    assert classifier.max_tokens == 64
    together = classifier.classify(TEXTS)
    for text, verdict in zip(TEXTS, together, strict=True):
        (alone,) = classifier.classify([text])
        assert alone.label == verdict.label
        assert alone.probabilities == pytest.approx(verdict.probabilities, abs=1e-4)
        assert verdict.probability == max(verdict.probabilities.values())
        assert sum(verdict.probabilities.values()) == pytest.approx(1)
    assert len({round(verdict.probability, 4) for verdict in together}) > 3
    assert classifier.classify([]) == []
    ids = classifier.tokenizer("one two three", return_tensors="pt")
    with torch.inference_mode():
        logits = classifier.network(**{name: ids[name] for name in classifier.inputs if name in ids}).logits[0]
    assert list(together[1].probabilities.values()) == pytest.approx(logits.softmax(-1).tolist(), abs=1e-4)


def test_the_second_text_of_a_pair_counts(folder_of: Callable[[str], Path]) -> None:
    classifier = TextClassifier(str(folder_of("bert")))
    single, pair, swapped = classifier.classify(["one two", ("one two", "five"), ("five", "one two")])
    assert len({single.probability, pair.probability, swapped.probability}) == 3


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_an_exported_classifier_says_nearly_the_same(
    folder_of: Callable[[str], Path], exported: Callable[[str], Path], kind: str
) -> None:
    classifier, own = TextClassifier(str(folder_of(kind))), OnnxClassifier(exported(kind), threads=1)
    assert own.labels == classifier.labels
    assert own.max_tokens == classifier.max_tokens
    for text, mine, theirs in zip(TEXTS, own.classify(TEXTS), classifier.classify(TEXTS), strict=True):
        # Weights of 7 bits; random weights are the hardest to round.
        assert mine.probabilities == pytest.approx(theirs.probabilities, abs=0.15), text


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_the_products_of_an_exported_classifier_fit_where_two_are_added_in_16_bits(
    exported: Callable[[str], Path], kind: str
) -> None:
    graph = onnx.load(exported(kind) / MODEL).graph
    constants = {item.name: item for item in graph.initializer}
    weights = [constants[node.input[1]] for node in graph.node if node.op_type == "MatMulInteger"]
    assert weights
    for item in weights:
        assert 2 * 255 * np.abs(numpy_helper.to_array(item).astype(int)).max() < 2**15


def test_an_exported_classifier_needs_no_torch(exported: Callable[[str], Path]) -> None:
    script = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from agentx_learn.encoders.opening import open_classifier\n"
        f"print(open_classifier({str(exported('bert'))!r}).classify(['one two three'])[0].label)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in NAMES, done.stderr


def test_what_is_no_classifier_is_a_sentence(
    tmp_path: Path, tiny: Callable[[str], Path], folder_of: Callable[[str], Path], exported: Callable[[str], Path]
) -> None:
    with pytest.raises(ModelNotFound, match="There is no folder"):
        open_classifier(str(tmp_path / "none"))
    with pytest.raises(ModelNotFound):
        open_classifier("")
    with pytest.raises(ModelFileError, match="has no trained head for classes"):
        open_classifier(str(tiny("llama")))
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        open_classifier(str(tmp_path))
    for path in exported("bert").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / MODEL).write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="holds no exported classifier .*; export it again by"):
        open_classifier(str(tmp_path))
    (tmp_path / LABELS).write_text("{}")
    with pytest.raises(ModelFileError, match="holds no exported classifier"):
        open_classifier(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"num_labels": 1}, "odd gives scores and tells no classes apart"),
        ({"problem_type": "regression"}, "odd gives scores and tells no classes apart"),
        ({"problem_type": "multi_label_classification"}, "odd says of each class by itself whether it holds"),
    ],
)
def test_a_model_that_does_not_tell_one_class_of_several_is_refused(
    change: dict[str, object], sentence: str, folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(folder_of("bert"), folder := tmp_path / "odd")
    config = transformers.AutoConfig.from_pretrained(folder)
    for name, value in change.items():
        setattr(config, name, value)
    transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    with pytest.raises(ModelFileError, match=sentence):
        open_classifier(str(folder))


def test_a_tokenizer_that_is_written_in_python_alone_is_a_sentence(
    cli: Callable[..., Ran], folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(folder_of("roberta"), folder := tmp_path / "tweets")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertweetTokenizer"}))
    (folder / "vocab.txt").write_text("one 1\ntwo 1\n")
    (folder / "bpe.codes").write_text("o n 1\n")
    ran = cli("classify", str(folder), "one two")
    assert ran.code == 4 and ran.err.count("\n") == 1
    assert "tweets has no fast tokenizer that fills rows up; choose an encoder such as BERT" in ran.err


def test_the_tool_judges_by_the_model_of_its_settings(exported: Callable[[str], Path], tmp_path: Path) -> None:
    settings = {"model": str(exported("bert"))}
    said = classify_text.function("one two three", ToolContext(workspace=tmp_path, settings=settings))
    label, probability = said.split(", ")[0].split(" ")
    assert label in NAMES
    assert 1 / 3 < float(probability) <= 1
    for wrong in ({}, {"model": str(tmp_path / "none")}, {"model": 3}):
        with pytest.raises(ToolError):
            classify_text.function("one", ToolContext(workspace=tmp_path, settings=wrong))


def test_the_command_prints_label_and_probability(
    cli: Callable[..., Ran], folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = str(folder_of("distilbert"))
    ran = cli("classify", folder, "one two three")
    label, probability = ran.out.split()
    assert ran.code == 0
    assert label in NAMES
    assert 0 < float(probability) <= 1
    shown = cli("classify", folder, "one two three", "--json").object
    assert set(shown["probabilities"]) == set(NAMES)
    assert shown["label"] == label
    assert cli("classify", folder, "one\n\ntwo", "--lines").out.count("\n") == 2
    assert cli("classify", folder, "one", "--pair", "two").code == 0
    assert cli("classify", folder, "one\ntwo", "--pair", "two", "--lines").code == 2
    assert "There is no text" in cli("classify", folder).err
    assert cli("classify", folder, "--export", str(tmp_path / "out")).code == 0
    assert json.loads((tmp_path / "out" / LABELS).read_text())["labels"] == NAMES
    again = cli("classify", str(tmp_path / "out"), "one two three", "--export", str(tmp_path / "more"))
    assert "is exported already" in again.err
    assert cli("classify", str(tmp_path / "out"), "one two three").out.split()[0] in NAMES


def test_without_the_extra_the_command_says_what_to_install(
    cli: Callable[..., Ran], folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    ran = cli("classify", str(folder_of("bert")), "one")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "pip install 'agentx-local[learn]'" in ran.err
