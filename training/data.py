"""Rows to token features: the model's own chat template, loss on the answer only.

One row of datasets/gold/train.jsonl becomes

    prompt  <|im_start|>system ... <|im_start|>user\\nmobile dog groomer, Leeds<|im_end|>\\n<|im_start|>assistant\\n (ignored)
    answer  ["pawlane.co.uk", "tubhound.com", "furloft.com"]<|im_end|>                                     (learned)

an unsafe row of datasets/safety/train.jsonl the answer ["__BLOCKED__"]<|im_end|>, and a row of datasets/instruct its `output`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.contract import REFUSAL_TEXT
from models.errors import InputError
from models.input_check import check
from models.prompts import Prompt
from models.types import Rejected

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Example:
    """One description, normalised as a model is asked it, with the answer to learn."""

    description: str
    answer: str


@dataclass(frozen=True, slots=True)
class Feature:
    """One example's token ids: `question` is given, `answer` (its end token included) is learned."""

    question: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """How many tokens the example has."""
        return len(self.question) + len(self.answer)


def read_rows(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Read row files through Hugging Face `datasets`; InputError for a file that cannot be read."""
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise InputError(f"no such row file: {', '.join(missing)}")
    found: list[dict[str, Any]] = []
    for path in paths:
        try:
            rows = load_dataset("json", data_files=str(path), split="train")
        except (DatasetGenerationError, ValueError, StopIteration) as error:  # broken JSON, only blank lines, empty
            reason = str(error.__cause__ or error) or "the file is empty"
            raise InputError(f"{path}: no rows can be read ({reason}); expected one JSON object a line") from error
        # `datasets` fills absent fields with None: they are left out again.
        found += [
            {"place": f"{path}, row {number}", **{key: value for key, value in row.items() if value is not None}}
            for number, row in enumerate(rows, 1)
        ]
    return found


def to_example(row: Mapping[str, Any]) -> Example:
    """Read one row; InputError where it has no description or no answer to learn."""
    place = row.get("place", "row")
    description = row.get("description", row.get("instruction"))
    if not isinstance(description, str):
        raise InputError(f"{place}: `description` is {description!r}; expected a text")
    checked = check(description)
    if isinstance(checked, Rejected):
        raise InputError(f"{place}: {checked.reason}; no model is ever asked this, so it cannot be learned")
    domains, output = row.get("domains"), row.get("output")
    if domains:
        if not isinstance(domains, list) or not all(isinstance(domain, str) for domain in domains):
            raise InputError(f"{place}: `domains` is {domains!r}; expected a list of names")
        return Example(checked, json.dumps(domains, ensure_ascii=False))
    if isinstance(output, str):
        return Example(checked, output)
    if row.get("label") == "unsafe":
        return Example(checked, REFUSAL_TEXT)
    raise InputError(f"{place}: none of `domains`, `output` and label `unsafe`; there is no answer to learn")


def tokenize(
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", prompt: Prompt, max_length: int
) -> tuple[list[Feature], list[str]]:
    """Return (features, descriptions that do not fit): a row longer than `max_length` tokens is left out, never cut."""
    features, too_long = [], []
    end = tokenizer.eos_token or ""
    for example in examples:
        question = prompt.token_ids(tokenizer, example.description)
        answer = tokenizer(example.answer + end, add_special_tokens=False)["input_ids"]
        feature = Feature(tuple(question), tuple(answer))
        if feature.tokens > max_length:
            too_long.append(example.description)
        else:
            features.append(feature)
    return features, too_long
