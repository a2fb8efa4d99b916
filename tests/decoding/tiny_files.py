"""Tiny GGUF files of several architectures: weights of nought, and a SentencePiece vocabulary."""

from pathlib import Path

import gguf
import numpy as np

Shapes = dict[str, tuple[int, ...]]

WIDTH, INNER, STATES, KERNEL = 32, 64, 4, 3
SPECIAL = ["<unk>", "<s>", "</s>", "<|user|>"]
BYTES = [f"<0x{i:02X}>" for i in range(256)]
WORDS = ["▁", "o", "n", "e", "on", "one", "▁o", "▁on", "▁one", "-", ">", "->", "5", "▁5"]
VECTOR, SQUARE = (WIDTH,), (WIDTH, WIDTH)


def _weights(names: str, shape: tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": shape for name in names.split()}


_FEED_FORWARD = _weights("ffn_gate ffn_up ffn_down", SQUARE) | _weights("attn_norm ffn_norm", VECTOR)
_BERT = _weights("attn_q attn_k attn_v attn_output ffn_up ffn_down", SQUARE)
_BERT |= _weights("attn_output_norm layer_output_norm", VECTOR)

LAYERS: dict[str, Shapes] = {
    "llama": _weights("attn_q attn_k attn_v attn_output", SQUARE) | _FEED_FORWARD,
    "mamba": {
        "attn_norm.weight": VECTOR,
        "ssm_in.weight": (2 * INNER, WIDTH),
        "ssm_conv1d.weight": (INNER, KERNEL),
        "ssm_conv1d.bias": (INNER,),
        "ssm_x.weight": (2 + 2 * STATES, INNER),
        "ssm_dt.weight": (INNER, 2),
        "ssm_dt.bias": (INNER,),
        "ssm_a": (INNER, STATES),
        "ssm_d": (INNER,),
        "ssm_out.weight": (WIDTH, INNER),
    },
    "lfm2": {
        "shortconv.conv.weight": (WIDTH, KERNEL),
        "shortconv.in_proj.weight": (3 * WIDTH, WIDTH),
        "shortconv.out_proj.weight": SQUARE,
        **_FEED_FORWARD,
    },
    "t5encoder": _weights("attn_q attn_k attn_v attn_o", SQUARE) | _FEED_FORWARD,
    "bert": _BERT | {name.replace("weight", "bias"): VECTOR for name in _BERT},
}
OUTSIDE: dict[str, Shapes] = {
    "llama": _weights("output_norm", VECTOR),
    "mamba": _weights("output_norm", VECTOR),
    "lfm2": _weights("token_embd_norm", VECTOR),
    "t5encoder": _weights("enc.output_norm", VECTOR),
    "bert": {
        "token_types.weight": (2, WIDTH),
        "position_embd.weight": (64, WIDTH),
        "token_embd_norm.weight": VECTOR,
        "token_embd_norm.bias": VECTOR,
    },
}


def write_model(path: Path, architecture: str = "llama", space_prefix: bool | None = None) -> Path:
    """Writes a model of one layer; with `space_prefix` None the file does not say whether texts begin with a space."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv([0] if architecture == "lfm2" else 2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_layer_norm_eps(1e-5)
    writer.add_causal_attention(architecture != "bert")
    writer.add_token_type_count(2)
    writer.add_relative_attn_buckets_count(4)
    writer.add_shortconv_l_cache(KERNEL)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATES)
    writer.add_ssm_time_step_rank(2)
    _add_vocabulary(writer, space_prefix)
    layer = "enc.blk.0" if architecture == "t5encoder" else "blk.0"
    shapes = {f"{layer}.{name}": shape for name, shape in LAYERS[architecture].items()} | OUTSIDE[architecture]
    shapes["token_embd.weight"] = len(SPECIAL + BYTES + WORDS), WIDTH
    for name, shape in shapes.items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_vocabulary(writer: gguf.GGUFWriter, space_prefix: bool | None) -> None:
    kind = gguf.TokenType
    writer.add_tokenizer_model("llama")
    writer.add_token_list(SPECIAL + BYTES + WORDS)
    writer.add_token_scores([0.0] * len(SPECIAL + BYTES) + [float(len(word)) for word in WORDS])
    writer.add_token_types([kind.UNKNOWN, *[kind.CONTROL] * 3, *[kind.BYTE] * 256, *[kind.NORMAL] * len(WORDS)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if space_prefix is not None:
        writer.add_add_space_prefix(space_prefix)
