"""Fine-tune a causal language model with LoRA: python -m training.lora RECIPE [--set key=value ...] [--output DIR]

The base is loaded as the catalogue says (NF4 for the embedded model), only the adapter's matrices learn, and only the
answer's tokens count in the loss. The result is a folder: the adapter in bf16 and `manifest.json` with everything needed
to repeat it; losses go to results/training/RECIPE.jsonl and, drawn, RECIPE.svg. An interrupted run goes on from its last
checkpoint when the same command is given again. Two processes, on two GPUs or, where there is none, on the CPU:
accelerate launch --multi_gpu --num_processes 2 -m training.lora RECIPE
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.run.machine import peak_memory_mib
from models.catalog import TransformersEntry, read_catalog, select_one
from models.cli import command
from models.errors import InputError, TrainingError
from models.files import ROOT
from models.hardware import cpu_model
from models.identity import files_sha256, identity
from models.loading import load_base
from models.prompts import Prompt, load_prompt
from training.adapter import base_name, check_replaceable, save_adapter, versions, with_adapter
from training.augment import augment
from training.curves import draw
from training.data import Example, Feature, read_rows, to_example, tokenize
from training.loop import GeneratedQuality, last_checkpoint, make_trainer, steps_of
from training.parameters import count
from training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from transformers import Trainer

LOGS = ROOT / "results" / "training"
WORK = ROOT / "results" / ".cache" / "training"  # checkpoints of runs that are not finished


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe with everything it names found and checked, before any weights are read."""

    recipe: Recipe
    entry: TransformersEntry
    prompt: Prompt
    rows: tuple[Example, ...]
    validation: tuple[Example, ...]
    data_sha256: dict[str, str]

    @property
    def sha256(self) -> str:
        """Fingerprint an interrupted run must match to be resumed."""
        base = {key: value for key, value in identity(self.entry).items() if key not in ("decoding", "engine", "sampler")}
        facts = [self.recipe.model_dump(mode="json"), self.data_sha256, self.prompt.sha256, base, versions()]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def plan(recipe: Recipe) -> Plan:
    """Find and check what `recipe` names; InputError, PromptError or CatalogError say what is wrong."""
    entry = select_one(recipe.base, read_catalog())
    if not isinstance(entry, TransformersEntry) or entry.adapter is not None:
        raise InputError(f"recipe {recipe.name!r}: base {recipe.base!r} is not a transformers entry without an adapter")
    rows = read_rows(recipe.paths(recipe.train))
    if recipe.augment is not None:
        rows += augment(rows, recipe.augment.kinds, recipe.augment.share, recipe.augment.seed)
    validation = read_rows(recipe.paths(recipe.validation))
    files = {name: files_sha256((ROOT / name).parent, [(ROOT / name).name]) for name in (*recipe.train, *recipe.validation)}
    examples, kept = (tuple(to_example(row) for row in found) for found in (rows, validation))
    return Plan(recipe, entry, load_prompt(recipe.prompt), examples, kept, files)


def train(recipe: Recipe, output: Path, logs: Path = LOGS, work: Path = WORK) -> dict[str, Any]:
    """Train `recipe`, write the adapter folder `output` (replaced as a whole when done) and return its manifest.

    Raises TrainingError where the loss is no number or a checkpoint cannot be written; the last good one is kept.
    """
    check_replaceable(output)
    planned = plan(recipe)
    base = load_base(planned.entry)
    features, too_long = tokenize(planned.rows, base.tokenizer, planned.prompt, recipe.max_length)
    for description in too_long:
        print(f"left out, longer than {recipe.max_length} tokens: {description[:80]}", file=sys.stderr)
    if not features:
        raise InputError(f"recipe {recipe.name!r}: no row of {', '.join(recipe.train)} fits {recipe.max_length} tokens")
    validation, _ = tokenize(planned.validation, base.tokenizer, planned.prompt, recipe.max_length)
    model = with_adapter(base.model, recipe.lora, recipe.seed, recipe.name)
    quality = GeneratedQuality(base.tokenizer, planned.prompt, recipe.generate_cases, recipe.decoding)
    checkpoints = work / f"{recipe.name}-{planned.sha256[:12]}"
    log = logs / f"{recipe.name}.jsonl"
    trainer = make_trainer(model, recipe, checkpoints, log, features, validation, quality)
    seconds, epochs = _run(trainer, checkpoints)
    manifest = {
        **_facts(planned, trainer, features, seconds, epochs),
        "rows_left_out": len(too_long),
        "trainable_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "total_parameters": sum(p.numel() for p in model.parameters()),
    }
    trainer.accelerator.wait_for_everyone()  # another process may still be reading the best checkpoint
    if trainer.is_world_process_zero():
        save_adapter(model, manifest, base_name(planned.entry), output)
        draw(trainer.state.log_history, recipe.name, log.with_suffix(".svg"))
        shutil.rmtree(checkpoints, ignore_errors=True)
    return manifest


def _run(trainer: "Trainer", checkpoints: Path) -> tuple[float, float]:
    """Train, going on from the last whole checkpoint if there is one; return this process's seconds and epochs."""
    checkpoint, before = last_checkpoint(checkpoints), 0.0
    if checkpoint is not None:
        print(f"going on from {checkpoint.name} (delete {checkpoints} to start afresh)", file=sys.stderr)
        before = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))["epoch"]
    started = time.perf_counter()
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except TrainingError as error:
        kept = last_checkpoint(checkpoints)
        raise TrainingError(f"step {trainer.state.global_step + 1}: {error}; kept: {kept or 'no checkpoint yet'}") from error
    except Exception as error:
        # A full disk is an OSError to Python, but other errors to safetensors and torch: a checkpoint cut short tells.
        if not isinstance(error, OSError) and None not in map(steps_of, checkpoints.glob("checkpoint-*")):
            raise
        kept = last_checkpoint(checkpoints)
        raise TrainingError(
            f"step {trainer.state.global_step}: nothing could be written below {checkpoints} ({error}); make room and give "
            f"the same command again, which goes on from {kept or 'the start: there is no checkpoint yet'}"
        ) from error
    return time.perf_counter() - started, (trainer.state.epoch or 0.0) - before


def _facts(planned: Plan, trainer: "Trainer", features: Sequence[Feature], seconds: float, epochs: float) -> dict[str, Any]:
    """Everything that a training depends on, and what it took: of a resumed one, `seconds` are those since it went on."""
    best = [entry for entry in trainer.state.log_history if "eval_loss" in entry]
    if trainer.state.best_global_step:
        best = [entry for entry in best if entry["step"] == trainer.state.best_global_step]
    tokens = sum(feature.tokens for feature in features) * epochs
    return {
        "recipe": planned.recipe.model_dump(mode="json"),
        "base": identity(planned.entry),
        "prompt_sha256": planned.prompt.sha256,
        "data_sha256": planned.data_sha256,
        "rows": len(features),
        "validation": {key.removeprefix("eval_"): value for key, value in best[-1].items()} if best else None,
        "seconds": round(seconds, 1),
        "tokens_per_second": round(tokens / seconds, 1),
        "peak_memory_mib": round(peak_memory_mib()),
        "machine": cpu_model(),
        "versions": versions(),
        "log": trainer.state.log_history,
    }


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.lora", description=__doc__.split("\n")[0])
    parser.add_argument("recipe", help="name of a file in training/recipes/, or a path of a YAML file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a value of the recipe")
    parser.add_argument("--output", type=Path, help="adapter folder to write (default: the recipe's own)")
    parser.add_argument("--dry-run", action="store_true", help="print trainable and total parameters; read no weights")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TQDM_MININTERVAL", "1")
    recipe = load_recipe(options.recipe, tuple(options.set))
    if options.dry_run:
        print(count(recipe))
        return 0
    manifest = train(recipe, options.output or ROOT / recipe.output)
    print(f"{manifest['rows']} rows, {manifest['trainable_parameters']:,} trainable parameters, {manifest['seconds']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
