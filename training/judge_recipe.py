"""A judge's recipe: everything its training depends on, one small YAML file of training/recipes-judge/."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from training.recipe import LoraShape, load_yaml

FOLDER = Path(__file__).with_name("recipes-judge")


class JudgeRecipe(BaseModel):
    """One training of a judge. `base` is a catalogue entry without an adapter; `output` is relative to the repository root.

    A step is `packs` rows of at most `row_tokens` tokens. `loss`: `pairwise`, logistic on the difference of two answers'
    expected digits, or `listwise`, a softmax of the better answer among all worse ones of its list.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    base: str
    output: str
    lora: LoraShape
    learning_rate: float = Field(gt=0)
    warmup_steps: int = Field(default=0, ge=0)
    steps: int = Field(ge=1)
    packs: int = Field(default=1, ge=1)
    row_tokens: int = Field(default=448, ge=64)
    loss: Literal["pairwise", "listwise"] = "pairwise"
    grade_weight: float = Field(default=0.5, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    eval_every: int = Field(ge=1)
    eval_families: int = Field(ge=1)
    save_every: int = Field(ge=1)
    seed: int = Field(default=0, ge=0)


def load_judge_recipe(name: str, overrides: tuple[str, ...] = ()) -> JudgeRecipe:
    """Read recipes-judge/`name`.yaml (or a path) with `key=value` overrides; InputError says what is wrong."""
    return load_yaml(JudgeRecipe, FOLDER, name, overrides)
