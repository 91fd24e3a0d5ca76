"""The order of a measurement: pilots that find batch sizes, interleaved rounds, answers against answers, limits, growth.

The report is what results/peers.json holds:

{"setting": {...}, "machine": {...}, "versions": {...}, "models": {"tuned": {"prompt": "compact", ...}},
 "rounds": [{"model": "tuned", "system": "ours", "cases": 128, "seconds": [4.7, 4.6, 4.8], ...}], "agreement": [...],
 "pilots": [...], "limits": {"tuned": {...}}, "growth": [...], "skipped": {"growth/lm_eval/5000 cases": "needs about ..."}}
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmark.peers.cells import LM_EVAL_PINS, Bench, described
from benchmark.peers.jobs import SYSTEMS, Growth, Job, Material, Prompt, Setting
from benchmark.run.machine import machine, versions
from models.hardware import default_device, default_dtype, usable_cores

# Systems that need so long for a case that rounds are timed on the subset, and what all cases need is derived.
SLOW = ("generate", "continuous")
Cell = dict[str, Any]


def job_of(system: str, material: Material, prompts: Sequence[Prompt] = (), batch: int = 0, dtype: str = "") -> Job:
    """Make a job on this machine: all of the material's prompts unless others are given, the machine's dtype likewise."""
    device = default_device()
    chosen = tuple(prompts or material.prompts)
    return Job(system, material.folder, chosen, dtype or default_dtype(device), device, usable_cores(), batch)


def measure_all(setting: Setting, materials: Mapping[str, Material], growth: Growth, bench: Bench) -> dict[str, Any]:
    """Measure everything that fits the budget and return the report."""
    pilots, batches = find_batches(setting, materials, bench)
    rounds = run_rounds(setting, materials, batches, bench)
    last = {(row["model"], row["system"]): row["cells"][-1] for row in rounds if row["cells"]}
    agreement = compare_answers(materials, batches, last, bench)
    limits = {
        model: {key: value for key, value in cell.items() if key != "name"}
        for model, material in materials.items()
        if (cell := bench.measure(f"{model}/limit", job_of("limit", material), last.get((model, "ours"))))
    }
    return {
        "setting": asdict(setting)
        | {"threads": usable_cores(), "max_new_tokens": job_of("ours", materials["base"]).max_new_tokens},
        "machine": machine(),
        "versions": versions() | _lm_eval_versions(),
        "models": {model: {"prompt": m.prompt} | described(job_of("ours", m)) for model, m in materials.items()},
        "pilots": [_figures(cell) for cell in pilots],
        "rounds": [_medians_of(row) for row in rounds],
        "agreement": agreement,
        "limits": limits,
        "growth": grow(setting, materials["tuned"], growth, batches, last, bench),
        "skipped": bench.skipped,
    }


def find_batches(
    setting: Setting, materials: Mapping[str, Material], bench: Bench
) -> tuple[list[Cell], dict[tuple[str, str], int]]:
    """Try each batch size once: the cells, and the size of most cases a second by (model, system)."""
    cells: list[Cell] = []
    best: dict[tuple[str, str], int] = {}
    for model, material in materials.items():
        for system, sizes in setting.batches:
            prompts = material.few() if system in SLOW else material.prompts
            found: list[Cell] = []
            for size in [size for size in sizes if size <= len(prompts)] or [len(prompts)]:
                job = job_of(system, material, prompts, size)
                cell = bench.measure(f"{model}/{system}/batch {size}", job, found[-1] if found else None)
                found += [{**cell, "model": model}] if cell else []
            if found:
                best[model, system] = max(found, key=lambda cell: cell["cases"] / cell["seconds"])["batch"]
            cells += found
    return cells, best


def run_rounds(
    setting: Setting, materials: Mapping[str, Material], batches: Mapping[tuple[str, str], int], bench: Bench
) -> list[Cell]:
    """Time every system once a round, all systems of a round before the next one, so that a slow minute hits them all."""
    tuned = {system for system, _ in setting.batches}
    rows: dict[tuple[str, str], Cell] = {}
    for number in range(1, setting.rounds + 1):
        for model, material in materials.items():
            for system in SYSTEMS:
                row = rows.setdefault((model, system), {"model": model, "system": system, "cells": []})
                if system in tuned and (model, system) not in batches:
                    continue  # no batch size worked: the pilots' reasons are among the skipped
                prompts = material.few() if system in SLOW else material.prompts
                job = job_of(system, material, prompts, batches.get((model, system), 0))
                cell = bench.measure(f"{model}/{system}/round {number}", job, row["cells"][-1] if row["cells"] else None)
                row["cells"] += [cell] if cell else []
    return list(rows.values())


def compare_answers(
    materials: Mapping[str, Material],
    batches: Mapping[tuple[str, str], int],
    last: Mapping[tuple[str, str], Cell],
    bench: Bench,
) -> list[Cell]:
    """Set every system's answers against those of `model.generate`, one case at a time, in float32."""
    found = []
    for model, material in materials.items():
        like = last.get((model, "generate"))
        reference = bench.measure(f"{model}/generate/all, float32", job_of("generate", material, dtype="float32"), like)
        if reference is None:
            continue
        expected = answers_of(reference, material.prompts)
        measured = default_dtype(default_device())
        jobs = [
            # Continuous batching is slow, and the cases that it was timed on are known already.
            job_of(system, material, material.few() if system == "continuous" else (), batches.get((model, system), 0))
            for system in SYSTEMS
            if (model, system) in last
        ]
        others = {"float32", "bfloat16"} - {measured}
        jobs += [job_of("ours", material, material.few() if dtype == "bfloat16" else (), dtype=dtype) for dtype in others]
        for job in jobs:
            if (job.system, job.dtype) == ("generate", "float32"):
                continue
            known = last.get((model, job.system)) if job.dtype == measured else None
            cell, prompts = known, material.few() if job.system in SLOW else material.prompts
            if known is None or known["cases"] < len(job.prompts):
                whole = bench.measure(f"{model}/{job.system}/answers, {job.dtype}", job, last.get((model, job.system)))
                cell, prompts = (whole, job.prompts) if whole else (known, prompts)
            if cell:
                facts = {"model": model, "system": job.system, "dtype": job.dtype, "seconds": cell["seconds"]}
                found.append(facts | disagreement(expected, answers_of(cell, prompts)))
    return found


def answers_of(cell: Cell, prompts: Sequence[Prompt]) -> dict[str, str]:
    """The cell's answers by prompt, up to the stop string, which lm-evaluation-harness cuts off."""
    return {prompt.text: answer.partition("]")[0] for prompt, answer in zip(prompts, cell["answers"], strict=True)}


def disagreement(expected: Mapping[str, str], found: Mapping[str, str]) -> dict[str, Any]:
    """Count the answers that are not the expected text, and show up to three."""
    pairs = [(expected[prompt], text) for prompt, text in found.items() if expected[prompt] != text]
    return {"cases": len(found), "different": len(pairs), "examples": pairs[:3]}


def grow(
    setting: Setting,
    tuned: Material,
    growth: Growth,
    batches: Mapping[tuple[str, str], int],
    last: Mapping[tuple[str, str], Cell],
    bench: Bench,
) -> list[Cell]:
    """Cases a second of the tuned model as cases and prefix grow: ours first, then what the peers can do in the time left."""
    found = []
    for system in ("ours", "lm_eval", "generate"):
        like = last.get(("tuned", system))
        if like is None:
            continue
        # One at a time, a case costs the same however many there are.
        sizes = setting.growth_cases[:1] if system == "generate" else setting.growth_cases
        jobs = [("cases", growth.many[:count]) for count in sizes]
        jobs += [("prefix", prompts) for prompts in growth.prefixes]
        for axis, prompts in jobs:
            chosen = prompts[: len(tuned.subset)] if system == "generate" else prompts
            job = job_of(system, tuned, chosen, batches.get(("tuned", system), 0))
            size = f"{len(prompts)} cases" if axis == "cases" else f"prefix {described(job)['prefix_tokens']}"
            cell = bench.measure(f"growth/{system}/{size}", job, like)
            found += [{"axis": axis, **_figures(cell)}] if cell else []
    return found


def _figures(cell: Cell) -> Cell:
    return {key: value for key, value in cell.items() if key not in ("name", "answers", "tokens")}


def _medians_of(row: Cell) -> Cell:
    """One system's rounds side by side."""
    cells = row["cells"]
    lists = {key: [cell[key] for cell in cells] for key in ("seconds", "whole_seconds", "peak_mib")}
    facts = {key: cells[0][key] for key in ("cases", "batch", "dtype")} if cells else {}
    tokens: Iterable[int] = cells[0].get("tokens") or [] if cells else []
    return {"model": row["model"], "system": row["system"], **facts, **lists, "tokens": sum(tokens)}


def _lm_eval_versions() -> dict[str, str]:
    pins = dict(line.split("==") for line in LM_EVAL_PINS.read_text(encoding="utf-8").split() if "==" in line)
    return {f"lm_eval's {name}": pins[name] for name in ("lm_eval", "torch", "transformers")}
