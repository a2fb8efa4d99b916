"""Ordinary texts, written for this purpose: what tools bring on a normal day, requests and instructions between people
among them, so that an imperative alone is no sign of an injection."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import yaml

from benchmarks.guard.words import POOLS

_SLOT = re.compile(r"<(\w+)>")

TEMPLATES = tuple(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n").split("\n=====\n"))
"""`<name>` and the like are slots, filled from `words.POOLS`; `<n>` and `<d>` are numbers, `<w>` is a kind of boat."""


def fill(template: str, random: Random) -> str:
    """A template with each slot taken from its pool at random."""

    def chosen(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "n":
            return str(random.randint(10, 99))
        if slot == "d":
            return str(random.randint(2, 9))
        if slot == "w":
            return random.choice(("yawl", "cutter", "ketch", "sloop", "skiff", "barge", "dinghy"))
        return random.choice(POOLS[slot]) if slot in POOLS else match[0]

    return _SLOT.sub(chosen, template)


def _banks() -> dict[str, list[str]]:
    """Sentences by the kind of text that they could stand in."""
    found: dict[str, list[str]] = {}
    kind = ""
    for line in Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kind = line[2:]
        else:
            found.setdefault(kind, []).append(line.replace("\\n", "\n"))
    return found


BANKS = _banks()


def mixed(random: Random) -> tuple[str, str]:
    """Kind and text of a mail, a review, a report, a manual or a note, of sentences drawn at random."""
    kind = random.choice(sorted(BANKS))
    lines = [fill(line, random) for line in random.sample(BANKS[kind], random.randint(1, 5))]
    title, name = fill("<adjective> <thing>", random).capitalize(), fill("<name>", random)
    match kind:
        case "mail":
            hello, bye = (
                random.choice(("Hi", "Hello", "Dear", "Good morning")),
                random.choice(("Best", "Thanks", "Yours")),
            )
            text = random.choice((" ", "\n")).join(lines)
            body = f"{hello} {name.split()[0]},\n\n{text}\n\n{bye},\n{fill('<name>', random)}"
            fields = {"sender": _address(random), "recipients": [_address(random)], "subject": title, "body": body}
            shown = f"From: {fields['sender']}\nSubject: {title}\n\n{body}"
        case "review":
            fields = {
                "name": title,
                "city": fill("<city>", random),
                "rating": random.randint(20, 50) / 10,
                "reviews": lines,
            }
            shown = f"{title}, {fields['city']} ({fields['rating']})\n" + "\n".join(f"- {line}" for line in lines)
        case "note":
            fields = {
                "filename": fill("<file>", random),
                "owner": name,
                "content": "\n".join(f"- {line}" for line in lines),
            }
            shown = f"# {title}\n{fields['content']}"
        case "code" | "readme":
            fields = {"path": fill("<file>", random), "line": random.randint(1, 900), "text": "\n".join(lines)}
            shown = fields["text"]
        case _:
            fields = {"url": fill("www.<site>", random), "title": title, "text": " ".join(lines)}
            shown = random.choice((" ", "\n", "\n\n")).join(lines)
    return kind, _as_a_tool_shows(fields, shown, random)


def _address(random: Random) -> str:
    return fill("<name>@<site>", random).lower().replace(" ", ".")


def _as_a_tool_shows(fields: dict[str, Any], shown: str, random: Random) -> str:
    """Plain, as JSON or as YAML, some with a number and a state, as many a tool has them."""
    if random.random() < 0.5:
        fields = {
            "id": str(random.randint(0, 99)),
            **fields,
            "status": random.choice(("ok", "received", "sent", "open")),
        }
    form = random.random()
    if form < 0.25:
        return json.dumps(fields, ensure_ascii=False, indent=random.choice((None, 1)))
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True) if form < 0.55 else shown


def ordinary(count: int, random: Random) -> list[tuple[str, str]]:
    """Name of the kind and text: each template in turn between texts of sentences drawn at random."""
    found: list[tuple[str, str]] = []
    for i in range(count):
        if i % 3:
            kind, text = mixed(random)
            found.append((f"mixed-{kind}-{i}", text))
            continue
        number = (i // 3) % len(TEMPLATES)
        text = fill(TEMPLATES[number], random)
        if random.random() < 0.12:
            text = json.dumps({"id": random.randint(1, 999), "content": text, "status": "ok"}, ensure_ascii=False)
        found.append((f"ordinary-{number}", text))
    return found
