"""A batch as one sequence without padding, its shared prompt prefix computed once.

Three rows that begin with the same system prompt P become

    tokens     P P P | a a a a a | b b b | c c c c
    positions  0 1 2 | 3 4 5 6 7 | 3 4 5 | 3 4 5 6

and a mask lets every token see P and, before itself, its own row. Keys and values of P are the same in every row of a padded
batch, so losses and gradients are exactly those of the padded batch, at a fraction of the tokens. Logits are computed only
where the next token is learned.

Source of the idea: Krell et al., "Efficient Sequence Packing without Cross-contamination" (2021), with the prefix shared as
in Juravsky et al., "Hydragen" (2024).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.batching import common_prefix
from training.data import Feature

if TYPE_CHECKING:
    from torch import Tensor


def pack(rows: Sequence[Feature]) -> dict[str, "Tensor"]:
    """Return the model's arguments for `rows` as one batch of one sequence of T tokens, and what it has to say.

    input_ids and position_ids: (1, T). attention_mask: (1, 1, T, T), true where a token may look. logits_to_keep: (L,), the
    places whose next token is learned. labels: (1, L), those tokens.
    """
    import torch

    prefix = common_prefix([row.question for row in rows])
    tokens, positions, segments = list(prefix), list(range(len(prefix))), [0] * len(prefix)
    keep: list[int] = []
    labels: list[int] = []
    for number, row in enumerate(rows, 1):
        own = (*row.question[len(prefix) :], *row.answer)
        first = len(tokens) + len(own) - len(row.answer) - 1
        keep += range(first, first + len(row.answer))
        labels += row.answer
        tokens += own
        positions += range(len(prefix), len(prefix) + len(own))
        segments += [number] * len(own)
    return {
        "input_ids": torch.tensor([tokens]),
        "position_ids": torch.tensor([positions]),
        "attention_mask": segment_mask(torch.tensor(segments)),
        "logits_to_keep": torch.tensor(keep),
        "labels": torch.tensor([labels]),
    }


def segment_mask(segments: "Tensor") -> "Tensor":
    """Who sees whom, (1, 1, T, T): every token its own segment up to itself, and segment 0, the prefix, before all of them."""
    import torch

    same = segments[:, None] == segments[None, :]
    order = torch.arange(len(segments))
    return ((same | (segments == 0)[None, :]) & (order[None, :] <= order[:, None]))[None, None]


def answer_loss(outputs: Any, labels: "Tensor", num_items_in_batch: "Tensor | int | None" = None) -> "Tensor":
    """Mean cross-entropy of a packed batch's learned tokens, in nats; of a step's several batches over `num_items_in_batch`."""
    import torch

    total = torch.nn.functional.cross_entropy(outputs.logits[0].float(), labels[0], reduction="sum")
    return total / (labels.numel() if num_items_in_batch is None else num_items_in_batch)
