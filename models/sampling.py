"""Drawing tokens at a temperature from a nucleus, each row by a generator of its own.

Method: A. Holtzman et al., "The Curious Case of Neural Text Degeneration" (ICLR 2020): the likeliest tokens that together
hold `top_p` of the mass, after the temperature. Only CANDIDATES tokens are put in order, not the whole vocabulary; a row
whose nucleus is wider has all of them ordered, so the draw is exact.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor

# Part of a sampled completion's identity: raise it when a change here can change a draw.
SAMPLER_VERSION = "2"
CANDIDATES = 512


def generator_of(seed: int, case: str) -> "Generator":
    """Return the random generator of one case, which depends on nothing but `seed` and the case's name."""
    import torch

    digest = hashlib.sha256(f"{seed}:{case}".encode()).digest()
    return torch.Generator(device="cpu").manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def draw(logprobs: "Tensor", temperature: float, top_p: float, generators: Sequence["Generator"]) -> "Tensor":
    """Draw one token id a row of `logprobs` (rows, vocabulary; natural logarithms, unlikely ones may be -inf)."""
    import torch

    scaled = logprobs / temperature
    scaled -= scaled.logsumexp(dim=-1, keepdim=True)
    chance = torch.stack([torch.rand((), generator=generator) for generator in generators]).to(logprobs.device)
    values, order = scaled.topk(min(CANDIDATES, scaled.shape[-1]), dim=-1)
    chosen = _pick(values, order, top_p, chance)
    wide = values.exp().sum(dim=-1) < top_p
    if wide.any():
        values, order = scaled[wide].sort(dim=-1, descending=True)
        chosen[wide] = _pick(values, order, top_p, chance[wide])
    return chosen


def _pick(logprobs: "Tensor", order: "Tensor", top_p: float, chance: "Tensor") -> "Tensor":
    """Invert the nucleus' cumulative distribution at `chance` (rows, in [0, 1)); `logprobs` fall along a row."""
    cumulative = logprobs.exp().cumsum(dim=-1)
    # A token is in the nucleus while those before it hold less than top_p; the likeliest always is.
    size = (cumulative < top_p).sum(dim=-1, keepdim=True).clamp(max=cumulative.shape[-1] - 1)
    mass = cumulative.gather(1, size)
    place = (cumulative <= chance[:, None] * mass).sum(dim=-1, keepdim=True)
    return order.gather(1, place.minimum(size))[:, 0]
