"""Length, 0-10: short labels are remembered and typed. Full points to 9 letters, none from 21.

Source: of real start-up names the median label has 8 characters and 90% have at most 12.
"""

from benchmark.types import Score
from models.contract import split_domain

IDEAL, WORST = 9, 21


def length(domains: tuple[str, ...]) -> Score:
    """Mean over the names."""
    labels = [(split_domain(domain) or (domain, ""))[0] for domain in domains]
    values = [10 * min(1.0, max(0.0, (WORST - len(label)) / (WORST - IDEAL))) for label in labels]
    why = ", ".join(f"{label}: {len(label)}" for label in labels)
    return Score("length", sum(values) / len(values), why)
