"""Whether a model fits the memory of this machine: weights, the KV cache of a context, and the process itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["fits", "tight", "too large", "unknown"]
"""Fits in what is free now; fits once other programs are closed; fits in no case; the system does not tell."""

PROCESS_BYTES = 350_000_000
"""What the process takes beside weights and KV cache: libraries, compute buffers, the vocabulary's masks."""

_KV_SHARE = 0.15
"""KV cache of a usual context in proportion to the weights, where the header is not at hand."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of RAM that this process may have, and that are free of it now; 0 where the system does not tell."""

    total: int
    free: int


def memory() -> Memory:
    """What the machine has, or what the cgroup grants where that is less."""
    try:
        lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        rows = {words[0]: int(words[1]) * 1024 for words in lines if len(words) > 1}
        total, free = rows["MemTotal:"], rows["MemAvailable:"]
    except (OSError, KeyError, ValueError):
        return Memory(0, 0)
    try:
        group = Path("/sys/fs/cgroup")
        most = int((group / "memory.max").read_text())
        # What the group has read of files counts as used and can be given back at any time.
        held = int((group / "memory.current").read_text()) - _reclaimable(group / "memory.stat")
        total, free = min(total, most), min(free, max(most - held, 0))
    except (OSError, ValueError):
        pass  # no limit, or a system without cgroups
    return Memory(total, free)


def verdict(needed: int, have: Memory) -> Verdict:
    """How a need of so many bytes stands to the machine's memory."""
    if not have.total:
        return "unknown"
    return "fits" if needed <= have.free else "tight" if needed <= have.total else "too large"


def needed_bytes(weights: int, context_tokens: int, metadata: dict[str, Any] | None = None) -> int:
    """RAM for weights of this size with a context.

    Args:
        context_tokens: cells of the KV cache.
        metadata: of the GGUF header; without it the KV cache is estimated by the weights.
    """
    cache = kv_bytes(context_tokens, metadata) if metadata else 0
    return weights + (cache or int(weights * _KV_SHARE)) + PROCESS_BYTES


def kv_bytes(context_tokens: int, metadata: dict[str, Any]) -> int:
    """Size of a KV cache of 16-bit numbers; 0 where the header does not say enough."""
    architecture = metadata.get("general.architecture", "")

    def number(key: str) -> int:
        value = metadata.get(f"{architecture}.{key}")
        return value if isinstance(value, int) and value > 0 else 0

    layers, heads = number("block_count"), number("attention.head_count")
    width = number("embedding_length")
    if not layers or not heads or not width:
        return 0
    kv_heads = number("attention.head_count_kv") or heads
    key = number("attention.key_length") or width // heads
    value = number("attention.value_length") or width // heads
    return 2 * context_tokens * layers * kv_heads * (key + value)


def _reclaimable(stat: Path) -> int:
    rows = dict(line.split() for line in stat.read_text().splitlines())
    return int(rows.get("inactive_file", 0)) + int(rows.get("active_file", 0))
