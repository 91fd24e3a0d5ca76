"""results/peers.md and results/peers-growth.svg: pure functions of the report that `benchmark.peers.plan` makes."""

import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from benchmark.markdown import cell, table
from benchmark.peers.jobs import SYSTEMS
from models.files import rendered

Report = Mapping[str, Any]


def page(report: Report) -> str:
    """Render the whole page."""
    parts = ["# Our generation against other tools", *_introduction(report)]
    for model, facts in report["models"].items():
        parts += [
            f"## {model.capitalize()} model",
            f"Prompt `{facts['prompt']}`: {facts['prompt_tokens']:.0f} tokens on average, of which all cases share the first "
            f"{facts['prefix_tokens']}.",
            table(speed_rows(report, model)),
        ]
    parts += ["## The same answers?", *_agreement(report), "## Batch sizes tried", table(_pilot_rows(report))]
    parts += ["## Growth", "![cases a second as cases and prefix grow](peers-growth.svg)", table(growth_rows(report))]
    for model, limit in report["limits"].items():
        parts += [f"## How far from what this machine can do: {model} model", *limit_section(limit)]
    if report["skipped"]:
        parts += ["## Not measured", "\n".join(f"- {name}: {cell(why, 300)}" for name, why in report["skipped"].items())]
    return "\n\n".join(parts) + "\n"


def _introduction(report: Report) -> list[str]:
    setting, machine = report["setting"], report["machine"]
    dtypes = " and ".join(sorted({row["dtype"] for row in report["rounds"] if row["seconds"]}))
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return [
        f"Made by `make bench-peers` from `peers.json`. Every system answers the same {setting['cases']} descriptions (quality "
        "suite, validation and test) with the same weights (one ordinary model folder in float32: NF4 weights dequantized, "
        f"the adapter merged), prompts, dtype ({dtypes}), limit of {setting['max_new_tokens']} tokens and stop string "
        f'`"]"`, greedily, with {setting["threads"]} threads, in a fresh process each time.',
        f"{setting['rounds']} rounds, systems interleaved, medians. Generation: from the loaded model to the last answer. "
        "Whole process: from its start to its end, imports and loading included. Systems marked ≈ are timed on "
        f"{min(setting['subset'], setting['cases'])} of the cases; what all of them need is derived. Memory is the highest "
        "resident size of the process.",
        *report.get("remarks", []),
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['device']}, "
        f"{machine['system']}. Versions: {versions}.",
    ]


def speed_rows(report: Report, model: str) -> list[dict[str, str]]:
    """One row a system: medians, and how many times as fast ours is."""
    total = report["setting"]["cases"]
    rows = [row for row in report["rounds"] if row["model"] == model and row["seconds"]]
    rate = {row["system"]: row["cases"] / median(row["seconds"]) for row in rows}
    whole = {row["system"]: _whole(row, total) for row in rows}

    def times(ours: float, other: float) -> str:
        return f"{ours / other:.2f}×"

    return [
        {
            "system": SYSTEMS[row["system"]] + (" ≈" if row["cases"] < total else ""),
            "batch": str(row["batch"] or ("1" if row["system"] == "generate" else "its own choice")),
            "rounds, s": " / ".join(f"{seconds:.1f}" for seconds in row["seconds"]),
            "cases/s": f"{rate[row['system']]:.2f}",
            "ours, generation": times(rate["ours"], rate[row["system"]]) if "ours" in rate else "-",
            "whole process, s": f"{whole[row['system']]:.1f}",
            "ours, whole process": times(whole[row["system"]], whole["ours"]) if "ours" in whole else "-",
            "peak MiB": f"{median(row['peak_mib']):.0f}",
        }
        for row in rows
    ]


def _whole(row: Report, total: int) -> float:
    """Median seconds of the whole process for `total` cases: what is not generation stays, generation grows with the cases."""
    pairs = zip(row["whole_seconds"], row["seconds"], strict=True)
    return float(median(whole - seconds + seconds * total / row["cases"] for whole, seconds in pairs))


def _agreement(report: Report) -> list[str]:
    rows = [
        {
            "model": row["model"],
            "system": SYSTEMS[row["system"]],
            "dtype": row["dtype"],
            "cases": str(row["cases"]),
            "different": str(row["different"]),
            "rate": f"{row['different'] / row['cases']:.1%}",
            "cases/s": f"{row['cases'] / row['seconds']:.2f}",
        }
        for row in report["agreement"]
    ]
    examples = [
        f"- {row['model']}, {SYSTEMS[row['system']]}, {row['dtype']}: `{cell(expected, 120)}` became `{cell(found, 120)}`"
        for row in report["agreement"]
        for expected, found in row["examples"]
    ]
    text = "Answers, up to the stop string, that are not those of `model.generate` in float32, one case at a time."
    return [text, table(rows), *(["\n".join(examples)] if examples else [])]


def _pilot_rows(report: Report) -> list[dict[str, str]]:
    return [
        {
            "model": row["model"],
            "system": SYSTEMS[row["system"]],
            "batch": str(row["batch"]),
            "cases": str(row["cases"]),
            "cases/s": f"{row['cases'] / row['seconds']:.2f}",
            "peak MiB": f"{row['peak_mib']:.0f}",
        }
        for row in report["pilots"]
    ]


def growth_rows(report: Report) -> list[dict[str, str]]:
    """One row a size: cases a second of every system that was measured at it."""
    found: dict[tuple[str, float], dict[str, str]] = {}
    for row in report["growth"]:
        size = _size(row, report)
        what = f"{size} cases" if row["axis"] == "cases" else f"shared prefix of {size} tokens"
        first = {"size": what} | dict.fromkeys((SYSTEMS[name] for name in ("ours", "lm_eval", "generate")), "-")
        line = found.setdefault((row["axis"], size), first)
        line[SYSTEMS[row["system"]]] = f"{row['cases'] / row['seconds']:.2f}"
    return list(found.values())


def _size(row: Report, report: Report) -> int:
    if row["axis"] == "prefix":
        return int(row["prefix_tokens"])
    # One at a time is timed on a few cases and stands at the smallest size.
    smallest: int = min(report["setting"]["growth_cases"])
    return max(int(row["cases"]), smallest)


def limit_section(limit: Report) -> list[str]:
    """The limit as text, a table of phases and the profile."""
    rates, phases = limit["rates"], limit["phases"]
    least, shaped = (sum(phase[key] for phase in phases) for key in ("least_seconds", "at_shapes_seconds"))
    rows = [
        {
            "phase": phase["phase"],
            "passes": str(phase["passes"]),
            "tokens": str(phase["tokens"]),
            "Gflop": f"{phase['operations'] / 1e9:.1f}",
            "GB read": f"{phase['bytes'] / 1e9:.1f}",
            "least s": f"{phase['least_seconds']:.2f}",
            "least s at these shapes": f"{phase['at_shapes_seconds']:.2f}",
        }
        for phase in phases
    ]
    profile = [
        {"operation": f"`{name}`", "share of time": f"{share:.1%}", "calls": str(calls)}
        for name, share, calls in limit["profile"]
    ]
    return [
        f"Measured on this machine in {limit['dtype']}: {rates['peak_gflops']:.0f} GFLOP/s in a large square product, "
        f"{rates['prefill_gflops']:.0f} in the model's own matrices at the prefill's number of rows, "
        f"{rates['decoding_gflops']:.0f} at a decoding step's {limit['answered_batch']} rows; memory is read at "
        f"{rates['gbytes']:.1f} GB/s.",
        f"{limit['cases']} cases: least possible {least:.2f} s; {shaped:.2f} s at the rates that these shapes reach; measured "
        f"{limit['seconds']:.2f} s, {limit['seconds'] / least:.2f} times the least and {limit['seconds'] / shaped:.2f} times "
        f"that of these shapes.",
        table(rows),
        "Where the time goes (torch's profiler, time in the operation itself):",
        table(profile),
    ]


def drawing(report: Report) -> str:
    """Draw growth as SVG text; the same report gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "peers", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        labels = {"cases": "cases", "prefix": "tokens of shared prefix"}
        for axes, (axis, label) in zip(figure.subplots(1, 2), labels.items(), strict=True):
            for system in ("ours", "lm_eval", "generate"):
                points = _points(report, axis, system)
                if points:
                    axes.plot(*zip(*points, strict=True), marker="o", label=SYSTEMS[system].replace("`", ""))
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel(label)
            axes.set_ylabel("cases a second, generation")
            if axes.lines:
                axes.legend()
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _points(report: Report, axis: str, system: str) -> Sequence[tuple[int, float]]:
    rows = [row for row in report["growth"] if row["axis"] == axis and row["system"] == system]
    return sorted((_size(row, report), row["cases"] / row["seconds"]) for row in rows)


def files(report: Report, results: Path) -> dict[Path, str]:
    """The text of every file that a report gives, by path."""
    return {
        results / "peers.json": json.dumps(report, indent=1, ensure_ascii=True) + "\n",
        results / "peers.md": page(report),
        results / "peers-growth.svg": drawing(report),
    }


def outputs(results: Path) -> dict[Path, str]:
    """The same from the stored figures."""
    return rendered(results / "peers.json", lambda report: files(report, results), "Measure again: make bench-peers")
