"""A clock that watches any Trainer from outside. It runs in TRL's environment too, and imports nothing of ours.

measured(trainer, 2) -> {"tokens": [512, 498], "seconds": [3.9, 2.1], "losses": [4.61, 4.2], "peak_mib": 1630.4}
"""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any


def input_ids(row: Any) -> int:
    """How many tokens a tokenized row has."""
    return len(row["input_ids"])


def measured(trainer: Any, steps: int, count: Callable[[Any], int] = input_ids) -> dict[str, Any]:
    """Run `steps` steps of `trainer`: of each, the tokens of its rows (padding is none), the wall seconds and the loss."""
    tokens: list[int] = []
    moments: list[float] = []
    collate = trainer.data_collator

    def counted(rows: Any) -> Any:
        tokens.append(sum(map(count, rows)))
        return collate(rows)

    trainer.data_collator = counted
    trainer.args.logging_steps = 1
    trainer.add_callback(_clock(moments, steps))
    trainer.train()
    return {
        "tokens": tokens[:steps],  # a batch is fetched ahead
        "seconds": [after - before for before, after in pairwise(moments)],
        "losses": [line["loss"] for line in trainer.state.log_history if "loss" in line],
        "peak_mib": _peak_mib(),
    }


def _clock(moments: list[float], steps: int) -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Notes when the training begins and when each step ends, and stops after the last."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Begin."""
            moments.append(time.perf_counter())

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Note a step's end."""
            moments.append(time.perf_counter())
            control.should_training_stop |= state.global_step >= steps

    return Clock()


def _peak_mib() -> float:
    """The most resident memory that this process has ever had, as Linux counts it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1024
