"""How many parameters a recipe trains, known before any weights are: the architecture is built on the meta device.

count(load_recipe("familywall-qwen"))  -> Counts(trainable=3_686_400, total=3_089_625_088)
count(load_recipe("nameforge"))        -> Counts(trainable=6_815_744, total=7_254_839_296)

The architecture comes from the base's own config.json where its weights lie on this machine, else from
models/architectures/BASE.json, which holds the values that the model's publisher gives.
"""

from dataclasses import dataclass
from pathlib import Path

from models import embedded
from models.catalog import TransformersEntry, read_catalog, select_one
from models.errors import InputError
from models.files import ROOT
from training.adapter import with_adapter
from training.recipe import Recipe

ARCHITECTURES = ROOT / "models" / "architectures"


@dataclass(frozen=True, slots=True)
class Counts:
    """Parameters of the adapter, and of base and adapter together; quantization packs them, it does not change them."""

    trainable: int
    total: int

    def __str__(self) -> str:
        return f"{self.trainable:,} of {self.total:,} parameters ({self.trainable / self.total:.2%})"


def count(recipe: Recipe) -> Counts:
    """Count on the meta device, where tensors have shapes but no storage.

    InputError for a base without a known architecture, or for target modules that it does not have.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(_architecture(recipe))
    with torch.device("meta"):
        base = AutoModelForCausalLM.from_config(config)
        model = with_adapter(base, recipe.lora, recipe.seed, recipe.name)
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return Counts(sum(size for size, learns in sizes if learns), sum(size for size, _ in sizes))


def _architecture(recipe: Recipe) -> Path:
    """Return the base's config file; nothing is fetched for it."""
    entry = select_one(recipe.base, read_catalog())
    if not isinstance(entry, TransformersEntry) or entry.adapter is not None:
        raise InputError(f"recipe {recipe.name!r}: base {recipe.base!r} is not a transformers entry without an adapter")
    folder = embedded.weights_folder() if entry.weights == "embedded" else ROOT / entry.weights
    candidates = [folder / "config.json", ARCHITECTURES / f"{entry.name}.json"]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise InputError(
            f"recipe {recipe.name!r}: no architecture of base {entry.name!r}; looked for {' and '.join(map(str, candidates))}: "
            f"put the model's config.json at either place"
        )
    return found
