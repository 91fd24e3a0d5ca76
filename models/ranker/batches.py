"""Batches of one shape, so that a text's numbers do not depend on what else is read.

    for places, ids, mask in batches([[5, 6, 7], [5, 6]]):    # one batch: ids and mask of shape (BATCH, 8)
        ...

A matrix product sums in an order that its shape decides: rows of a batch of 5 and of one of 64 differ in the last digits.
Here every batch has BATCH rows, the last ones repeated to fill it, and a length that is a multiple of STEP.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 16
STEP = 8


def batches(tokens: Sequence[Sequence[int]], rows: int = BATCH) -> "Iterator[tuple[list[int], Tensor, Tensor]]":
    """Yield the places in `tokens` that a batch holds, its token ids and its mask, both (rows, length).

    Rows beyond the places repeat the first one. Texts of like length share a batch.
    """
    import torch

    by_length: dict[int, list[int]] = defaultdict(list)
    for place, text in enumerate(tokens):
        by_length[-(-max(len(text), 1) // STEP) * STEP].append(place)
    for length, places in sorted(by_length.items()):
        for start in range(0, len(places), rows):
            held = places[start : start + rows]
            ids, mask = (torch.zeros(rows, length, dtype=torch.long) for _ in range(2))
            for row in range(rows):
                text = tokens[held[row] if row < len(held) else held[0]]
                ids[row, : len(text)] = torch.tensor(text, dtype=torch.long)
                mask[row, : len(text)] = 1
            yield held, ids, mask
