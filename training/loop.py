"""The training loop's own parts around the Hugging Face Trainer: arguments, checkpoints, the log, validation by generation.

{"step": 40, "epoch": 0.35, "loss": 1.62, "learning_rate": 0.0007, "grad_norm": 0.8}
{"step": 40, "epoch": 0.35, "eval_loss": 1.71, "eval_strict_parse": 0.96, "eval_quality": 6.3}
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.cases import limited, load_cases
from benchmark.metrics.scoring import score_all
from benchmark.pages.summary import HEADLINES
from models.catalog import Decoding
from models.engine import Engine
from models.errors import InputError, TrainingError
from models.files import write_atomically
from models.hardware import default_device
from models.input_check import check
from models.prompts import Prompt
from models.ranker.encoder import Encoder
from models.ranker.ranker import ruler_a
from training.data import Feature
from training.packing import answer_loss, pack
from training.recipe import Recipe

if TYPE_CHECKING:
    from transformers import Trainer

IGNORED = -100  # a label that no loss is computed for, in torch and the Trainer
EVAL_BATCH = 8  # of its own: a recipe's batch of one would score each validation row by itself


def make_trainer(
    model: Any, recipe: Recipe, work: Path, log: Path, rows: Sequence[Feature], validation: Sequence[Feature], quality: Any
) -> "Trainer":
    """Build the Trainer of `recipe`: checkpoints below `work`, losses to `log`, `quality` asked at each evaluation.

    InputError where the recipe's numbers contradict each other, as save_steps that are no multiple of eval_steps.
    """
    from transformers import EarlyStoppingCallback, Trainer

    try:
        arguments = _arguments(recipe, work, bool(validation))
    except ValueError as error:
        raise InputError(f"recipe {recipe.name!r}: {error}") from error
    callbacks = [_journal(log, quality if validation and recipe.generate_cases else None)]
    if recipe.patience is not None and validation:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=recipe.patience))
    return Trainer(
        model=model,
        args=arguments,
        train_dataset=list(rows),
        eval_dataset=list(validation) or None,
        data_collator=collate,
        compute_loss_func=checked_loss,
        callbacks=callbacks,
    )


def collate(rows: Sequence[Feature]) -> dict[str, Any]:
    """`pack`, with labels as the Trainer counts them, (1, 1 + L): it takes the first for one that is never predicted."""
    import torch

    batch = pack(rows)
    return {**batch, "labels": torch.nn.functional.pad(batch["labels"], (1, 0), value=IGNORED)}


def checked_loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    """`answer_loss`, or TrainingError where it is not a finite number: going on would only spoil the adapter."""
    loss = answer_loss(outputs, labels[:, 1:], num_items_in_batch)
    if not loss.isfinite():
        raise TrainingError(f"the loss is {loss.item()}; lower learning_rate or max_grad_norm in the recipe")
    return loss


def _arguments(recipe: Recipe, work: Path, evaluate: bool) -> Any:
    from transformers import TrainingArguments

    every: dict[str, Any] = {"eval_strategy": "epoch" if evaluate else "no", "save_strategy": "epoch"}
    if recipe.eval_steps is not None and evaluate:
        every |= {"eval_strategy": "steps", "eval_steps": recipe.eval_steps}
    if (steps := recipe.save_steps or recipe.eval_steps) is not None:
        every |= {"save_strategy": "steps", "save_steps": steps}
    if evaluate:
        every |= {"load_best_model_at_end": every["eval_strategy"] == every["save_strategy"]}
        every |= {"metric_for_best_model": "rank" if recipe.generate_cases else "loss"}
    return TrainingArguments(
        output_dir=str(work),
        learning_rate=recipe.learning_rate,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=EVAL_BATCH,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps,
        gradient_checkpointing=recipe.gradient_checkpointing,
        warmup_steps=recipe.warmup_steps,
        max_grad_norm=recipe.max_grad_norm,
        lr_scheduler_type=recipe.lr_scheduler,
        weight_decay=0.0,
        logging_steps=5,
        logging_nan_inf_filter=False,
        prediction_loss_only=True,
        save_total_limit=2,  # the best and the last
        use_cpu=default_device() == "cpu",  # where the base is loaded
        dataloader_pin_memory=default_device() == "cuda",
        ddp_find_unused_parameters=False,
        report_to=[],
        seed=recipe.seed,
        data_seed=recipe.seed,
        remove_unused_columns=False,
        label_names=["labels"],
        **every,
    )


def last_checkpoint(work: Path) -> Path | None:
    """The newest whole checkpoint of an interrupted run; those that a kill or a full disk cut short are deleted."""
    steps = {folder: steps_of(folder) for folder in work.glob("checkpoint-*")}
    for folder in [folder for folder, step in steps.items() if step is None]:
        del steps[folder]
        shutil.rmtree(folder, ignore_errors=True)  # another process of the same run may be doing it too
    return max(steps, key=lambda folder: steps[folder] or 0) if steps else None


def steps_of(checkpoint: Path) -> int | None:
    """How many optimizer steps led to a checkpoint; None where it was cut short: the Trainer writes its state last."""
    try:
        return int(json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))["global_step"])
    except (OSError, ValueError, KeyError):
        return None


def _journal(log: Path, quality: Any) -> Any:
    """A callback that keeps the log as JSONL, adds generated validation figures to it, and stops at a broken gradient."""
    from torch.nn.utils import get_total_norm as total_norm
    from transformers import TrainerCallback

    class Journal(TrainerCallback):  # type: ignore[misc]
        """Writes the whole log each time: a resumed run continues exactly what its checkpoint had logged."""

        def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            """Stop before a gradient that is no number spoils the weights, and the checkpoint made of them."""
            if not total_norm([p.grad for p in model.parameters() if p.grad is not None]).isfinite():
                raise TrainingError("a gradient is not a finite number; lower learning_rate in the recipe")

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Log before each save: the mean loss since the last log is in no checkpoint, a resumed run would lose it."""
            control.should_log |= control.should_save

        on_epoch_end = on_step_end

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Keep the log up to date, without the closing summary, which counts only what this process did."""
            state.log_history = [entry for entry in state.log_history if "train_runtime" not in entry]
            if state.is_world_process_zero:
                lines = [json.dumps({"step": entry["step"], **entry}) + "\n" for entry in state.log_history]
                write_atomically(log, "".join(lines))

        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, model: Any = None, **_: Any) -> None:
            """Answer validation cases with the model as it is now; the best checkpoint is chosen by their quality."""
            if quality is None:
                return
            found = {f"eval_{name}": value for name, value in quality(model).items()}
            # Of two that are worth nothing, the one that writes an array more often has learnt more.
            metrics.update(found, eval_rank=found["eval_quality"] + found["eval_strict_parse"] / 1000)
            state.log_history[-1].update(found)
            self.on_log(args, state, control)

    return Journal()


@dataclass
class GeneratedQuality:
    """Answers `cases` validation cases (a fixed stratified choice) and scores them as the benchmark does."""

    tokenizer: Any
    prompt: Prompt
    cases: int
    decoding: Decoding
    encoder: Encoder = field(default_factory=Encoder)

    def __call__(self, model: Any) -> dict[str, float]:
        """Mean quality 0-10 and share of strictly parsed answers of `model`, a PEFT model in any mode."""
        chosen = limited(load_cases("quality", "validation"), self.cases)
        engine = Engine(model.get_base_model(), self.tokenizer, self.decoding)
        training = model.training
        model.eval()
        prompts = [self.prompt.token_ids(self.tokenizer, str(check(case.description))) for case in chosen]
        answers = list(engine.generate(prompts, [case.description for case in chosen]))
        model.train(training)
        samples = score_all([(chosen[index], completion) for index, completion in answers], self.encoder, ruler=ruler_a())
        estimates = {name: HEADLINES[name].estimate(samples) for name in ("quality", "strict_parse")}
        return {name: estimate.value if estimate else 0.0 for name, estimate in estimates.items()}
