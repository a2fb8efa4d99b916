"""`python -m benchmarks.guard`: how well the injection guard tells texts apart, and what a check costs.

Needs the guard's model (`agentx tune guard`, or `--model DIR`). Apart: the rows of AgentDojo, which it never learnt
from, beside regular expressions. False alarms: tool results that AgentX's own tools bring. Cost: a verdict on
onnxruntime and by the same network on torch, by turns on the same texts with the same threads.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentx_learn.encoders.onnx_classifier import OnnxClassifier
from agentx_learn.encoders.text_classifier import TextClassifier
from agentx_learn.injection.guard import LABEL, Injection
from agentx_learn.windowed import THRESHOLD, trained
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.columns import aligned
from benchmarks.decoding.timing import RESULTS, THREADS
from benchmarks.guard import patterns
from benchmarks.guard.dataset import DATA
from benchmarks.guard.tool_results import results

ORDINARY = 300
TARGETS = {"macro-F1": 0.90, "false alarms": 0.02, "time by torch's": 0.25}


def highest(guard: Injection, text: str) -> float:
    return max((score for _, _, score in guard.scores(text)), default=0.0)


def apart(guard: Injection) -> dict[str, Any]:
    """Figures on the unseen source, of the guard and of the patterns."""
    rows = [json.loads(line) for line in (DATA / "judge.jsonl").read_text(encoding="utf-8").splitlines()]
    true = [row["label"] == LABEL for row in rows]
    scores = [highest(guard, row["text"]) for row in rows]
    by_patterns = [patterns.score(row["text"]) for row in rows]
    found: dict[str, list[bool]] = defaultdict(list)
    for row, score in zip(rows, scores, strict=True):
        found[row["group"]].append(score >= THRESHOLD)
    return {
        "rows": len(rows),
        "macro-F1": f1_score(true, [score >= THRESHOLD for score in scores], average="macro"),
        "AUC": roc_auc_score(true, scores),
        "patterns' macro-F1": f1_score(true, [score > 0 for score in by_patterns], average="macro"),
        "patterns' AUC": roc_auc_score(true, by_patterns),
        "told by group": {group: f"{sum(each)} of {len(each)}" for group, each in sorted(found.items())},
    }


def alarms(guard: Injection) -> dict[str, Any]:
    """The share of ordinary tool results that the guard takes for an injection, and the patterns."""
    brought = results(ORDINARY)
    scores = [highest(guard, text) for _, text in brought]
    false = [tool for (tool, _), score in zip(brought, scores, strict=True) if score >= THRESHOLD]
    return {
        "tool results": len(brought),
        "characters, median": statistics.median(len(text) for _, text in brought),
        "false alarms": len(false) / len(brought),
        "false alarms by tool": {tool: false.count(tool) for tool in sorted(set(false))},
        "false alarms at 0.9": sum(score >= 0.9 for score in scores) / len(brought),
        "patterns' false alarms": sum(patterns.score(text) > 0 for _, text in brought) / len(brought),
    }


def cost(folder: Path, threads: int, rounds: int) -> dict[str, Any]:
    """Seconds of a verdict, by turns: each round takes one text through both, the first one in turn."""
    import torch

    torch.set_num_threads(threads)
    sides: dict[str, Any] = {
        "onnx": OnnxClassifier(folder, threads=threads),
        "torch": TextClassifier(str(folder / "torch")),
    }
    rows = [json.loads(line) for line in (DATA / "judge.jsonl").read_text(encoding="utf-8").splitlines()]
    took: dict[str, list[float]] = {name: [] for name in sides}
    for i in range(-10, rounds):
        text = rows[i % len(rows)]["text"]
        for name in sorted(sides, reverse=i % 2 == 0):
            started = time.perf_counter()
            sides[name].classify([text])
            if i >= 0:
                took[name].append(time.perf_counter() - started)
    middle = {name: statistics.median(each) for name, each in took.items()}
    return {
        "onnx, p50 ms": 1000 * middle["onnx"],
        "torch, p50 ms": 1000 * middle["torch"],
        "time by torch's": middle["onnx"] / middle["torch"],
        "texts": rounds,
        "threads": threads,
    }


def table(figures: dict[str, Any]) -> str:
    rows: list[Sequence[str]] = [("", "figure", "target")]
    flat = dict(figures)
    for name, value in figures.items():
        if isinstance(value, dict):
            del flat[name]
            flat |= {f"  {name}: {key}": each for key, each in value.items()}
    for name, value in flat.items():
        shown = f"{value:.3f}" if isinstance(value, float) else str(value)
        rows.append((name, shown, str(TARGETS.get(name, ""))))
    return aligned(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("--model", type=Path, default=trained("injection"), help="folder of the guard's model")
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--rounds", type=int, default=200, help="texts that the cost is measured on")
    parser.add_argument("--out", type=Path, default=RESULTS / "guard.json", help="JSON file of the results")
    options = parser.parse_args()
    guard = Injection({"model": str(options.model)})
    figures = apart(guard) | alarms(guard) | cost(options.model, options.threads, options.rounds)
    print(table(figures))
    options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
