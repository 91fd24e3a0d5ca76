"""Attention over a prefix that a whole batch shares, computed once and attended to without copying it into every row.

All prompts of one kind begin with the same few hundred tokens. Their keys and values are held once, (kv_heads, prefix,
head_dim); only what differs between cases is stored per row. Scores against the prefix are one large matrix product for
the whole batch, scores against the suffix one small product a row, and both are joined in one softmax, so the result is
exactly ordinary attention over the concatenation.

Source of the decomposition: Juravsky et al., "Hydragen: High-Throughput LLM Inference with Shared Prefixes" (2024).

It plugs into any transformers model that looks its attention function up by name (Llama, Qwen2, Mistral do).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NAME = "domainbench_shared_prefix"


class SlotCache:
    """Keys and values of `slots` rows beyond the shared prefix, preallocated, in the shape transformers' `update` expects.

    Rows [0, active) are in use and stay contiguous: a finished row is overwritten by the last one, so every product
    works on a plain slice. Row r holds `lengths[r]` tokens; before a forward, `prepare` says which rows and columns it writes.
    """

    def __init__(self, prefix: list[tuple["Tensor", "Tensor"]], slots: int, capacity: int) -> None:
        import torch

        self.prefix = prefix
        keys = prefix[0][0]
        heads, _, width = keys.shape
        options: dict[str, Any] = {"dtype": keys.dtype, "device": keys.device}
        self.keys = [torch.empty(slots, heads, capacity, width, **options) for _ in prefix]
        # Zeros, not empty: a masked weight of 0 times uninitialised memory that happens to be NaN is NaN.
        self.values = [torch.zeros(slots, heads, capacity, width, **options) for _ in prefix]
        self.lengths = torch.zeros(slots, dtype=torch.long, device=keys.device)
        self.rows = slice(0, 0)
        self.columns = 0
        self.mask: Tensor | None = None
        self.decoding = False

    def prepare_prefill(self, rows: slice, lengths: "Tensor") -> None:
        """Announce a forward that fills `rows` from column 0 with right-padded prompts of the given lengths."""
        import torch

        width = int(lengths.max())
        self.lengths[rows] = lengths
        self.rows, self.columns, self.decoding = rows, width, False
        steps = torch.arange(width, device=lengths.device)
        # Padding sits to the right, so causality alone keeps real tokens from seeing it.
        self.mask = steps[None, :] > steps[:, None]

    def prepare_decode(self, active: int) -> None:
        """Announce a forward that appends one token to each of the rows [0, active)."""
        import torch

        lengths = self.lengths[:active]
        self.rows, self.columns, self.decoding = slice(0, active), int(lengths.max()) + 1, True
        steps = torch.arange(self.columns, device=lengths.device)
        self.mask = (steps[None, :] > lengths[:, None])[None, :, None, :]

    def update(self, keys: "Tensor", values: "Tensor", layer: int, *_: Any, **__: Any) -> tuple["Tensor", "Tensor"]:
        """Store new (rows, heads, tokens, width) keys and values; return all of the rows' suffix keys and values."""
        import torch

        stored_keys, stored_values = self.keys[layer][self.rows], self.values[layer][self.rows]
        if self.decoding:
            index = torch.arange(stored_keys.shape[0], device=keys.device)
            lengths = self.lengths[self.rows]
            stored_keys[index, :, lengths] = keys[:, :, 0]
            stored_values[index, :, lengths] = values[:, :, 0]
        else:
            stored_keys[:, :, : self.columns] = keys
            stored_values[:, :, : self.columns] = values
        return stored_keys[:, :, : self.columns], stored_values[:, :, : self.columns]

    def move(self, source: int, target: int) -> None:
        """Overwrite row `target` with row `source`."""
        used = int(self.lengths[source])
        for stored in (*self.keys, *self.values):
            stored[target, :, :used] = stored[source, :, :used]
        self.lengths[target] = self.lengths[source]


def attend(
    module: Any,
    query: "Tensor",
    key: "Tensor",
    value: "Tensor",
    attention_mask: Any,
    *,
    slot_cache: SlotCache | None,
    scaling: float,
    **_: Any,
) -> tuple["Tensor", None]:
    """Attention of `query` (rows, heads, tokens, width) over the shared prefix and each row's own suffix.

    Without a `slot_cache`, ordinary causal attention: that is how the prefix itself is computed.
    """
    import torch

    if slot_cache is None:
        plain = torch.nn.functional.scaled_dot_product_attention
        return plain(query, key, value, is_causal=True, scale=scaling, enable_gqa=True).transpose(1, 2).contiguous(), None
    prefix_keys, prefix_values = slot_cache.prefix[module.layer_idx]
    rows, heads, tokens, width = query.shape
    kv_heads, prefix = prefix_keys.shape[:2]
    group = heads // kv_heads
    # (kv_heads, rows, group * tokens, width): heads first, so that the prefix product is one matrix product a head.
    grouped = (query * scaling).reshape(rows, kv_heads, group * tokens, width).transpose(0, 1)
    flat = grouped.reshape(kv_heads, rows * group * tokens, width)
    prefix_scores = torch.bmm(flat, prefix_keys.transpose(1, 2)).view(kv_heads, rows, group * tokens, prefix)
    own_scores = torch.matmul(grouped, key.transpose(0, 1).transpose(2, 3))
    assert slot_cache.mask is not None
    shaped = own_scores.view(kv_heads, rows, group, tokens, -1)
    shaped.masked_fill_(slot_cache.mask.view(*_mask_shape(slot_cache.mask)), float("-inf"))
    weights = torch.softmax(torch.cat((prefix_scores, own_scores), dim=-1), dim=-1, dtype=torch.float32).to(query.dtype)
    shared = torch.bmm(weights[..., :prefix].reshape(kv_heads, rows * group * tokens, prefix), prefix_values)
    own = torch.matmul(weights[..., prefix:], value.transpose(0, 1))
    output = shared.view(kv_heads, rows, group * tokens, width) + own
    return output.transpose(0, 1).reshape(rows, heads, tokens, width).transpose(1, 2).contiguous(), None


def _mask_shape(mask: "Tensor") -> tuple[int, ...]:
    # Prefill: one (tokens, columns) triangle for all rows. Decode: (rows, columns), one query token a row.
    if mask.dim() == 2:
        return (1, 1, 1, *mask.shape)
    return (1, mask.shape[1], 1, 1, mask.shape[3])


def register() -> None:
    """Make the attention function known to transformers under NAME."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)
