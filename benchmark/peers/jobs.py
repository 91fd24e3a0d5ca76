"""What is measured: one `Job` is one fresh process in which one system answers a list of prompts with one model's weights.

Job(system="ours", folder=".../peers-tuned-3f2a91bc77de", prompts=(Prompt("<|im_start|>system...", (1, 9690, ...)),),
    dtype="float32", device="cpu", threads=2, batch=64, max_new_tokens=48, stop="]")
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.cases import DATASETS, limited, load_cases, read_rows
from models.batching import common_prefix
from models.catalog import Decoding, TransformersEntry, read_catalog, select_local
from models.export import export_merged
from models.input_check import check
from models.prompts import load_prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SYSTEMS = {
    "generate": "one case at a time (`model.generate`)",
    "lm_eval": "lm-evaluation-harness",
    "continuous": "transformers continuous batching",
    "ours": "DomainBench",
}
# Catalogue entries whose weights, adapter and prompt are measured.
MODELS = {"base": "smollm2", "tuned": "smollm2-lora"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt rendered through the chat template, and its token ids."""

    text: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """One process of one system. `batch` is the most cases at once; 0 leaves it to the system."""

    system: str
    folder: str
    prompts: tuple[Prompt, ...]
    dtype: str
    device: str
    threads: int
    batch: int
    max_new_tokens: int = Decoding().max_new_tokens
    stop: str = Decoding().stop


@dataclass(frozen=True, slots=True)
class Setting:
    """How much is measured. `subset` cases are timed of the slow systems; growing sizes stand smallest first."""

    cases: int = 64
    subset: int = 16
    rounds: int = 3
    batches: tuple[tuple[str, tuple[int, ...]], ...] = (("lm_eval", (16, 32, 64)), ("continuous", (8, 16)))
    growth_cases: tuple[int, ...] = (100, 1000, 5000)
    growth_prefixes: tuple[int, ...] = (50, 200, 800)
    budget_minutes: float = 40.0


@dataclass(frozen=True, slots=True)
class Material:
    """What the jobs of one model are made of: an ordinary model folder and prompts; `subset` holds positions among them."""

    folder: str
    prompt: str
    prompts: tuple[Prompt, ...]
    subset: tuple[int, ...]

    def few(self) -> tuple[Prompt, ...]:
        """The prompts of the subset."""
        return tuple(self.prompts[position] for position in self.subset)


@dataclass(frozen=True, slots=True)
class Growth:
    """Prompts of the tuned model: `many` for growing numbers of cases, `prefixes` with about so many tokens in common."""

    many: tuple[Prompt, ...]
    prefixes: tuple[tuple[Prompt, ...], ...]


def prepare(setting: Setting) -> tuple[dict[str, Material], Growth]:
    """Make the model folders and prompts of every model, in a process of its own.

    A child's peak memory counts what its parent held when it was started, so the measuring process stays small.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        return child.submit(_prepare, setting).result()


def _prepare(setting: Setting) -> tuple[dict[str, Material], Growth]:
    materials = {model: material(select_local(name, read_catalog()), setting) for model, name in MODELS.items()}
    return materials, growth(materials["tuned"], setting)


def material(entry: TransformersEntry, setting: Setting) -> Material:
    """Make one model's folder and prompts."""
    folder = export_merged(entry)
    cases = limited([*load_cases("quality", "validation"), *load_cases("quality")], setting.cases)
    kept = {case.id for case in limited(cases, setting.subset)}
    prompts = rendered(folder, entry.prompt, [str(check(case.description)) for case in cases])
    return Material(str(folder), entry.prompt, prompts, tuple(i for i, case in enumerate(cases) if case.id in kept))


def growth(tuned: Material, setting: Setting) -> Growth:
    """Render the prompts of growing runs."""
    texts = descriptions(max(setting.growth_cases))
    few = texts[: setting.growth_cases[0]]
    prefixes = tuple(rendered(Path(tuned.folder), tuned.prompt, few, length) for length in setting.growth_prefixes)
    return Growth(rendered(Path(tuned.folder), tuned.prompt, texts), prefixes)


def descriptions(count: int) -> list[str]:
    """Return `count` descriptions: gold validation and test, synthetic test and train, then from the start again."""
    paths = [DATASETS / name for name in ("gold/validation", "gold/test", "synthetic/test", "synthetic/train")]
    rows = [str(row["description"]) for path in paths for row in read_rows(path.with_suffix(".jsonl"))]
    checked = [text for row in dict.fromkeys(rows) if isinstance(text := check(row), str)]
    return list(islice(cycle(checked), count))


def rendered(folder: Path, name: str, texts: Sequence[str], prefix: int = 0) -> tuple[Prompt, ...]:
    """Render prompt `name` for each text, with gold training rows as examples for about `prefix` tokens in common."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    examples = examples_for(tokenizer, name, prefix) if prefix else []
    return tuple(one_prompt(tokenizer, name, text, examples) for text in texts)


def examples_for(tokenizer: "PreTrainedTokenizerBase", name: str, prefix: int) -> list[dict[str, Any]]:
    """Take rows in order while they fit into `prefix` tokens, and the one row that then comes nearest to it."""

    def shared(*rows: dict[str, Any]) -> int:
        return len(common_prefix([one_prompt(tokenizer, name, text, rows).ids for text in ("a", "b")]))

    plain = shared()
    # Enough of them to choose from; rendering all would take longer than a measurement.
    rows = [(row, shared(row) - plain) for row in read_rows(DATASETS / "gold" / "train.jsonl")[:150]]
    chosen, room = [], prefix - plain
    for row, length in rows:
        if length <= room:
            chosen.append(row)
            room -= length
    last, length = min(rows, key=lambda pair: abs(room - pair[1]))
    return [*chosen, last] if abs(room - length) < room else chosen


def one_prompt(tokenizer: "PreTrainedTokenizerBase", name: str, text: str, examples: Sequence[dict[str, Any]] = ()) -> Prompt:
    """Render one description, after `examples` as earlier turns of the same conversation."""
    prompt = load_prompt(name)
    *before, _ = prompt.render(text)
    for row in examples:
        before += [prompt.render(row["description"])[-1], {"role": "assistant", "content": json.dumps(row["domains"])}]
    messages = [*before, prompt.render(text)[-1]]
    whole = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    return Prompt(whole, tuple(tokenizer(whole, add_special_tokens=False)["input_ids"]))
