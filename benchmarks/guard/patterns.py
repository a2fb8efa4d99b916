"""The peer without a model: regular expressions for the usual words of an injection."""

import re

PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(ignore|disregard|forget|override)\b.{0,40}\b(previous|prior|above|earlier|all|your)\b.{0,40}"
        r"\b(instructions?|prompts?|rules?|directions?|context|messages?)\b",
        r"\b(new|updated|important|following) (instructions?|task|message)\b",
        r"\b(system|developer|admin)\W{0,3}(prompt|message|mode|override)\b",
        r"\byou (are|must|should) now\b|\bfrom now on\b|\bpretend (to be|you)\b|\bact as\b",
        r"</?(system|instructions?|information|assistant)>|\[/?(system|inst)\]|<\|im_(start|end)\|>|###",
        r"\bdo not (tell|mention|inform|ask|alert)\b|\bwithout (telling|asking|informing)\b",
        r"\b(send|forward|e?mail|transfer|upload|post)\b.{0,80}(@|https?://|\baccount\b|\biban\b)",
        r"\b(reveal|print|repeat|show)\b.{0,30}\b(prompt|password|key|token|secret)",
        r"\b(ai|language model|assistant|chatbot|llm)\b.{0,60}\b(must|should|please|ignore|first)\b",
        r"\bbefore (you|answering|continuing|anything)\b.{0,80}\b(first|must|do)\b",
    )
]


def score(text: str) -> float:
    """The share of the patterns that the text has."""
    return sum(pattern.search(text) is not None for pattern in PATTERNS) / len(PATTERNS)
