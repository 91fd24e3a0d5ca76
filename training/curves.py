"""Loss curves as an SVG: training and validation loss over optimizer steps, the learning rate, and generated quality."""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from models.files import write_atomically


def draw(log: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw a Trainer's log to `path`; the same log gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": title, "font.size": 9}):
        figure = Figure(figsize=(7, 5), layout="constrained")
        losses, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        for key, label in {"loss": "training", "eval_loss": "validation"}.items():
            steps, values = _series(log, key)
            if steps:
                losses.plot(steps, values, marker="o" if key == "eval_loss" else None, label=label)
        losses.set_ylabel("loss, nats a token")
        losses.set_title(title)
        losses.legend()
        steps, values = _series(log, "eval_quality")
        key, label = ("eval_quality", "quality, 0-10 (validation)") if steps else ("learning_rate", "learning rate")
        below.plot(*_series(log, key), marker="o" if steps else None)
        below.set_ylabel(label)
        below.set_xlabel("optimizer step")
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    write_atomically(path, text.getvalue())


def _series(log: Sequence[Mapping[str, Any]], key: str) -> tuple[list[float], list[float]]:
    points = [(entry["step"], entry[key]) for entry in log if key in entry]
    return [step for step, _ in points], [value for _, value in points]
