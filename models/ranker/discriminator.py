"""Does this list look like one that somebody wrote for this very business? It is told from the lists that models write.

    discriminator().logits([Listed("mobile dog groomer, Leeds", "en", ("pawlane.co.uk", "tubhound.com"))])   -> array([1.7])

The lower LAYERS layers of the embedded base with a LoRA adapter and one linear head on the last token, trained to pick the
gold list of a business among models' lists and spoilt ones (training/discriminator.py). Embeddings tell whether words belong
to a trade; a language model knows more of what people mean by them. It saw no readings: what it says is one more number for
the rulers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.catalog import TransformersEntry, read_catalog, select_one
from models.ranker.features import Listed
from models.ranker.segment import k_best, label_and_suffix

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "discriminator"
BASE = "smollm2"
# Half of the base: the upper layers choose the next token, cost as much, and told gold from models' lists no better.
LAYERS = 16
LONGEST = 400  # characters of a description
BATCH = 32


def text_of(answer: Listed) -> str:
    """What the discriminator reads: the description, and the names as words, which a tokenizer would cut elsewhere."""
    return f"{answer.description[:LONGEST]}\n=> {', '.join(map(_spaced, answer.domains))}\n"


def _spaced(domain: str) -> str:
    label, suffix = label_and_suffix(domain)
    splits = k_best(label, 1)
    return f"{' '.join(splits[0].words) if splits else label} .{suffix}"


@dataclass
class Discriminator:
    """A model of LAYERS layers with its adapter, the tokenizer, and the head (hidden size -> 1)."""

    model: Any
    tokenizer: Any
    head: Any

    @classmethod
    def untrained(cls, lora: Any, seed: int) -> "Discriminator":
        """The base with a new adapter of the configuration `lora` and a new head."""
        import torch
        from peft import get_peft_model

        torch.manual_seed(seed)
        model, tokenizer = _lower_layers()
        return cls(get_peft_model(model, lora), tokenizer, torch.nn.Linear(model.config.hidden_size, 1))

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Discriminator":
        """Read the trained adapter and head."""
        import torch
        from peft import PeftModel
        from safetensors.torch import load_file

        model, tokenizer = _lower_layers()
        head = torch.nn.Linear(model.config.hidden_size, 1)
        head.load_state_dict(load_file(folder / "head.safetensors"))
        merged = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
        return cls(merged.eval(), tokenizer, head)

    def scores(self, texts: Sequence[str]) -> "torch.Tensor":
        """The head's value of each text, (n,), with gradients where they are asked for."""
        import torch

        batch = self.tokenizer(list(texts), padding=True, padding_side="right", return_tensors="pt")
        last = batch["attention_mask"].sum(1) - 1
        hidden = self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        values: torch.Tensor = self.head(hidden[torch.arange(len(texts)), last].float())[:, 0]
        return values

    def logits(self, answers: Sequence[Listed]) -> "NDArray[np.float64]":
        """How gold-like each answer is, (n,); above zero is rather gold. Answers of like length share a batch."""
        import numpy as np
        import torch

        texts = [text_of(answer) for answer in answers]
        order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), texts[place]))
        found = np.zeros(len(texts))
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                places = order[start : start + BATCH]
                found[places] = self.scores([texts[place] for place in places]).numpy()
        return found


def _lower_layers() -> tuple[Any, Any]:
    """The base's lower layers, without its head, and its tokenizer."""
    from models.loading import load_base

    entry = select_one(BASE, read_catalog())
    assert isinstance(entry, TransformersEntry)
    loaded = load_base(entry, dtype="float32")
    model = loaded.model.model
    model.layers = model.layers[:LAYERS]
    model.config.num_hidden_layers = LAYERS
    loaded.tokenizer.pad_token = loaded.tokenizer.eos_token
    return model, loaded.tokenizer


@cache
def discriminator() -> Discriminator:
    """The committed discriminator, loaded once."""
    return Discriminator.load()
