"""The judges' columns of the leaderboard, in a table of their own, and the figures of results/judge.md.

| model | judge | relevance | creativity (advisory) | professionalism | unscored |
"""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.judges.figures import unflat
from benchmark.judges.rubrics import CRITERIA
from benchmark.markdown import interval, table
from benchmark.pages.summary import summarize
from benchmark.stats import Estimate, Paired, holm, paired_shares
from benchmark.types import Run


def judge_section(runs: Sequence[Run]) -> list[str]:
    """The parts of a page that show what judges said of `runs`, one table a judge; nothing where no run was judged."""
    fingerprints: dict[str, list[Run]] = {}
    for run in runs:
        if judge := run.provenance.get("judge"):
            fingerprints.setdefault(judge["fingerprint_sha256"], []).append(run)
    parts = []
    for judged in fingerprints.values():
        judge = judged[0].provenance["judge"]
        advisory = _advisory(judged)
        rows = [_row(run, advisory) for run in judged]
        parts += [f"## By the judge `{judge['name']}`{' (advisory)' if advisory else ''}", table(rows)]
        parts.append(
            f"Scored by {judge['name']}, fingerprint `{judge['fingerprint_sha256'][:12]}`, 0-10 over the quality suite's "
            "cases; no usable name is 0, what the judge left open is counted as unscored and in no mean. "
            "How far to believe it: `results/judge.md`."
        )
        if advisory:
            reasons = "\n".join(f"- {criterion}: {'; '.join(why)}" for criterion, why in advisory.items())
            parts.append(f"**Advisory** columns, on which no gate may rest:\n\n{reasons}")
    return parts


def _advisory(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Criterion -> why it is advisory. Each run keeps what was known when it was judged; doubt in one is doubt in all."""
    kept = [run.provenance["judge"]["advisory"] for run in runs]
    found = {name: list(dict.fromkeys(reason for advisory in kept for reason in advisory[name])) for name in CRITERIA}
    return {name: reasons for name, reasons in found.items() if reasons}


def _row(run: Run, advisory: Mapping[str, list[str]]) -> dict[str, str]:
    summary = summarize(run)
    columns = {
        f"judge {name}{' (advisory)' if name in advisory else ''}": interval(summary[f"judge_{name}"], 2) for name in CRITERIA
    }
    scores = [sample.scores.get(f"judge_{name}") for sample in run.of_suite("quality") for name in CRITERIA]
    unscored = sum(score is None or score.value is None for score in scores)
    return {"model": run.model, **columns, "unscored": f"{unscored} of {len(scores)}"}


def figure(value: list[float] | None) -> str:
    """Write a stored estimate with its interval and number of cases."""
    estimate: Estimate | None = unflat(value)
    return "-" if estimate is None else f"{interval(estimate, 2)}, n = {estimate.n}"


def pairs_table(health: Mapping[str, Any]) -> str:
    """Pairwise accuracy by criterion and kind of corruption."""
    rows = [{"criterion": "all", "kind": "all", "accuracy": figure(health["pairs"]["all"])}]
    for criterion in CRITERIA:
        kinds = health["pairs"][criterion]
        rows += [{"criterion": criterion, "kind": kind, "accuracy": figure(found)} for kind, found in sorted(kinds.items())]
    return table(rows)


def agreement_table(health: Mapping[str, Any]) -> str:
    """Spearman with blind readings of models' answers and with the grades, and where the verdicts lie."""
    rows = []
    for criterion in CRITERIA:
        spread = health["range"][criterion] or {}
        rows.append(
            {
                "criterion": criterion,
                "with blind readers": figure(health["readings"][criterion]),
                "with the grades": figure(health["spearman"][criterion]),
                "quadratic kappa": figure(health["kappa"][criterion]),
                **{name: str(spread.get(name, "-")) for name in ("lowest", "mean", "highest", "deviation", "distinct")},
            }
        )
    return table(rows)


def defects_table(health: Mapping[str, Any]) -> str:
    """How often gold is ahead of the same case with a planted fault, and where the meta-baselines land."""
    rows = [
        {"fault": name, "must lower": found["criterion"], "gold ahead": figure(found["gold_ahead"])}
        for name, found in health["sensitivity"].items()
    ]
    return table(rows)


def baselines_table(health: Mapping[str, Any]) -> str:
    """Mean over the criteria of gold and of answers that must land at the bottom."""
    rows = [
        {"entry": name, "mean": figure(found["mean"]), "gold minus entry": figure(found.get("gold_minus"))}
        for name, found in health["baselines"].items()
    ]
    return table(rows)


def duels_table(duels: Sequence[Mapping[str, Any]]) -> str:
    """One row for two models, one column a criterion: "40-5-10: **0.77 [0.65, 0.87]**", bold if Holm's correction keeps it."""
    shares = [share_won(duel) for duel in duels]
    adjusted = holm([share.p_value if share else 1.0 for share in shares])
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for duel, share, p_value in zip(duels, shares, adjusted, strict=True):
        mark = "**" if p_value < 0.05 else ""
        row = rows.setdefault((duel["a"], duel["b"]), {"a": duel["a"], "b": duel["b"]})
        counts = f"{duel['wins']}-{duel['ties']}-{duel['losses']}"
        row[duel["criterion"]] = f"{counts}: {mark}{interval(share, 2)}{mark}"
    return table(list(rows.values()))


def share_won(duel: Mapping[str, Any]) -> Paired | None:
    """Share of cases that the first model won, ties half, with the p-value of its difference from 1/2; None for no case.

    With w, t and l of n cases won, tied and lost, the share is 1/2 + (w - l) / 2n: half the paired difference of shares.
    """
    wins, losses = duel["wins"], duel["losses"]
    found = paired_shares(wins, losses, wins + duel["ties"] + losses)
    if found is None:
        return None
    return Paired((1 + found.value) / 2, (1 + found.low) / 2, (1 + found.high) / 2, found.n, found.p_value)


def steadiness_table(health: Mapping[str, Any]) -> str:
    """Repeats, order, padding and orders in the text."""
    repeat, swap, injection = health["repeatability"], health["swap"], health["injection"]
    rows = [
        ("asked twice: same verdict", figure(repeat["same"])),
        ("asked twice: largest difference, points of 10", str(repeat["largest_difference"])),
        (f"order swapped ({swap['of']}): verdict kept", figure(swap["held"])),
        *((f"crisp names ahead of padded ones, {name}", figure(found)) for name, found in health["verbosity"].items()),
        *(
            (f"orders in a {kind} that raise the score, {when}", figure(injection[moment].get(kind)))
            for kind in ("description", "domain")
            for moment, when in (("before", "defences off"), ("after", "as it judges"))
        ),
        ("items left unscored", str(health["unscored"])),
    ]
    return table([{"test": name, "found": found} for name, found in rows])
