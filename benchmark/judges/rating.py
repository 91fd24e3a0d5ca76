"""Ratings by the local model: the expected digit, read from the distribution over 0-9 at the last token of a question.

    Rater(model, tokenizer).expected([("mobile dog groomer, Leeds", "pawlane.co.uk", "relevance")])    -> [7.4], of 0-9

Nothing is generated, so nothing can fail to parse. Source: the probability-weighted score of G-Eval (Liu et al., 2023).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from benchmark.judges.rubrics import preamble, question
from models import prompt_tree

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Question = tuple[str, str, str]  # description, domain, criterion
HIGHEST = 9


class Rater:
    """Reads ratings with one model, whose adapter the caller has switched on."""

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
        self.model, self.tokenizer = model, tokenizer
        self.prefix = self._tokens(preamble())
        self._known: dict[str, tuple[int, ...]] = {}

    @cached_property
    def digits(self) -> list[int]:
        """The tokens 0-9."""
        return [self._tokens(str(digit))[0] for digit in range(HIGHEST + 1)]

    def prompt(self, asked: Question) -> prompt_tree.Prompt:
        """Return a question's token segments after the prefix: business, name, criterion."""
        parts = question(*asked)
        for part in parts:
            if part not in self._known:
                self._known[part] = self._tokens(part)
        return [self._known[part] for part in parts]

    def read(self, tree: prompt_tree.Tree, past: Any = None) -> "Tensor":
        """Return the expected digits, (prompts,), of a tree of questions; differentiable where gradients are on."""
        import torch

        logits = prompt_tree.next_token_logits(self.model, tree, self.digits, past).float()
        return torch.softmax(logits, dim=-1) @ torch.arange(HIGHEST + 1.0, device=logits.device)

    def expected(self, asked: Sequence[Question]) -> list[float]:
        """Return one expected digit a question; equal questions are computed once."""
        import torch

        distinct = list(dict.fromkeys(asked))
        prompts = [self.prompt(one) for one in distinct]
        values: dict[Question, float] = {}
        with torch.inference_mode():
            past = prompt_tree.prefix_cache(self.model, self.prefix)
            for chosen, tree in prompt_tree.trees(prompts):
                found = self.read(tree, past).tolist()
                values.update(zip((distinct[index] for index in chosen), found, strict=True))
        return [values[one] for one in asked]

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])
