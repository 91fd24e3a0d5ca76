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
    """Read rows through Hugging Face `datasets`; InputError for a file or row that cannot be read or has no answer."""
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise InputError(f"no such row file: {', '.join(missing)}")
    examples = []
    for path in paths:
        try:
            rows = load_dataset("json", data_files=str(path), split="train")
        except (DatasetGenerationError, ValueError, StopIteration) as error:  # broken JSON, only blank lines, empty
            reason = str(error.__cause__ or error) or "the file is empty"
            raise InputError(f"{path}: no rows can be read ({reason}); expected one JSON object a line") from error
        examples += [_example(row, f"{path}, row {number}") for number, row in enumerate(rows, 1)]
    return examples


def _example(row: dict[str, Any], place: str) -> Example:
    description, domains = row.get("description"), row.get("domains")
    if not isinstance(description, str):
        raise InputError(f"{place}: `description` is {description!r}; expected a text")
    if domains:
        if not isinstance(domains, list) or not all(isinstance(domain, str) for domain in domains):
            raise InputError(f"{place}: `domains` is {domains!r}; expected a list of names")
        return Example(description, json.dumps(domains, ensure_ascii=False))
    if row.get("label") == "unsafe":
        return Example(description, REFUSAL_TEXT)
    raise InputError(f"{place}: neither `domains` nor label `unsafe`; there is no answer to learn")


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
