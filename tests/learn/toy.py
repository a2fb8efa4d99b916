"""A toy task that a tiny BERT learns in seconds: whether a line names more fruit or more vehicles."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import torch
import transformers
from agentx_learn.encoders.export import export
from agentx_learn.encoders.text_classifier import TextClassifier
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


def export_marked(folder: Path, plain: str, marks: Mapping[str, str]) -> Path:
    """An exported classifier of 32 tokens: a text with a word of `marks` is of its class, any other is `plain`."""
    base, labels = save_encoder(folder / "base"), [plain, *marks.values()]
    network = transformers.AutoModelForSequenceClassification.from_pretrained(
        base,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokenizer.model_max_length = 32
    random = Random(4)
    rows = [random.choices([*FILLERS, "apple", "plane"], k=random.randint(1, 30)) for _ in range(600)]
    of = [i % len(labels) for i in range(len(rows))]
    for row, label in zip(rows, of, strict=True):
        if label:
            row[random.randrange(len(row))] = [*marks][label - 1]
    truth = torch.tensor(of)
    batch = tokenizer([" ".join(row) for row in rows], padding=True, truncation=True, return_tensors="pt")
    optimizer = torch.optim.Adam(network.parameters(), 0.002)
    for step in range(1500):
        few = torch.arange(60) + 60 * (step % 10)
        optimizer.zero_grad()
        network(**{name: each[few] for name, each in batch.items()}, labels=truth[few]).loss.backward()
        optimizer.step()
        if step % 50 == 49 and (network(**batch).logits.softmax(-1).gather(1, truth[:, None]) > 0.95).all():
            break
    network.eval()
    assert (network(**batch).logits.argmax(-1) == truth).all()
    network.save_pretrained(base)
    tokenizer.save_pretrained(base)
    return export(TextClassifier(str(base)), folder / "onnx")
