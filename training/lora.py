"""Fine-tune a causal language model with LoRA: python -m training.lora RECIPE [--set key=value ...] [--output DIR]

The base is loaded as the catalogue says (NF4 for the embedded model), only the adapter's matrices learn, and only the
answer's tokens count in the loss. The result is a folder: the adapter in bf16 and `manifest.json` with everything needed
to repeat it.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.catalog import ROOT, TransformersEntry, read_catalog, select_one
from models.errors import DomainBenchError, InputError
from models.hardware import cpu_model, default_device
from models.identity import files_sha256, identity
from models.loading import load_base
from models.prompts import load_prompt
from training.data import Collator, read_examples, tokenize
from training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def train(recipe: Recipe, output: Path) -> dict[str, Any]:
    """Train `recipe`, write the adapter folder `output` (replaced as a whole when done) and return its manifest."""
    from transformers import Trainer

    _check_replaceable(output)
    entry = select_one(recipe.base, read_catalog())
    if not isinstance(entry, TransformersEntry) or entry.adapter is not None:
        raise InputError(f"recipe {recipe.name!r}: base {recipe.base!r} is not a transformers entry without an adapter")
    base = load_base(entry)
    prompt = load_prompt(recipe.prompt)
    features, too_long = tokenize(read_examples(recipe.paths(recipe.train)), base.tokenizer, prompt, recipe.max_length)
    validation, _ = tokenize(read_examples(recipe.paths(recipe.validation)), base.tokenizer, prompt, recipe.max_length)
    for description in too_long:
        print(f"left out, longer than {recipe.max_length} tokens: {description[:80]}", file=sys.stderr)
    if not features:
        raise InputError(f"recipe {recipe.name!r}: no row of {', '.join(recipe.train)} fits {recipe.max_length} tokens")
    model = _with_adapter(base.model, recipe)
    pad = base.tokenizer.pad_token_id
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=model,
            args=_arguments(recipe, scratch, bool(validation)),
            train_dataset=features,
            eval_dataset=validation or None,
            data_collator=Collator(base.tokenizer.eos_token_id if pad is None else pad),
        )
        trainer.train()
    manifest = {
        "recipe": recipe.model_dump(mode="json"),
        "base": identity(entry),
        "prompt_sha256": prompt.sha256,
        "data_sha256": {name: files_sha256((ROOT / name).parent, [(ROOT / name).name]) for name in recipe.train},
        "rows": len(features),
        "rows_left_out": len(too_long),
        "trainable_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "total_parameters": sum(p.numel() for p in model.parameters()),
        "seconds": round(time.perf_counter() - started, 1),
        "machine": cpu_model(),
        "versions": _versions(),
        "log": trainer.state.log_history,
    }
    _save(model, manifest, output)
    return manifest


def _with_adapter(model: "PreTrainedModel", recipe: Recipe) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)  # the adapter's first matrices are random
    shape = recipe.lora
    config = LoraConfig(
        r=shape.r,
        lora_alpha=shape.alpha,
        lora_dropout=shape.dropout,
        target_modules=list(shape.target_modules),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise InputError(f"recipe {recipe.name!r}, lora.target_modules: {error}") from error


def _check_replaceable(output: Path) -> None:
    """InputError where `output` holds anything but an adapter: the whole folder is replaced in the end."""
    empty = output.is_dir() and not any(output.iterdir())
    if output.exists() and not empty and not (output / "adapter_config.json").is_file():
        raise InputError(f"--output {output}: it exists and is not an adapter folder; name a new or an adapter's folder")


def _arguments(recipe: Recipe, scratch: str, evaluate: bool) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=scratch,
        learning_rate=recipe.learning_rate,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps,
        warmup_steps=recipe.warmup_steps,
        max_grad_norm=recipe.max_grad_norm,
        lr_scheduler_type="cosine",
        weight_decay=0.0,
        logging_steps=5,
        eval_strategy="epoch" if evaluate else "no",
        save_strategy="no",
        dataloader_pin_memory=default_device() == "cuda",
        report_to=[],
        seed=recipe.seed,
        data_seed=recipe.seed,
        remove_unused_columns=False,
        label_names=["labels"],
    )


def _save(model: Any, manifest: dict[str, Any], output: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".saving-") as folder:
        target = Path(folder) / "adapter"
        model.save_pretrained(target)
        (target / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
        weights = target / "adapter_model.safetensors"
        save_file({key: value.to(torch.bfloat16) for key, value in load_file(weights).items()}, weights)
        config = json.loads((target / "adapter_config.json").read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = manifest["recipe"]["base"]  # a path of one machine means nothing elsewhere
        config["target_modules"] = sorted(config["target_modules"])  # a set: its order changes from process to process
        (target / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        (target / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        if output.exists():
            shutil.rmtree(output)
        target.rename(output)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.lora", description=__doc__.split("\n")[0])
    parser.add_argument("recipe", help="name of a file in training/recipes/, or a path of a YAML file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a value of the recipe")
    parser.add_argument("--output", type=Path, help="adapter folder to write (default: the recipe's own)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TQDM_MININTERVAL", "1")
    try:
        recipe = load_recipe(options.recipe, tuple(options.set))
        manifest = train(recipe, options.output or ROOT / recipe.output)
    except DomainBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{manifest['rows']} rows, {manifest['trainable_parameters']:,} trainable parameters, {manifest['seconds']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
