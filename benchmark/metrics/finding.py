"""What a metric found about one label or answer, and how several findings become one.

Finding(value=0.29, why="one filler word, hub", parts=())
combine({"length": Finding(1.0, "8 characters"), "radio": Finding(0.4, "knead: need")}, {"length": 1, "radio": 1})
-> Finding(value=0.63, why="radio 0.40 (knead: need)", parts=(("length", 1.0), ("radio", 0.4)))
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# A part of 0 pulls the whole far down and still leaves the other parts visible.
FLOOR = 0.01
# Parts below this are named in `why`.
_NOTABLE = 0.75


@dataclass(frozen=True, slots=True)
class Finding:
    """A value from 0 to 1, 1 best; why it is so; and the named values it was made of, where there are any."""

    value: float
    why: str
    parts: tuple[tuple[str, float], ...] = ()


def combine(findings: Mapping[str, Finding], weights: Mapping[str, float]) -> Finding:
    """Return the weighted geometric mean of `findings`, which needs the keys of `weights` and no others.

    Geometric, because a name fails by its weakest side: twenty letters are not redeemed by being easy to type.
    `why` names the weak parts, weakest first. Raises KeyError for a missing part, ValueError for an unweighted one.
    """
    if unweighted := findings.keys() - weights.keys():
        raise ValueError(f"no weight for {sorted(unweighted)}")
    log = 0.0
    parts, weak = [], []
    for name, weight in weights.items():
        value = findings[name].value
        log += weight * math.log(max(value, FLOOR))
        parts.append((name, value))
        if value < _NOTABLE:
            weak.append((value, name))
    why = "; ".join(f"{name} {value:.2f} ({findings[name].why})" for value, name in sorted(weak)) or "no weak side"
    return Finding(math.exp(log / sum(weights.values())), why, tuple(parts))
