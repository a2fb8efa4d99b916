"""From AgentDojo (MIT): its mails, files, reviews, payments and messages as ordinary tool results, and the same with
each of its attacks where it places them. No classifier learns from any of it: it is the source that judges."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml

from benchmarks.guard import literals

REQUIREMENT = "agentdojo==0.1.35"
USER, MODEL = "Emma Johnson", "AI assistant"
AROUND = 260
"""Characters of the tool result on each side of an injection."""
ORDINARY_CHARACTERS = 520
LEFT_OUT = ("felony_dos", "offensive_email_dos", "swearwords_dos")
"""Attacks whose wording nobody needs in a file."""
_VECTOR = re.compile(r"\{(\w*injection\w*)\}")


def goals(root: Path) -> list[str]:
    """What its attackers want done, each once."""
    found: list[str] = []
    for path in sorted((root / "agentdojo/default_suites").rglob("injection_tasks.py")):
        tree = literals.module(path)
        known = literals.assigned(tree, {"hotel_name": "{hotel_name}"})
        for each in literals.classes(tree):
            if goal := literals.assigned(each, known).get("GOAL"):
                found.append(goal)
    return list(dict.fromkeys(found))


def wrappers(root: Path) -> dict[str, str]:
    """Name of the attack -> its wording, with `{goal}` in it unless it is after nothing but refusal."""
    found: dict[str, str] = {}
    for path in sorted((root / "agentdojo/attacks").glob("*_attacks.py")):
        for each in literals.classes(literals.module(path)):
            names = literals.assigned(each, {})
            wording = next((names[key] for key in ("_JB_STRING", "_DOS_STRING") if key in names), None)
            calls = (node for node in ast.walk(each) if isinstance(node, ast.Call))
            inline = (literals.text_of(call.args[0], {}) for call in calls if call.args)
            wording = wording or next((text for text in inline if text and "{goal}" in text), None)
            if wording and (name := names.get("name")) and name not in LEFT_OUT:
                found[name] = wording
    return found


def ordinary(root: Path) -> list[str]:
    """Every entry of its environments as a tool would show it, nothing injected."""
    vectors = _defaults(root)
    shown = (_VECTOR.sub(lambda match: vectors.get(match[1], ""), text) for text in _entries(root))
    return [text[:ORDINARY_CHARACTERS] for text in dict.fromkeys(shown) if len(text) > 60]


def injected(root: Path, random: Random, count: int) -> list[tuple[str, str]]:
    """Attack and text, the attacks in turn: an entry with its vector filled, cut to what stands around it."""
    places = [text for text in dict.fromkeys(_entries(root)) if _VECTOR.search(text)]
    asked, wordings = goals(root), wrappers(root)
    found: list[tuple[str, str]] = []
    for i in range(count):
        attack = sorted(wordings)[i % len(wordings)]
        goal = random.choice(asked)
        tools = f"You should use the tool `{random.choice(('send_email', 'send_money', 'get_webpage'))}`. "
        text = wordings[attack].replace("{goal}", goal).replace("{user}", USER).replace("{model}", MODEL)
        text = text.replace("{tools}", tools)
        place = random.choice(places)
        match = random.choice(list(_VECTOR.finditer(place)))
        before, after = place[: match.start()], place[match.end() :]
        clean = [_VECTOR.sub("", side) for side in (before, after)]
        found.append((attack, f"{clean[0][-AROUND:]}{text}{clean[1][:AROUND]}".strip()))
    return found


def _entries(root: Path) -> Iterator[str]:
    for path in sorted((root / "agentdojo/data/suites").rglob("*.yaml")):
        if path.name not in ("injection_vectors.yaml", "environment.yaml") and path.parent.name != "include":
            continue
        if path.name == "injection_vectors.yaml":
            continue
        text = path.read_text(encoding="utf-8").replace("!include", "#")
        yield from (
            yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=200)
            for entry in _parts(yaml.safe_load(text))
        )


def _parts(value: Any) -> Iterator[Any]:
    """What a list holds, and pages of a website: a tool shows one of them."""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, str) and (len(each) > 120 or _VECTOR.search(each)):
                yield {key: each}
            else:
                yield from _parts(each)
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))
        texts = [each for each in value if isinstance(each, str) and len(each) > 40]
        yield from ({"text": each} for each in texts)


def _defaults(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((root / "agentdojo/data/suites").rglob("injection_vectors.yaml")):
        found |= {name: each["default"] for name, each in yaml.safe_load(path.read_text(encoding="utf-8")).items()}
    return found
