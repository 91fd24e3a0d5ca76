"""Many prompts in one sequence: what they share is computed once, and each sees exactly what it would see alone.

Prompts are paths of token segments, such as (business, name, criterion). Together they form a tree; its tokens are laid out in
one row, each at the position it has in its own prompt, and a mask lets a token see its own path only:

    business A | name 1 | relevance | creativity | name 2 | relevance | business B | name 3 | relevance
    position 0   28       34          34           28       33          0            25       31

Three criteria of three names of one business cost 28 + 3 * (6 + 3) tokens instead of 9 * 35. It is exact: rotary positions and
causal attention depend on nothing but a token's path. Only the last token of each prompt is read, and of the vocabulary only
the tokens asked for. Source of the idea: tree attention, Miao et al., "SpecInfer" (2023), there to verify drafts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

Prompt = Sequence[Sequence[int]]
# Attention grows with the square of a row's length; beyond this it costs more than a second row.
ROW_TOKENS = 448


@dataclass(slots=True)
class Tree:
    """A tree of prompts in one row: token ids, their positions, the token before each in its path (-1: none).

    `ends[i]` is the place of the last token of the i-th prompt that was added.
    """

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    _nodes: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def missing(self, prompt: Prompt) -> int:
        """Count the tokens that adding `prompt` would add."""
        path = tuple(map(tuple, prompt))
        return sum(len(segment) for depth, segment in enumerate(path, 1) if path[:depth] not in self._nodes)

    def add(self, prompt: Prompt) -> None:
        """Add one prompt of at least one token; segments that another prompt has in the same place are shared."""
        path = tuple(map(tuple, prompt))
        last = -1
        for depth, segment in enumerate(path, 1):
            if path[:depth] not in self._nodes:
                for token in segment:
                    self.parents.append(last)
                    self.positions.append(0 if last < 0 else self.positions[last] + 1)
                    self.tokens.append(token)
                    last = len(self.tokens) - 1
                self._nodes[path[:depth]] = last
            last = self._nodes[path[:depth]]
        self.ends.append(last)

    def mask(self) -> "Tensor":
        """Return (tokens, tokens) booleans: whether the token of the row sees the token of the column."""
        import torch

        sees = torch.eye(len(self.tokens), dtype=torch.bool)
        for place, parent in enumerate(self.parents):
            if parent >= 0:
                sees[place] |= sees[parent]
        return sees


def trees(prompts: Sequence[Prompt], row_tokens: int = ROW_TOKENS) -> Iterator[tuple[list[int], Tree]]:
    """Yield (positions in `prompts`, their Tree) with at most `row_tokens` tokens each; a longer prompt is a tree of its own.

    Prompts are taken in the order of their first segment's first appearance, so that sharers meet.
    """
    first: dict[tuple[int, ...], int] = {}
    for prompt in prompts:
        first.setdefault(tuple(prompt[0]), len(first))
    chosen, tree = list[int](), Tree()
    for index in sorted(range(len(prompts)), key=lambda i: first[tuple(prompts[i][0])]):
        if chosen and len(tree.tokens) + tree.missing(prompts[index]) > row_tokens:
            yield chosen, tree
            chosen, tree = [], Tree()
        tree.add(prompts[index])
        chosen.append(index)
    if chosen:
        yield chosen, tree


def next_token_logits(model: "PreTrainedModel", tree: Tree, answers: Sequence[int], past: Any = None) -> "Tensor":
    """Return (prompts, answers) logits of the tokens `answers` after each prompt of `tree`.

    `past` is a transformers cache that holds a prefix of all prompts; it is left as it was. Gradients flow where enabled.
    """
    import torch

    skip = past.get_seq_length() if past is not None else 0
    device = model.device
    sees = torch.cat((torch.ones(len(tree.tokens), skip, dtype=torch.bool), tree.mask()), dim=1)
    # As numbers to add, not as booleans: every attention implementation of transformers takes those.
    mask = torch.zeros(sees.shape, dtype=model.dtype).masked_fill_(~sees, torch.finfo(model.dtype).min)
    hidden = model.model(
        input_ids=torch.tensor([tree.tokens], device=device),
        position_ids=torch.tensor([tree.positions], device=device) + skip,
        attention_mask=mask[None, None].to(device),
        past_key_values=past,
        use_cache=past is not None,
    ).last_hidden_state[0, tree.ends]
    if past is not None:
        past.crop(skip)
    return torch.nn.functional.linear(hidden, model.lm_head.weight[list(answers)])


def prefix_cache(model: "PreTrainedModel", tokens: Sequence[int]) -> Any:
    """Compute the keys and values of a prefix once, as the `past` of `next_token_logits`."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache()
    with torch.inference_mode():
        model.model(input_ids=torch.tensor([list(tokens)], device=model.device), past_key_values=cache, use_cache=True)
    return cache
