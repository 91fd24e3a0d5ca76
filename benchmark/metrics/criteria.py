"""From names to the scores of an answer: each family's findings, averaged over the names and scaled to 0-10.

    criteria("mobile dog groomer, Leeds", "pets_animals", ("pawlane.co.uk", "tubhound.com"), 1.0, known)
        -> creativity 9.4, professionalism 9.7, memorability 9.6, memorised 0

`share` is the part of the answer that is usable: a name that cannot be registered, or stands there twice, is worth nothing.
"""

from collections.abc import Sequence

from benchmark.metrics.creativity import answer_diversity, creativity, novelty
from benchmark.metrics.finding import Finding
from benchmark.metrics.memorability import memorability
from benchmark.metrics.professionalism import professionalism
from benchmark.metrics.segment import label_and_suffix
from benchmark.types import Score

# Names of one answer may share a little; below this mean distance creativity falls in proportion.
ENOUGH_DIVERSITY = 0.5


def criteria(description: str, category: str, names: Sequence[str], share: float, known: frozenset[str]) -> list[Score]:
    """Score creativity, professionalism and memorability (0-10) and `memorised`, the share of names from training rows."""
    labels = [label_of(name) for name in names]
    diversity = answer_diversity(labels)
    variety = min(1.0, diversity.value / ENOUGH_DIVERSITY) if diversity else 1.0
    families = {
        "creativity": ([creativity(label, description, known) for label in labels], variety),
        "professionalism": ([professionalism(name, description, category) for name in names], 1.0),
        "memorability": ([memorability(label) for label in labels], 1.0),
    }
    scores = [_mean(metric, names, findings, share * factor) for metric, (findings, factor) in families.items()]
    copies = [name for name, label in zip(names, labels, strict=True) if novelty(label, known).value == 0.0]
    why = f"training names: {', '.join(copies)}" if copies else "none is a training name"
    return [*scores, Score("memorised", len(copies) / len(names), why, higher_is_better=False)]


def label_of(domain: str) -> str:
    """The label before the public suffix."""
    return label_and_suffix(domain)[0]


def _mean(metric: str, names: Sequence[str], findings: Sequence[Finding], factor: float) -> Score:
    value = 10 * factor * sum(finding.value for finding in findings) / len(findings)
    why = "; ".join(f"{name} {finding.value:.2f}: {finding.why}" for name, finding in zip(names, findings, strict=True))
    return Score(metric, value, why)
