"""The catalogue of models, read from `models/catalog.toml` and checked before anything is loaded."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from models.errors import CatalogError, WeightsError
from models.files import ROOT, explain
from models.hardware import default_dtype
from models.prompts import FOLDER, Prompt, load_prompt

CATALOG = Path(__file__).with_name("catalog.toml")
CATALOG_HELP = (
    "another file of models; its prompts are those of the folder prompts/ beside it, or without one of models/prompts/"
)
DEFAULT_MODELS = ("template", "smollm2", "smollm2-lora", "smollm2-lora+guard")

Role = Literal["reference", "candidate"]
# Ways of asking that any model can be given behind its name: smollm2-lora+guard
OPTIONS = ("guard", "grammar")


class Decoding(BaseModel):
    """How tokens are chosen. Greedy unless `temperature` is above 0; sampling is seeded per case.

    `refusal_threshold`: refuse where the model gives the refusal at least this probability, and never below it. Without it the
    likeliest token wins, and one refusal at 6% beats twenty first syllables at 4% each. Local models only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_new_tokens: int = Field(default=48, ge=1, le=4096)
    temperature: float = Field(default=0.0, ge=0.0, le=5.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    seed: int = Field(default=0, ge=0)
    stop: str = "]"
    refusal_threshold: float | None = Field(default=None, gt=0.0, lt=1.0)


class _Entry(BaseModel):
    """What every entry has. `sampling_seeds`: how many seeds answer each case of the quality suite, to average over.

    `guard` and `grammar` are options: `NAME+guard+grammar` asks the model NAME with both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    role: Role
    decoding: Decoding = Decoding()
    sampling_seeds: int = Field(default=1, ge=1, le=20)
    guard: bool = False
    grammar: bool = False

    @model_validator(mode="after")
    def _seeds_need_sampling(self) -> "_Entry":
        if self.sampling_seeds > 1 and self.decoding.temperature == 0:
            raise ValueError(
                f"sampling_seeds is {self.sampling_seeds}, but greedy decoding gives one answer; expected a temperature"
            )
        return self

    @model_validator(mode="after")
    def _a_grammar_needs_logits(self) -> "_Entry":
        if self.grammar and not isinstance(self, TransformersEntry):
            raise ValueError("a grammar needs a model of kind transformers, whose next token it chooses from")
        return self

    def with_option(self, option: str) -> Self:
        """Return this entry asked in another way, one of OPTIONS; its name tells so."""
        if option not in OPTIONS:
            raise CatalogError(f"model {self.name!r}: no option {option!r}; expected some of {', '.join(OPTIONS)}")
        changed = {**self.model_dump(), option: True, "name": f"{self.name}+{option}"}
        try:
            return self.model_validate(changed)
        except ValidationError as error:
            raise CatalogError(f"model {self.name!r} with option {option!r}: {explain(error)}") from error

    def unguarded(self) -> Self:
        """Return this entry without its guard."""
        return self.model_copy(update={"guard": False, "name": self.name.replace("+guard", "")})

    def seeded(self, number: int) -> Self:
        """Return this entry with its sampling seed `number` higher; 0 is the entry itself."""
        if number == 0:
            return self
        decoding = self.decoding.model_copy(update={"seed": self.decoding.seed + number})
        return self.model_copy(update={"decoding": decoding})


class _PromptedEntry(_Entry):
    """An entry that is asked through a prompt; `read_catalog` sets `prompts`, the folder that the prompt is in."""

    prompt: str
    prompts: Path = FOLDER

    def load_prompt(self) -> "Prompt":
        """Read the prompt; PromptError where it is missing or wrong."""
        return load_prompt(self.prompt, self.prompts)


class TemplateEntry(_Entry):
    """The rule-based generator: the floor that a trained model must beat."""

    kind: Literal["template"]


class TransformersEntry(_PromptedEntry):
    """A causal language model in a local folder, with or without a PEFT adapter.

    A fixed `dtype` makes the answers of two machines the same; `auto` is bfloat16 where the hardware multiplies it natively.
    """

    kind: Literal["transformers"]
    weights: str
    quantization: Literal["nf4", "none"]
    adapter: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    def compute_dtype(self, device: str) -> str:
        """Return the dtype to compute in on `device`: `dtype`, or what suits this machine where that is `auto`."""
        return default_dtype(device) if self.dtype == "auto" else self.dtype

    def weights_path(self) -> Path:
        """Return the folder of the base weights, fetching the embedded ones; WeightsError where they are absent."""
        if self.weights == "embedded":
            from models import embedded

            return embedded.ensure()
        folder = ROOT / self.weights
        if not (folder / "config.json").is_file():
            raise WeightsError(
                f"model {self.name!r}: no weights in {folder} (config.json not found). Put a Hugging Face model folder "
                f"there, or set `weights` of [{self.name}] in {CATALOG.name} to where it is."
            )
        return folder

    def adapter_path(self) -> Path | None:
        """Return the adapter's folder, or None for a base model; WeightsError where it is absent."""
        if self.adapter is None:
            return None
        folder = ROOT / self.adapter
        if not (folder / "adapter_config.json").is_file():
            raise WeightsError(
                f"model {self.name!r}: no adapter in {folder} (adapter_config.json not found). Train one with "
                f"`python -m training.lora RECIPE`, or set `adapter` of [{self.name}] in {CATALOG.name}."
            )
        return folder


class OpenAIEntry(_PromptedEntry):
    """A model behind an OpenAI-compatible chat completions endpoint."""

    kind: Literal["openai"]
    base_url: str = Field(pattern=r"^https?://")
    model: str
    api_key_env: str = "OPENAI_API_KEY"
    timeout: float = Field(default=60.0, gt=0)
    concurrency: int = Field(default=4, ge=1, le=256)


Strategy = Literal[
    "gold", "shuffled", "echo", "blocked", "keywords", "constant", "hyphenated", "invalid", "offensive", "prose", "twice"
]


class MetaEntry(_Entry):
    """Answers that test the metrics, not a model: see `benchmark.cases.meta`."""

    kind: Literal["meta"]
    role: Literal["reference"] = "reference"
    strategy: Strategy


Entry = Annotated[TemplateEntry | TransformersEntry | OpenAIEntry | MetaEntry, Field(discriminator="kind")]
_NOT_IN_THE_FILE = {
    "name": "the heading is the model's name",
    "prompts": "prompts are in the folder prompts/ beside the catalogue",
}
_ENTRY: TypeAdapter[TemplateEntry | TransformersEntry | OpenAIEntry | MetaEntry] = TypeAdapter(Entry)


def read_catalog(path: Path = CATALOG) -> dict[str, Entry]:
    """Read and check the whole catalogue; CatalogError names file, table and key.

    Prompts are those of the folder `prompts` beside the file, or where there is none those of models/prompts.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogError(f"{path}: {error}") from error
    return {name: _read_entry(path, name, table) for name, table in tables.items()}


def _read_entry(path: Path, name: str, table: object) -> Entry:
    if not isinstance(table, dict):
        raise CatalogError(f"{path}: {name!r} is a {type(table).__name__}; expected a table [{name}]")
    for key, remedy in _NOT_IN_THE_FILE.items():
        if key in table:
            raise CatalogError(f"{path}, table [{name}], key {key!r}: {remedy}; remove the key")
    try:
        entry = _ENTRY.validate_python({"name": name, **table})
    except ValidationError as error:
        raise CatalogError(f"{path}, table [{name}]: {explain(error, root='kind')}") from error
    if not isinstance(entry, _PromptedEntry):
        return entry
    beside = path.parent / "prompts"
    folder = beside if beside.is_dir() else FOLDER
    if not (folder / f"{entry.prompt}.yaml").is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise CatalogError(f"{path}, table [{name}], key 'prompt': no prompt {entry.prompt!r} in {folder}; there are: {known}")
    return entry.model_copy(update={"prompts": folder})


def select(names: str, catalog: dict[str, Entry]) -> list[Entry]:
    """Look up a comma-separated list of names, in the order given; CatalogError lists what exists."""
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    unknown = [name for name in wanted if not is_known(name, catalog)]
    if unknown or not wanted:
        raise CatalogError(f"--models {names!r}: unknown {unknown or 'empty list'}; the catalogue has {sorted(catalog)}")
    return [select_one(name, catalog) for name in wanted]


def is_known(name: str, catalog: dict[str, Entry]) -> bool:
    """Whether `name` is one of the catalogue, with options behind it or without."""
    plain, *options = name.split("+")
    return name in catalog or (plain in catalog and set(options) <= set(OPTIONS))


def select_one(name: str, catalog: dict[str, Entry]) -> Entry:
    """Look up a single name, with options behind it or without; CatalogError lists what exists."""
    if name in catalog:
        return catalog[name]
    plain, *options = name.split("+")
    if plain not in catalog:
        raise CatalogError(f"no model {name!r}; the catalogue has {sorted(catalog)}")
    entry = catalog[plain]
    for option in options:
        entry = entry.with_option(option)
    return entry


def select_local(name: str, catalog: dict[str, Entry]) -> TransformersEntry:
    """Look up a single model whose weights can be read here; CatalogError where it is of another kind."""
    entry = select_one(name, catalog)
    if not isinstance(entry, TransformersEntry):
        raise CatalogError(f"model {name!r} is of kind {entry.kind!r}; expected transformers: its weights are needed here")
    return entry
