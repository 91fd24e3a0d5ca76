"""What the engine asks of a batch before it runs: a shared prefix, groups of like lengths, tokens that may end an answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.contract import REFUSAL_TEXT

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FAMILIES = ("llama", "qwen2", "mistral")


def unfit(model: "PreTrainedModel") -> str | None:
    """Say why the fast path does not fit `model`, or None."""
    config = model.config
    if config.model_type not in FAMILIES:
        return f"model family {config.model_type!r} is not one of {', '.join(FAMILIES)}"
    window = getattr(config, "sliding_window", None)
    if window and getattr(config, "use_sliding_window", True):
        return f"sliding-window attention ({window} tokens)"
    return None


def common_prefix(prompts: Sequence[Sequence[int]]) -> list[int]:
    """Return the longest token prefix shared by all prompts that leaves each at least one token of its own."""
    shortest = min(prompts, key=len)
    length = len(shortest) - 1
    for prompt in prompts:
        while prompt[:length] != shortest[:length]:
            length -= 1
    return list(shortest[:length])


def length_groups(lengths: Sequence[int], room: int = 0) -> list[list[int]]:
    """Group positions by length, short ones first, so that no row holds room for more than about twice what it needs.

    Rows of at most `room` tokens are one group however they differ.
    """
    groups: list[list[int]] = []
    limit = -1
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if not groups or lengths[index] > limit:
            groups.append([])
            limit = max(room, 2 * lengths[index] + 32)
        groups[-1].append(index)
    return groups


def tokens_with(tokenizer: "PreTrainedTokenizerBase", character: str) -> frozenset[int]:
    """The tokens whose text holds `character`."""
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    return frozenset(token for token, text in enumerate(texts) if character in text)


def refusal_fork(tokenizer: "PreTrainedTokenizerBase") -> tuple[list[int], int]:
    """Split the refusal's tokens where they leave every other answer: what comes before, and the first token of its own."""
    tokens = list(tokenizer(REFUSAL_TEXT, add_special_tokens=False)["input_ids"])
    at = next(place for place, token in enumerate(tokens) if "_" in tokenizer.decode([token]))
    return tokens[:at], tokens[at]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out, on any device."""
    return isinstance(error, MemoryError) or "memory" in str(error).lower()
