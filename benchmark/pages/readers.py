"""results/readers.md: how far ruler B agrees with blind readers on test answers that no fitting and no choice has seen.

python -m benchmark pages readers            write the page and its plot from datasets/ratings/test.jsonl and results/runs
python -m benchmark pages readers --check    exit 1 if they are not what the ratings and the runs give
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cases import DATASETS, expectation, read_rows
from benchmark.cases.ratings import CRITERIA, RATINGS, Rated, of_models, read_ratings
from benchmark.markdown import cell, interval, number, table
from benchmark.metrics.ruler import ruler_b
from benchmark.metrics.scoring import score_all
from benchmark.pages.readers_figures import agreement_json
from benchmark.pages.summary import HEADLINES
from benchmark.readers.agreement import agreement_table
from benchmark.readers.fit import halves, listed, values_of
from benchmark.run.run_files import read_runs
from benchmark.stats import (
    Estimate,
    calibration_bins,
    calibration_error,
    mean,
    pairwise_accuracy,
    prediction_powered_mean,
    spearman,
)
from benchmark.types import Case, Run
from models.ranker.confidence import USABLE, confidence
from models.ranker.encoder import Encoder
from models.ranker.ranker import CHOSEN, RULER_A, Ranker, feature_rows
from models.types import Completion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TOLD_APART = 1.0  # points by which readers must differ for a pair to have a right order
FEWEST = 20  # rated answers of a group below which it gets no line
SHOWN = 40
PLOT = "readers.svg"


@dataclass(frozen=True)
class Judged:
    """A rated answer with what readers said of it, what B says (0-10, in the order of CRITERIA), and what A says overall."""

    row: Rated
    readers: Sequence[float]
    ruler: Sequence[float]
    selector: float


def judged(rows: Sequence[Rated], encoder: Encoder) -> list[Judged]:
    """Score rated answers as the quality suite would, each as if English; callers separate the languages afterwards."""
    ok = expectation({"behavior": "ok"})
    pairs = [(Case(row.id, "quality", row.description, "", "", ok, ()), Completion(_text(row), 0, 0.0, "none")) for row in rows]
    b = score_all(pairs, encoder)
    a = score_all(pairs, encoder, ruler=Ranker.load(RULER_A))
    return [
        Judged(
            row, said.tolist(), [one.value(name) or 0.0 for name in (*CRITERIA[:3], "quality")], other.value("quality") or 0.0
        )
        for row, said, one, other in zip(rows, values_of(rows), b, a, strict=True)
    ]


def _text(row: Rated) -> str:
    return "[" + ", ".join(f'"{domain}"' for domain in row.domains) + "]"


def systems(found: Sequence[Judged]) -> list[Judged]:
    """The answers of gold, base, template and models: what a leaderboard ranks, and nothing made up to be hard."""
    return [one for one in found if ":" not in one.row.source]


def models_of(found: Sequence[Judged]) -> list[Judged]:
    """The answers of models and template alone."""
    kept = {row.id for row in of_models([one.row for one in found])}
    return [one for one in found if one.row.id in kept]


def english(found: Sequence[Judged]) -> list[Judged]:
    """The answers to English descriptions, the only ones whose quality is reported."""
    return [one for one in found if one.row.language == "en"]


def agreed(found: Sequence[Judged], criterion: int) -> Estimate | None:
    """Spearman of B and the readers' mean in one criterion, the last of which is overall."""
    return spearman([one.ruler[criterion] for one in found], [one.readers[criterion] for one in found])


def in_order(found: Sequence[Judged]) -> Estimate | None:
    """Of the pairs of answers to one case that readers tell apart by TOLD_APART, the share that B orders as they do."""
    by_case: dict[str, list[Judged]] = {}
    for one in found:
        by_case.setdefault(one.row.case, []).append(one)
    better, worse = [], []
    for answers in by_case.values():
        for a, b in combinations(answers, 2):
            if abs(a.readers[-1] - b.readers[-1]) >= TOLD_APART:
                high, low = (a, b) if a.readers[-1] > b.readers[-1] else (b, a)
                better.append(high.ruler[-1])
                worse.append(low.ruler[-1])
    return pairwise_accuracy(better, worse)


def agreement(found: Sequence[Judged]) -> dict[str, dict[str, Estimate | None]]:
    """Agreement by criterion and the pairs in order, over all systems and over models alone."""
    sets = {"all systems": systems(found), "models": models_of(found)}
    return {
        name: {criterion: agreed(part, place) for place, criterion in enumerate(CRITERIA)} | {"pairs": in_order(part)}
        for name, part in sets.items()
    }


def seen(found: Sequence[Judged], source: str) -> dict[str, Estimate | None]:
    """What the readers and B give the answers of one source on average."""
    own = [one for one in found if one.row.source == source]
    return {"readers": mean([one.readers[-1] for one in own]), "ruler": mean([one.ruler[-1] for one in own])}


def agreement_rows(found: Mapping[str, Mapping[str, Estimate | None]]) -> list[dict[str, str]]:
    """One line a criterion and one for the pairs, one column a set of answers."""
    titles = {"overall": "overall (quality)", **{name: name for name in CRITERIA[:3]}, "pairs": "pairs in order"}
    rows = [
        {"": title, **{part: interval(figures[name], 2) for part, figures in found.items()}} for name, title in titles.items()
    ]
    counts = {part: str(overall.n) if (overall := figures["overall"]) else "0" for part, figures in found.items()}
    return [*rows, {"": "answers", **counts}]


def source_rows(found: Sequence[Judged], runs: Mapping[str, Run]) -> list[dict[str, str]]:
    """One line a source: readers, ruler, their difference, and all cases once the readers have corrected the ruler."""
    rows = []
    for source in sorted({one.row.source for one in found}, key=lambda name: -_mean_said(found, name)):
        own = [one for one in found if one.row.source == source]
        said, ruled = [one.readers[-1] for one in own], [one.ruler[-1] for one in own]
        every = HEADLINES["quality"].case_values(runs[source].of_suite("quality")) if source in runs else []
        on_all = [value for value in every if value is not None]
        rows.append(
            {
                "source": source,
                "answers": str(len(own)),
                "readers": interval(mean(said), 2),
                "ruler B": interval(mean(ruled), 2),
                "B minus readers": interval(mean([b - a for a, b in zip(said, ruled, strict=True)]), 2),
                "A minus B": interval(mean([one.selector - one.ruler[-1] for one in own]), 2),
                "all cases, corrected": interval(prediction_powered_mean(on_all, ruled, said) if on_all else None, 2),
            }
        )
    return rows


def _mean_said(found: Sequence[Judged], source: str) -> float:
    said = [one.readers[-1] for one in found if one.row.source == source]
    return sum(said) / len(said)


def group_rows(found: Sequence[Judged], name: str, group: Callable[[Rated], str]) -> list[dict[str, str]]:
    """Agreement over all sources by group, the largest first; groups of fewer than FEWEST answers have no line."""
    groups: dict[str, list[Judged]] = {}
    for one in found:
        groups.setdefault(group(one.row), []).append(one)
    return [
        {
            name: key,
            "answers": str(len(part)),
            "Spearman": interval(agreed(part, -1), 2),
            "readers": interval(mean([one.readers[-1] for one in part]), 2),
            "ruler B": interval(mean([one.ruler[-1] for one in part]), 2),
        }
        for key, part in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        if len(part) >= FEWEST
    ]


def left_out_rows(found: Sequence[Judged], encoder: Encoder) -> list[dict[str, str]]:
    """Agreement over the models' answers when B had never seen one model's answers in its training."""
    learned = halves(read_ratings(RATINGS / "train.jsonl"))["b"]
    features, said = feature_rows(listed(learned), encoder), values_of(learned)
    part = models_of(found)
    asked = feature_rows(listed([one.row for one in part]), encoder)
    families = sorted({_family(row.source) for row in of_models(learned)})
    rows = [{"left out of B's training": "nothing", **_refitted(ruler_b().predict(asked), part, "")}]
    for family in families:
        kept = [place for place, row in enumerate(learned) if _family(row.source) != family]
        again = Ranker.fit(features[kept], said[kept], CHOSEN).predict(asked)
        rows.append({"left out of B's training": family, **_refitted(again, part, family)})
    return rows


def _family(source: str) -> str:
    """The model of a source, whatever its temperature: smollm2-v3-t07 -> smollm2-v3."""
    head, _, tail = source.rpartition("-")
    return head if head and tail[:1] == "t" and tail[1:].isdigit() else source


def _refitted(values: "Array", part: Sequence[Judged], family: str) -> dict[str, str]:
    again = [replace(one, ruler=row.tolist()) for one, row in zip(part, values, strict=True)]
    own = [one for one in again if _family(one.row.source) == family]
    return {"Spearman, all models": interval(agreed(again, -1), 2), "that model alone": interval(agreed(own, -1), 2)}


def apart_rows(found: Sequence[Judged]) -> list[dict[str, str]]:
    """The answers on which B and the readers differ most."""
    most = sorted(found, key=lambda one: (-abs(one.ruler[-1] - one.readers[-1]), one.row.id))[:SHOWN]
    return [
        {
            "description": cell(one.row.description, 90),
            "names": cell(", ".join(one.row.domains), 80),
            "source": one.row.source,
            "readers": f"{one.readers[-1]:.1f}",
            "ruler B": f"{one.ruler[-1]:.1f}",
            "readers on relevance / creativity / professionalism": " / ".join(f"{value:.1f}" for value in one.readers[:3]),
            "B on them": " / ".join(f"{value:.1f}" for value in one.ruler[:3]),
        }
        for one in most
    ]


def aimed_rows(found: Sequence[Judged]) -> list[dict[str, str]]:
    """By model: how much higher A, B and the readers rate A's favourite of many samples than the first sample."""
    by_source: dict[str, dict[str, Judged]] = {}
    for one in found:
        by_source.setdefault(one.row.source, {})[one.row.case] = one
    rows = []
    for source, best in sorted(by_source.items()):
        model, _, kind = source.partition(":")
        first = by_source.get(f"{model}:first", {})
        cases = sorted(best.keys() & first.keys())
        if not kind.startswith("best-of-") or not cases:
            continue
        gains = {
            "A": [best[case].selector - first[case].selector for case in cases],
            "B": [best[case].ruler[-1] - first[case].ruler[-1] for case in cases],
            "readers": [best[case].readers[-1] - first[case].readers[-1] for case in cases],
        }
        share = sum(gains["readers"]) / sum(gains["B"]) if sum(gains["B"]) > 0 else None
        rows.append(
            {
                "answers": f"{source} - {model}:first",
                "cases": str(len(cases)),
                **{f"gain by {name}": interval(mean(values), 2) for name, values in gains.items()},
                "readers' share of B's gain": number(share, ".0%"),
            }
        )
    return rows


def _confidences(found: Sequence[Judged]) -> tuple[list[float], list[float]]:
    """What the service would say of each answer, and whether readers call it usable."""
    return [confidence(one.selector) for one in found], [float(one.readers[-1] >= USABLE) for one in found]


def confidence_error(found: Sequence[Judged]) -> float | None:
    """Expected calibration error of the service's confidence."""
    return calibration_error(*_confidences(found))


def confidence_rows(found: Sequence[Judged]) -> list[dict[str, str]]:
    """What the confidence says and how often it is so, by tenths."""
    return [
        {"confidence": f"{said:.2f}", "usable to readers": f"{share:.2f}", "answers": str(n)}
        for said, share, n in calibration_bins(*_confidences(found))
    ]


def plot(found: Sequence[Judged]) -> str:
    """Readers against ruler, one dot an answer, as an SVG; the same answers give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = {"gold": "gold", "models": "", "base": "smollm2"}
    with mpl.rc_context({"svg.hashsalt": PLOT, "font.size": 9}):
        figure = Figure(figsize=(6, 6), layout="constrained")
        axes = figure.subplots()
        for label, source in groups.items():
            part = [one for one in systems(found) if one.row.source == source] if source else models_of(found)
            axes.scatter([one.readers[-1] for one in part], [one.ruler[-1] for one in part], s=9, alpha=0.6, label=label)
        axes.plot((0, 10), (0, 10), color="grey", linewidth=0.8)
        axes.set(xlim=(0, 10), ylim=(0, 10), xlabel="blind readers, overall", ylabel="ruler B, quality", aspect="equal")
        axes.legend()
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def outputs(results: Path) -> dict[Path, str]:
    """The page, its plot and its figures by path."""
    encoder = Encoder()
    rows = [row for row in read_ratings(RATINGS / "test.jsonl") if row.readings]
    every = judged(rows, encoder)
    found = english(every)
    industry = {row["id"]: row["industry"] for row in read_rows(DATASETS / "gold" / "test.jsonl")}
    runs = {run.model: run for run in read_runs(results / "runs")}
    return {
        results / "readers.md": page(every, found, runs, encoder, industry),
        results / PLOT: plot(found),
        results / "readers.json": agreement_json(
            {**agreement(found), **{name: seen(found, name) for name in ("gold", "template")}}
        ),
    }


def page(
    every: Sequence[Judged],
    found: Sequence[Judged],
    runs: Mapping[str, Run],
    encoder: Encoder,
    industry: Mapping[str, str],
) -> str:
    """Render results/readers.md; `found` are those of `every` whose descriptions are English."""
    rows = [one.row for one in every]
    parts = [
        "# How far quality agrees with blind readers",
        "Written by `python -m benchmark pages readers`. In brackets: 95% intervals.",
        _who_read(rows),
        "## Agreement of B with the readers",
        "Spearman's correlation with the mean reading; pairs: of two answers to one case that readers tell apart by "
        f"{TOLD_APART:g} point, the share that B orders as they do. English descriptions.",
        table(agreement_rows(agreement(found))),
        f"![readers against ruler]({PLOT})",
        "## Agreement of the readers with each other",
        table_or(
            agreement_table(rows, of_models(rows)), any(len(row.readings) > 1 for row in rows), "No answer has been read twice."
        ),
        "## By source",
        "`B minus readers` is the ruler's error. `A minus B`: above zero where an answer pleases the ruler that selects more "
        "than the one that judges. `all cases, corrected`: quality over all cases of the run minus that error "
        "(prediction-powered inference, Angelopoulos et al., Science 2023).",
        table(source_rows(found, runs)),
        "## When B has never met a model",
        table(left_out_rows(found, encoder)),
        "## When ruler A is aimed at",
        "The best of many samples by A (`python -m training best-of`) against the first, on the same cases. A ruler that was "
        "only learned by what it selects would rise alone.",
        table_or(table(rows_aimed := aimed_rows(found)), bool(rows_aimed), "No such answers have been read yet."),
        "## Confidence",
        "The service gives each name the probability that blind readers call it usable, "
        f"{USABLE:g} or more overall: a curve over ranker A's estimate, fitted on validation readings. On these test answers "
        f"its expected calibration error is {number(confidence_error(systems(found)), '.2f')}.",
        table(confidence_rows(systems(found))),
        "## By language",
        "Quality is not reported for other languages than English; this is why.",
        table(group_rows(every, "language", lambda row: "English" if row.language == "en" else "other")),
        "## By industry",
        table(group_rows(found, "industry", lambda row: industry.get(row.case, "unknown"))),
        f"## The {SHOWN} answers on which they differ most",
        table(apart_rows(found)),
    ]
    return "\n\n".join(parts) + "\n"


def _who_read(rows: Sequence[Rated]) -> str:
    readings = sum(len(row.readings) for row in rows)
    kinds = sorted({reading.kind for row in rows for reading in row.readings})
    learned = {name: len(part) for name, part in halves(read_ratings(RATINGS / "train.jsonl")).items()}
    return (
        f"{len(rows)} answers to {len({row.case for row in rows})} test descriptions, {readings} readings, by readers of the "
        f"kind {' and '.join(kinds)} who saw neither the source nor each other (datasets/ratings). Ruler B learned from "
        f"{learned['b']} train answers, ruler A, which selects, from {learned['a']} to other businesses. Nothing on this page "
        "was used to fit or to choose either. Readers that are language models may prefer names that language models write."
    )


def table_or(text: str, there: bool, otherwise: str) -> str:
    """The table where there is something to compare."""
    return text if there else otherwise
