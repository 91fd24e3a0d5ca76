"""What a check found about one label."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A value from 0 to 1, 1 best, and why it is so."""

    value: float
    why: str
