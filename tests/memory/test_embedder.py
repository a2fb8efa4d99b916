import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from agentx_memory.embedder import MAX_TOKENS, MiniLmEmbedder, embedder_named
from agentx_memory.onnx_embedder import MAX_BATCH

from agentx.errors import ModelFileError, ModelNotFound

TEXTS = [
    "boat",
    "The boat lies in the harbour.",
    "Grüße aus Köln",
    "日本語のメモ",
    "",
    "milk " * 40,
    "tax form " * 300,
] + [f"note {number} about {'winter ' * (number % 9)}" for number in range(40)]


def test_vectors_have_unit_length_and_384_floats(minilm):
    vectors = minilm.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_a_text_has_the_same_vector_whatever_its_batch(minilm):
    together = minilm.embed(TEXTS)
    alone = np.concatenate([minilm.embed([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)


def test_a_paraphrase_is_nearer_than_another_subject(minilm):
    yacht, boat, tax = minilm.embed(["Where is my yacht?", "The boat lies in the harbour.", "The tax is due in May."])
    assert yacht @ boat > 0.4 > 0.2 > yacht @ tax


def test_only_the_first_tokens_count(minilm):
    head = "winter " * MAX_TOKENS
    one, other = minilm.embed([head + "boat", head + "tax"])
    np.testing.assert_array_equal(one, other)


def test_a_long_text_is_split_into_pieces_that_the_model_sees_whole(minilm, minilm_files):
    import tokenizers

    text = "The boat lies in the harbour of Flensburg, übrigens. 日本語 naïve\n" * 300
    pieces = minilm.split(text)
    tokenizer = tokenizers.Tokenizer.from_file(str(minilm_files[1]))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    assert "".join(pieces) == text
    assert max(len(tokenizer.encode(piece).ids) for piece in pieces) <= MAX_TOKENS


def test_no_texts_give_no_vectors(minilm):
    assert minilm.embed([]).shape == (0, 384)


def test_nothing_is_loaded_before_the_first_use(tmp_path):
    assert MiniLmEmbedder(tmp_path / "none.onnx", tmp_path / "none.json").name == "all-MiniLM-L6-v2-int8"


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named_in_one_sentence(minilm_files, tmp_path, damaged):
    for path in minilm_files:
        shutil.copy(path, tmp_path / path.name)
    (tmp_path / damaged).write_bytes(b"junk" * 100)
    with pytest.raises(ModelFileError, match=rf"{damaged} cannot be loaded .*`agentx models pull minilm`"):
        MiniLmEmbedder(tmp_path / "model.onnx", tmp_path / "tokenizer.json").embed(["boat"])


def test_a_missing_file_is_named_in_one_sentence(minilm_files, tmp_path):
    with pytest.raises(ModelFileError, match=r"none\.onnx cannot be loaded"):
        MiniLmEmbedder(tmp_path / "none.onnx", minilm_files[1]).load()


def test_texts_of_many_lengths_keep_their_places(minilm):
    texts = [f"note {number} " + "winter " * (number % 37) for number in range(150)]
    together = minilm.embed(texts)
    np.testing.assert_array_equal(minilm.embed(texts[::-1])[::-1], together)
    np.testing.assert_array_equal(minilm.embed(texts[71:72])[0], together[71])


def test_threads_may_share_one(minilm):
    expected = minilm.embed(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: minilm.embed(TEXTS), range(6)):
            np.testing.assert_array_equal(vectors, expected)


def test_the_size_of_a_piece_can_be_chosen(minilm_files):
    embedder = MiniLmEmbedder(*minilm_files, piece_tokens=10)
    assert len(embedder.split("The boat lies in the harbour. " * 20)) == 20


@pytest.fixture
def model_folder(minilm_files, tmp_path):
    folder = tmp_path / "own-model"
    (folder / "1_Pooling").mkdir(parents=True)
    for path in minilm_files:
        shutil.copy(path, folder / path.name)
    return folder


def test_a_folder_of_sentence_transformers_is_a_model(model_folder, minilm):
    (model_folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (model_folder / "sentence_bert_config.json").write_text('{"max_seq_length": 256}')
    embedder = embedder_named(model_folder)
    assert embedder.name.startswith("own-model-")
    np.testing.assert_array_equal(embedder.embed(TEXTS), minilm.embed(TEXTS))
    assert embedder.split("boat") == ["boat"]


def test_pooling_and_length_are_those_of_the_folder_and_part_of_its_name(model_folder, minilm):
    plain = embedder_named(model_folder).name
    (model_folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    (model_folder / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    embedder = embedder_named(model_folder)
    assert embedder.name != plain
    vectors = embedder.embed(["boat " * 14, "boat " * 20, "boat"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert abs(vectors[2] - minilm.embed(["boat"])[0]).max() > 0.01
    assert len(embedder.split("boat " * 28)) == 2


def test_a_model_that_scales_a_batch_alike_gets_one_text_at_a_time(model_folder):
    assert embedder_named(model_folder).files().max_batch == MAX_BATCH
    with (model_folder / "model.onnx").open("ab") as model:
        model.write(b"DynamicQuantizeLinear")
    assert embedder_named(model_folder).files().max_batch == 1


@pytest.mark.parametrize(
    ("file", "content", "error", "sentence"),
    [
        ("1_Pooling/config.json", '{"pooling_mode_max_tokens": true}', ModelFileError, "wants pooling_mode_max_tokens"),
        ("1_Pooling/config.json", "{", ModelFileError, "cannot be read"),
        ("1_Pooling/config.json", "[]", ModelFileError, "holds no object"),
        ("sentence_bert_config.json", '{"max_seq_length": "long"}', ModelFileError, "'long' as the length"),
        ("tokenizer.json", None, ModelNotFound, "holds no tokenizer.json"),
        ("model.onnx", None, ModelNotFound, "holds no model.onnx"),
    ],
)
def test_a_folder_that_is_no_model_is_a_sentence(model_folder, file, content, error, sentence):
    (model_folder / file).unlink() if content is None else (model_folder / file).write_text(content)
    with pytest.raises(error, match=sentence):
        embedder_named(model_folder)


def test_an_unknown_name_is_a_sentence():
    with pytest.raises(ModelNotFound, match="no embedding model `none`; take `minilm`, a folder"):
        embedder_named("none")
    assert embedder_named("minilm").name == embedder_named().name == "all-MiniLM-L6-v2-int8"
