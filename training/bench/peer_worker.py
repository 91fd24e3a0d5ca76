"""The child process of the other trainers: python -m training.bench.peer_worker job.json result.json

TRL's runs in TRL's own environment. Files as in `training.bench.worker`. What is here is what their users would write, and it
imports nothing of ours but the clock: importing `models` would change how torch gets its memory.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.bench.watch import measured


def plain(job: dict[str, Any], work: Path) -> Any:
    """The Hugging Face Trainer as its guides use it: float32 weights, rows padded to the longest, logits of every token.

    The loss leaves out prompt and padding, whose labels are -100. `plain-bf16` adds the Trainer's own switch, autocast.
    """
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    model = AutoModelForCausalLM.from_pretrained(job["folder"], dtype=torch.float32, local_files_only=True)
    torch.manual_seed(job["recipe"]["seed"])
    tokenizer = AutoTokenizer.from_pretrained(job["folder"], local_files_only=True)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return Trainer(
        model=get_peft_model(model, adapter(job["recipe"])),
        args=TrainingArguments(**hyperparameters(job["recipe"], work), bf16=job["system"] == "plain-bf16"),
        train_dataset=[tokenized(row) for row in job["rows"]],
        data_collator=DataCollatorForSeq2Seq(tokenizer, padding="longest"),
    )


def trl(job: dict[str, Any], work: Path) -> Any:
    """TRL's SFTTrainer, its rows as its documentation recommends for a loss on the answer alone.

    They are {"prompt": ..., "completion": ...} with completion_only_loss. Like the others it computes in float32 and without
    gradient checkpointing, which it would else choose by itself.
    """
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found]

    trainer = SFTTrainer(
        model=job["folder"],
        args=SFTConfig(
            **hyperparameters(job["recipe"], work),
            max_length=job["recipe"]["max_length"],
            completion_only_loss=True,
            gradient_checkpointing=False,
            bf16=False,
            model_init_kwargs={"dtype": "float32", "local_files_only": True},
        ),
        train_dataset=Dataset.from_list([{key: row[key] for key in ("prompt", "completion")} for row in job["rows"]]),
        peft_config=adapter(job["recipe"]),
    )
    check_rows(trainer.train_dataset, job["rows"])
    return trainer


def check_rows(made: Any, rows: list[dict[str, Any]]) -> None:
    """SystemExit unless TRL made of every row the very tokens that the others train on, the same ones of them learned."""
    for found, row in zip(made, rows, strict=True):
        for name, values in tokenized(row).items():
            if list(found[name]) != values:
                raise SystemExit(f"TRL made {name} {list(found[name])} of {row['completion']!r}, expected {values}")


def tokenized(row: dict[str, Any]) -> dict[str, list[int]]:
    """A row's tokens, and those of them that are learned."""
    return {"input_ids": row["question"] + row["answer"], "labels": [-100] * len(row["question"]) + row["answer"]}


def adapter(recipe: dict[str, Any]) -> Any:
    """The adapter's shape."""
    from peft import LoraConfig

    shape = dict(recipe["lora"])
    return LoraConfig(lora_alpha=shape.pop("alpha"), lora_dropout=shape.pop("dropout"), task_type="CAUSAL_LM", **shape)


def hyperparameters(recipe: dict[str, Any], work: Path) -> dict[str, Any]:
    """The shared part of a recipe, as TrainingArguments and SFTConfig call it."""
    import torch

    same = ("learning_rate", "warmup_steps", "max_grad_norm", "seed")
    return {
        **{name: recipe[name] for name in same},
        "lr_scheduler_type": recipe["lr_scheduler"],
        "per_device_train_batch_size": recipe["batch_size"],
        "num_train_epochs": 1,
        "data_seed": recipe["seed"],
        "output_dir": str(work),
        "save_strategy": "no",
        "report_to": [],
        "use_cpu": not torch.cuda.is_available(),
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code."""
    import torch

    job_path, result_path = map(Path, arguments)
    job = json.loads(job_path.read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    trainer = (trl if job["system"] == "trl" else plain)(job, job_path.parent)
    names = ("torch", "transformers", "peft", "accelerate", *(["trl"] if job["system"] == "trl" else []))
    result = {
        "dtype": "bfloat16" if trainer.args.bf16 else "float32",
        **measured(trainer, job["steps"]),
        "versions": {name: version(name) for name in names},
    }
    result_path.write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
