"""Nothing that comes with a model is run, whatever is piped in where the library would ask."""

import json
from collections.abc import Callable
from pathlib import Path

import agentx_learn
import pytest
from agentx_learn.decoder import weights
from agentx_learn.decoder.request import Request
from agentx_learn.encoders.text_classifier import TextClassifier
from agentx_learn.tuning.base import Base
from agentx_learn.tuning.classifier_network import load_fresh
from agentx_learn.tuning.encoder_network import load_encoder

from agentx.errors import ModelFileError
from tests.cli.conftest import process

MARK = "the code was run"
SENTENCE = "strange needs code of its own, which AgentX does not run; choose another model."


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A model whose code leaves a file where it is run."""
    folder = tmp_path / "strange"
    folder.mkdir()
    classes = {"AutoConfig": "strange.Config", "AutoModelForSequenceClassification": "strange.Network"}
    (folder / "config.json").write_text(json.dumps({"model_type": "strange", "auto_map": classes}))
    (folder / "strange.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / MARK)!r}).touch()\n")
    return folder


def test_what_is_piped_in_is_no_leave_to_run_code(strange: Path, tmp_path: Path) -> None:
    ran = process("classify", str(strange), "-", "--lines", stdin="y\nyes\n1\n", timeout=200)
    assert ran.code == 4 and ran.out == ""
    assert ran.err.endswith(f"{SENTENCE}\n") and ran.err.count("\n") == 1
    assert not (tmp_path / MARK).exists()


LOADERS: dict[str, Callable[[str], object]] = {
    "a classifier": TextClassifier,
    "a classifier that learns": lambda source: load_fresh(Base(source, "strange", ""), ["a", "b"], 16),
    "an encoder": lambda source: load_encoder(Base(source, "strange", ""), 16, next_sentence=False),
    "a language model": lambda source: weights.read(weights.locate(Request(source), None), Request(source), None),
}


@pytest.mark.parametrize("loader", LOADERS)
def test_nobody_is_asked_whether_code_may_run(
    loader: str, strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(ModelFileError, match=SENTENCE):
        LOADERS[loader](str(strange))
    assert not (tmp_path / MARK).exists()


def test_all_that_is_loaded_goes_through_the_one_place_that_runs_no_code() -> None:
    root = Path(agentx_learn.__file__).parent
    loading = [path.relative_to(root) for path in root.rglob("*.py") if ".from_pretrained(" in path.read_text("utf-8")]
    assert loading == [Path("loading.py")]
