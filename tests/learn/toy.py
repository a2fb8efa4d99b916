"""A toy task that a tiny BERT learns in seconds: whether a line names more fruit or more vehicles."""

import csv
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

KINDS = {
    "fruit": ["apple", "pear", "plum", "cherry", "grape", "melon", "peach"],
    "vehicle": ["truck", "car", "bus", "tram", "train", "boat", "plane"],
}
FILLERS = ["the", "a", "my", "your", "one", "two", "big", "small", "old", "new"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
FAST = ("--epochs", "12", "--patience", "12", "--learning-rate", "0.01", "--batch", "8", "--max-tokens", "16")


def lines(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Texts and their classes in turn."""
    random = Random(seed)
    found: list[tuple[str, str]] = []
    for i in range(count):
        label = list(KINDS)[i % 2]
        words = random.choices(FILLERS, k=5) + random.choices(KINDS[label], k=3)
        random.shuffle(words)
        found.append((" ".join(words), label))
    return found


def write_csv(path: Path, rows: Sequence[Sequence[object]], heads: Sequence[str] = ("text", "label")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *rows])
    return path


def save_encoder(folder: Path, more: Sequence[str] = ()) -> Path:
    """A BERT of one layer with random weights, and a tokenizer of the words above and of more, `[MASK]` among them."""
    words = [*SPECIAL, *FILLERS, *KINDS["fruit"], *KINDS["vehicle"], *more]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    if "[MASK]" in more:
        named["mask_token"] = "[MASK]"
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        pad_token_id=0,
    )
    transformers.BertModel(config).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\nA toy.\n", encoding="utf-8")
    return folder
