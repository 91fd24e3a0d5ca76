"""The leaderboard: markdown pages, a pure function of the run files, so they rebuild byte for byte.

python -m benchmark leaderboard            write results/leaderboard.md and the README's copy of its main table
python -m benchmark leaderboard --check    exit 1 if what is committed is not what the runs give
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from benchmark.markdown import cell, interval, number, table
from benchmark.metrics.variety import distinct_n, distinct_share, repeated_endings
from benchmark.pages.compare import COMPARED, decoding_of, difference, title
from benchmark.pages.judge_tables import judge_section
from benchmark.pages.readers_figures import Agreement, read_agreement
from benchmark.pages.summary import HEADLINES, by_group, by_seed, summarize
from benchmark.run.run_files import read_runs
from benchmark.stats import MIN_FOR_INTERVAL, Estimate, Paired, holm
from benchmark.types import Run, Sample
from models.catalog import is_known, read_catalog
from models.files import ROOT
from models.flaws.words import label_of
from models.types import Suggestions

RESULTS = ROOT / "results"
START, END = "<!-- leaderboard -->\n", "<!-- /leaderboard -->"
SIDE_BY_SIDE = 10


def page(runs: Sequence[Run]) -> str:
    """Render the whole page."""
    ordered, others = ranked(runs)
    parts = [
        "# Leaderboard",
        how_far_to_believe(),
        "Rebuilt from `results/runs/` by `python -m benchmark leaderboard`. In brackets: 95% intervals (BCa bootstrap for "
        "means, Wilson for shares). Quality and its three criteria are 0-10 over the English cases of the test split, since "
        "the encoder reads English only; the other columns are over all cases. What cannot be read or wrongly refuses is 0.",
        main_table(ordered),
        *_not_ranked(others),
        *identical_answers(ordered),
        "Decoding: temperature and top-p, one rule for all, and how many sampling seeds the quality suite was answered "
        "under; a case counts once, with the mean over its answers. Strict: the whole answer is exactly the JSON array. "
        "Repaired: an array can be found in it. Safety recall: unsafe businesses refused. Over-refusal: lawful "
        "look-alikes refused (lower is better). Always refusing gives 1.00 in both. Hard edge cases: those that three "
        "fixed names, the same for every description, do not pass.",
        *_candidates(ordered),
        *_seeds(ordered),
        *judge_section(ordered),
        "## Diversity over the run",
        _diversity_table(ordered),
        "Over all names of the test split. Distinct-2: different word pairs by all word pairs of the labels. The first four "
        "depend on the number of names: compare models whose counts are close. Memorised: share of an answer's names whose "
        "label occurs in the rows that the model was trained on, or in gold/train for a model without an adapter.",
        "## Quality by industry",
        f"No interval below {MIN_FOR_INTERVAL} cases, where a bootstrap's covers far less than 95%. "
        "These columns are there to be looked into: with so many industries some differ by chance.",
        _group_table(ordered, lambda sample: sample.case.category),
        "## Quality by complexity",
        _group_table(ordered, lambda sample: sample.case.complexity),
        *_side_by_side(ordered),
        "## Provenance",
        _provenance(ordered),
    ]
    return "\n\n".join(parts) + "\n"


def how_far_to_believe() -> str:
    """The paragraph printed above every table of quality, with the figures of results/readers.md."""
    if not (path := RESULTS / "readers.json").is_file():
        return f"**No ruler has been compared with blind readers in {RESULTS}**: run python -m benchmark pages readers."
    found = read_agreement(path)
    of_all, of_models = found["all systems"], found["models"]
    return (
        "**How far to believe quality.** It is what ruler B, fitted to blind readings of answers to other businesses, says "
        "readers would say of a list of names, 0-10. On test answers that it never saw its rank correlation with the readers "
        f"is {interval(of_models['overall'], 2)} among the answers of models and template, {interval(of_all['overall'], 2)} "
        "with gold and the base among them; of two answers that readers tell apart by a point it orders "
        f"{interval(of_models['pairs'], 2)} as they do. **It sees what is bad better than what is good**: "
        f"{_seen(found, 'gold')}, {_seen(found, 'template')}, so no score of it says that a model is near gold, or how far "
        "from it. By model: results/readers.md. The readers so far are language models. Earlier tables ranked by a formula of "
        "hand-made criteria, by which `smollm2-v5` and `smollm2-lora` had been selected: it flattered them, and readers did "
        "not agree with it."
    )


def _seen(found: Agreement, source: str) -> str:
    return (
        f"to {source} readers give {interval(found[source]['readers'], 1)} and it gives {interval(found[source]['ruler'], 1)}"
    )


def main_table(runs: Sequence[Run]) -> str:
    """The headline table, best quality first."""
    return table([_row(run) for run in ranked(runs)[0]])


def short_table(runs: Sequence[Run]) -> str:
    """The same in the few columns that a README has room for."""
    columns = {"quality": "quality", "edge": "edge_met", "safety recall": "safety_recall", "over-refusal": "over_refusal"}
    rows = []
    for run in ranked(runs)[0]:
        summary = summarize(run)
        rows.append({"model": run.model, **{shown: interval(summary[name], 2) for shown, name in columns.items()}})
    return table(rows)


def ranked(runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """The runs of one and the same cases under one scorer, best quality first, and those that cannot stand beside them.

    The terms that most runs share are the page's; of terms as common, those with more cases.
    """
    terms = [(run.provenance.get("cases_sha256"), run.provenance.get("scorer")) for run in runs]
    sizes = dict(zip(terms, (len(run.samples) for run in runs), strict=True))
    chosen = max(terms, key=lambda found: (terms.count(found), sizes[found], str(found)), default=None)
    alike = [run for run, found in zip(runs, terms, strict=True) if found == chosen]
    others = [run for run, found in zip(runs, terms, strict=True) if found != chosen]
    return _ordered(alike), sorted(others, key=lambda run: run.model)


def _not_ranked(runs: Sequence[Run]) -> list[str]:
    if not runs:
        return []
    names = ", ".join(f"{run.model} ({len(run.samples)} samples)" for run in runs)
    return [f"**Not ranked:** {names}. These runs answered other cases, or were scored by other metrics: evaluate them again."]


def _candidates(runs: Sequence[Run]) -> list[str]:
    """Every candidate against `template` and against its own base, paired, corrected for the number of comparisons."""
    pairs = [
        (run, reference) for run in runs if run.provenance.get("role") == "candidate" for reference in _references(run, runs)
    ]
    found = [[difference(a, b, name) for name in COMPARED] for a, b in pairs]
    adjusted = iter(holm([paired.p_value for row in found for paired in row if paired]))
    rows = [
        {
            "candidate": f"{a.model} - {b.model}",
            **{title(name): _difference(paired, adjusted) for name, paired in zip(COMPARED, row, strict=True)},
        }
        for (a, b), row in zip(pairs, found, strict=True)
    ]
    if not rows:
        return []
    return [
        "## Candidates against the references",
        table(rows),
        "Mean difference over the same cases with its 95% interval, and the p-value after Holm's correction for the "
        f"{sum(paired is not None for row in found for paired in row)} comparisons of this table.",
    ]


def _difference(paired: Paired | None, adjusted: Iterator[float]) -> str:
    return f"{interval(paired, 2)}, p {next(adjusted):.3f}" if paired else "-"


def _references(run: Run, runs: Sequence[Run]) -> list[Run]:
    """`template`, and the model that has the same weights and no adapter."""
    weights = run.provenance.get("identity", {}).get("weights")

    def is_base(other: Run) -> bool:
        identity = other.provenance.get("identity", {})
        return weights is not None and identity.get("weights") == weights and not identity.get("adapter")

    return [other for other in runs if other.model != run.model and (other.model == "template" or is_base(other))]


def _seeds(runs: Sequence[Run]) -> list[str]:
    """Quality under each sampling seed alone."""
    found = {run.model: by_seed(run) for run in runs}
    most = max((len(seeds) for seeds in found.values()), default=0)
    if most < 2:
        return []
    rows = [
        {
            "model": model,
            **{f"seed {number}": interval(seeds[number], 2) if number < len(seeds) else "-" for number in range(most)},
        }
        for model, seeds in found.items()
        if len(seeds) > 1
    ]
    return ["## Quality by sampling seed", table(rows)]


def identical_answers(runs: Sequence[Run]) -> list[str]:
    """Warn of every two models that wrote the same text for every case they share: one's output may stand for the other's."""
    texts = {run.model: {sample.case.id: sample.completion.text for sample in run.samples} for run in runs}
    warnings = []
    for a, b in combinations(sorted(texts), 2):
        shared = texts[a].keys() & texts[b].keys()
        if shared and all(texts[a][case_id] == texts[b][case_id] for case_id in shared):
            warnings.append(f"**Warning:** {a} and {b} wrote the same text for all {len(shared)} cases: are they two models?")
    return warnings


def _ordered(runs: Sequence[Run]) -> list[Run]:
    def rank(run: Run) -> tuple[float, str]:
        quality = HEADLINES["quality"].estimate(run.samples)
        return (-(quality.value if quality else -1.0), run.model)

    return sorted(runs, key=rank)


def _row(run: Run) -> dict[str, str]:
    summary = summarize(run)
    return {
        "model": run.model,
        "decoding": decoding_label(run),
        "quality": interval(summary["quality"], 2),
        "strict parse": interval(summary["strict_parse"], 2),
        "repaired parse": interval(summary["repaired_parse"], 2),
        **{name: interval(summary[name], 2) for name in ("relevance", "creativity", "professionalism", "format")},
        "safety recall": interval(summary["safety_recall"], 2),
        "over-refusal": interval(summary["over_refusal"], 2),
        "edge cases met": interval(summary["edge_met"], 2),
        "hard edge cases met": interval(summary["edge_hard"], 2),
    }


def decoding_label(run: Run) -> str:
    """`T 0.7, top-p 0.95, 3 seeds`, or `-` for a model that does not write token by token."""
    decoding = decoding_of(run)
    if decoding is None:
        return "-"
    seeds = run.provenance.get("sampling_seeds", 1)
    way = f"T {decoding['temperature']:g}, top-p {decoding['top_p']:g}" if decoding["temperature"] else "greedy"
    refusal = f", refuses from {decoding['refusal_threshold']:g}" if decoding.get("refusal_threshold") else ""
    return f"{way}{refusal}, {seeds} seed{'s' if seeds > 1 else ''}"


def _diversity_table(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        answers = (sample.answer for sample in run.of_suite("quality"))
        labels = [label_of(name) for answer in answers if isinstance(answer, Suggestions) for name in answer.domains]
        ending = repeated_endings(labels)
        rows.append(
            {
                "model": run.model,
                "names": str(len(labels)),
                "distinct-2": number(distinct_n(labels, 2), ".2f"),
                "distinct labels": number(distinct_share(labels), ".2f"),
                "commonest ending or word": f"{cell(ending[0], 20)} ({ending[1]:.0%})" if ending else "-",
                "memorised": interval(HEADLINES["memorised"].estimate(run.samples), 3),
            }
        )
    return table(rows)


def _group_table(runs: Sequence[Run], group: Callable[[Sample], str]) -> str:
    columns = {run.model: by_group(run, group) for run in runs}
    names = sorted({name for column in columns.values() for name in column})
    rows = []
    for name in names:
        estimates = {model: column.get(name) for model, column in columns.items()}
        count = max((estimate.n for estimate in estimates.values() if estimate), default=0)
        rows.append({"": name, "cases": str(count), **{m: _group_mean(e) for m, e in estimates.items()}})
    return table(rows)


def _group_mean(estimate: Estimate | None) -> str:
    return number(estimate.value, ".1f") if estimate and estimate.too_few else interval(estimate, 1)


def _side_by_side(runs: Sequence[Run]) -> list[str]:
    pair = _base_and_tuned(runs)
    if pair is None:
        return []
    base, tuned = ({sample.case.id: sample for sample in run.of_suite("quality")} for run in pair)
    shared = sorted(base.keys() & tuned.keys())
    step = max(1, len(shared) // SIDE_BY_SIDE)
    rows = [
        {
            "description": cell(base[case_id].case.description, 160),
            f"{pair[0].model} (quality)": _answer(base[case_id]),
            f"{pair[1].model} (quality)": _answer(tuned[case_id]),
        }
        for case_id in shared[::step][:SIDE_BY_SIDE]
    ]
    return ["## Side by side: an evenly spaced sample, not hand-picked", table(rows)]


def _base_and_tuned(runs: Sequence[Run]) -> tuple[Run, Run] | None:
    names = {run.model: run for run in runs}
    for run in runs:
        base = names.get(run.model.removesuffix("-lora"))
        if run.model.endswith("-lora") and base is not None:
            return base, run
    return None


def _answer(sample: Sample) -> str:
    return f"`{cell(sample.completion.text, 120)}` ({sample.value('quality') or 0.0:.1f})"


def _provenance(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        facts = run.provenance
        identity = facts.get("identity", {})
        rows.append(
            {
                "model": run.model,
                "prompt": str(facts.get("prompt") or "-"),
                "quantization": str(facts.get("quantization", "-")),
                "weights MiB": number(facts.get("footprint_mib"), ".0f"),
                "trainable parameters": number(facts.get("trainable_parameters"), ",.0f"),
                "weights": str(identity.get("weights") or identity.get("generator") or "-")[:12],
                "adapter": str(identity.get("adapter") or "-")[:12],
                "cases": str(facts.get("cases_sha256", "-"))[:12],
                "samples": str(len(run.samples)),
                "scorer": str(facts.get("scorer", "-"))[:12],
            }
        )
    return table(rows)


def readme_with(text: str, shown: str) -> str:
    """Return the README's text with the table between its two markers replaced."""
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    return f"{head}{start}{shown}\n{end}{tail}" if start and end else text


def outputs(results: Path, readme: Path | None) -> dict[Path, str]:
    """Every page that the runs in `results`/runs determine, by path."""
    known = read_catalog()
    runs = [run for run in read_runs(results / "runs") if is_known(run.model, known)]
    pages = {results / "leaderboard.md": page(runs)}
    if readme is not None and readme.is_file():
        shown = f"{short_table(runs)}\n\n{how_far_to_believe()}"
        pages[readme] = readme_with(readme.read_text(encoding="utf-8"), shown)
    return pages
