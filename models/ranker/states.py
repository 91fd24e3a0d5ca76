"""What the embedded base knows of a list of names: its hidden states over the names, read after their description.

    lower_layers().states([Listed("mobile dog groomer, Leeds", "en", ("pawlane.co.uk", "tubhound.com"))])   -> shape (1, WIDTH)

Sentence embeddings tell whether words belong to a trade; a language model has read what people do with them. Middle layers
hold the meaning, upper ones the next token (Tenney et al., "BERT rediscovers the classical NLP pipeline", ACL 2019): the
first ones alone run, and their weights are never changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from models.catalog import TransformersEntry, read_catalog, select_one
from models.ranker.batches import batches
from models.ranker.segment import k_best, label_and_suffix
from models.types import Listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BASE = "smollm2"
LAYERS = (4, 8, 12)
HIDDEN = 576
WIDTH = len(LAYERS) * HIDDEN
LONGEST = 400  # characters of a description


def asked(answer: Listed) -> str:
    """What stands before the names."""
    return f"{answer.description[:LONGEST]}\n=>"


def named(answer: Listed) -> str:
    """The names as words, which a tokenizer would cut elsewhere."""
    return f" {', '.join(map(_spaced, answer.domains))}\n"


def _spaced(domain: str) -> str:
    label, suffix = label_and_suffix(domain)
    splits = k_best(label, 1)
    return f"{' '.join(splits[0].words) if splits else label} .{suffix}"


@dataclass(frozen=True)
class LowerLayers:
    """The base up to the last of LAYERS, and its tokenizer."""

    model: Any
    tokenizer: Any

    def states(self, answers: Sequence[Listed]) -> "NDArray[np.float32]":
        """The mean hidden state over the tokens of the names, one layer beside the other: (answers, WIDTH)."""
        import numpy as np
        import torch

        asked_for = [self._tokens(asked(answer)) for answer in answers]
        names = [self._tokens(named(answer)) for answer in answers]
        found = np.zeros((len(answers), WIDTH), dtype=np.float32)
        for places, ids, mask in batches([before + after for before, after in zip(asked_for, names, strict=True)]):
            with torch.inference_mode():
                layers = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
            for row, place in enumerate(places):
                start, end = len(asked_for[place]), len(asked_for[place]) + len(names[place])
                found[place] = torch.cat([layers[layer][row, start:end].mean(0) for layer in LAYERS]).numpy()
        return found

    def _tokens(self, text: str) -> list[int]:
        # A lone surrogate, half an emoji, has no UTF-8, and the tokenizer stops at it.
        return list(self.tokenizer(text.encode(errors="replace").decode(), add_special_tokens=False)["input_ids"])


@cache
def lower_layers() -> LowerLayers:
    """The embedded base's lower layers, in float32 on the CPU, loaded once."""
    from models.loading import load_base

    entry = select_one(BASE, read_catalog())
    assert isinstance(entry, TransformersEntry)
    loaded = load_base(entry, device="cpu", dtype="float32")
    model: Any = loaded.model.get_submodule("model")
    model.layers = model.layers[: LAYERS[-1] + 1]  # one more: the last hidden state is normalised, those before are not
    return LowerLayers(model, loaded.tokenizer)
