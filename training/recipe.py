"""A recipe: everything a LoRA training depends on, one small YAML file, checked before anything is loaded."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.catalog import Decoding
from models.errors import InputError
from models.files import ROOT, Row, validated

FOLDER = Path(__file__).with_name("recipes")


class LoraShape(BaseModel):
    """The adapter's shape, in PEFT's own terms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    r: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    target_modules: tuple[str, ...] = Field(min_length=1)


class Augmentation(BaseModel):
    """Rows that training.augment derives from the others: `share` of their number, of the named kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(gt=0.0, le=2.0)
    kinds: tuple[str, ...] = Field(min_length=1)
    seed: int = Field(default=0, ge=0)


class Recipe(BaseModel):
    """One training. `base` is a catalogue entry without an adapter; row files are relative to the repository root.

    `description` says what the version is, `fixes` which fault of its predecessor it is meant to mend, and `target` the
    headline number of benchmark.pages.summary that should show it. `eval_steps` and `save_steps` count optimizer steps; None is
    once an epoch. At each evaluation `generate_cases` validation rows are also answered, with `decoding`, which should be the
    one that the model will be used with, and scored; training stops after `patience` evaluations without a better one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    fixes: str = ""
    target: str | None = None
    base: str
    prompt: str
    train: tuple[str, ...] = Field(min_length=1)
    augment: Augmentation | None = None
    validation: tuple[str, ...] = ()
    output: str
    lora: LoraShape
    learning_rate: float = Field(gt=0)
    lr_scheduler: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    epochs: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    gradient_checkpointing: bool = False
    warmup_steps: int = Field(default=0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    max_length: int = Field(default=512, ge=16)
    save_steps: int | None = Field(default=None, ge=1)
    eval_steps: int | None = Field(default=None, ge=1)
    generate_cases: int = Field(default=0, ge=0)
    decoding: Decoding = Decoding(refusal_threshold=0.5)
    patience: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _evaluates_on_something(self) -> "Recipe":
        wanted = [name for name in ("eval_steps", "generate_cases", "patience") if getattr(self, name)]
        if wanted and not self.validation:
            raise ValueError(f"{', '.join(wanted)} given without `validation` rows to evaluate on; name some, or leave it out")
        return self

    def paths(self, names: tuple[str, ...]) -> list[Path]:
        """Resolve row files against the repository root."""
        return [ROOT / name for name in names]


def load_recipe(name: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read recipes/`name`.yaml (or a path), apply `key=value` overrides, check; InputError says what is wrong."""
    return load_yaml(Recipe, FOLDER, name, overrides)


def load_yaml(model: type[Row], folder: Path, name: str, overrides: tuple[str, ...]) -> Row:
    """Read `folder`/`name`.yaml, or the path `name`, as a `model` whose `name` is the file's unless it says another."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise InputError(f"no recipe {name!r}; there are: {known}; or give the path of a YAML file") from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: found a {type(values).__name__}; expected `key: value` lines")
    for override in overrides:
        _apply(values, override)
    return validated(model, {"name": path.stem, **values}, str(path))


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise InputError(f"--set {override!r}: expected KEY=VALUE, for example --set epochs=3 or --set lora.r=16")
    *parents, last = key.split(".")
    target: Any = values
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise InputError(f"--set {override!r}: {parent!r} is not a table")
    try:
        target[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"--set {override!r}: {text!r} is not a YAML value") from error
