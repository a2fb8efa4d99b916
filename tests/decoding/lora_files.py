"""Random LoRA adapters for the small model of the tests, large enough that each changes what it says."""

from pathlib import Path

import gguf
import numpy as np

WIDTH, KV_WIDTH, FEED_FORWARD, LAYERS = 576, 192, 1536, 30
SHAPES = {"attn_q": (WIDTH, WIDTH), "attn_v": (KV_WIDTH, WIDTH), "ffn_down": (WIDTH, FEED_FORWARD)}
RANK = 4


def write_adapter(
    path: Path,
    seed: int = 0,
    *,
    architecture: str = "llama",
    kind: str = "lora",
    width: int = WIDTH,
    layers: int = LAYERS,
    scale: float = 0.3,
) -> Path:
    """Writes an adapter in which all that is drawn at random depends on the seed."""
    draw = np.random.default_rng(seed).standard_normal
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", kind)
    writer.add_float32("adapter.lora.alpha", 2.0 * RANK)
    for layer in range(layers):
        for name, (rows, columns) in SHAPES.items():
            columns += width - WIDTH
            a = draw((RANK, columns)) / np.sqrt(columns)
            b = draw((rows, RANK)) * scale
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_a", a.astype(np.float32))
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_b", b.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
