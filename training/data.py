"""Rows to token features: the model's own chat template, loss on the answer only.

One row of datasets/gold/train.jsonl becomes

    prompt  <|im_start|>system ... <|im_start|>user\\nmobile dog groomer, Leeds<|im_end|>\\n<|im_start|>assistant\\n (ignored)
    answer  ["pawlane.co.uk", "tubhound.com", "furloft.com"]<|im_end|>                                     (learned)

and an unsafe row of datasets/safety/train.jsonl the answer ["__BLOCKED__"]<|im_end|>.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.contract import REFUSAL_TEXT
from models.errors import InputError
from models.prompts import Prompt

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Example:
    """One description with the answer to learn."""

    description: str
    answer: str


def read_examples(paths: Sequence[Path]) -> list[Example]:
    """Read rows through Hugging Face `datasets`; InputError for a missing file or a row without an answer."""
    from datasets import load_dataset

    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise InputError(f"no such row file: {', '.join(missing)}")
    examples = []
    for path in paths:
        for number, row in enumerate(load_dataset("json", data_files=str(path), split="train"), 1):
            examples.append(Example(row["description"], _answer(row, path, number)))
    return examples


def _answer(row: dict[str, Any], path: Path, number: int) -> str:
    if row.get("domains"):
        return json.dumps(row["domains"])
    if row.get("label") == "unsafe":
        return REFUSAL_TEXT
    raise InputError(f"{path}, row {number}: neither `domains` nor label `unsafe`; there is no answer to learn")


def tokenize(
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", prompt: Prompt, max_length: int
) -> tuple[list[dict[str, list[int]]], list[str]]:
    """Return (features, descriptions that do not fit): a row longer than `max_length` tokens is left out, never cut."""
    features, too_long = [], []
    end = tokenizer.eos_token or ""
    for example in examples:
        text = tokenizer.apply_chat_template(prompt.render(example.description), tokenize=False, add_generation_prompt=True)
        question = tokenizer(text, add_special_tokens=False)["input_ids"]
        answer = tokenizer(example.answer + end, add_special_tokens=False)["input_ids"]
        if len(question) + len(answer) > max_length:
            too_long.append(example.description)
            continue
        features.append({"input_ids": question + answer, "labels": [IGNORED] * len(question) + answer})
    return features, too_long


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads a batch on the right: (rows, longest) input_ids, attention_mask and labels."""

    pad_token_id: int

    def __call__(self, features: list[dict[str, list[int]]]) -> dict[str, "Tensor"]:
        """Make one batch of tensors."""
        import torch

        longest = max(len(feature["input_ids"]) for feature in features)
        fill = {"input_ids": self.pad_token_id, "attention_mask": 0, "labels": IGNORED}
        rows = [{**feature, "attention_mask": [1] * len(feature["input_ids"])} for feature in features]
        return {
            key: torch.tensor([row[key] + [value] * (longest - len(row[key])) for row in rows]) for key, value in fill.items()
        }
