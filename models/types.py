"""The nouns of answering: a `Request` goes to a model, a `Completion` comes back, the contract reads it as an `Answer`.

One real example:

    Request(id="gold-test-0007", description="mobile dog groomer, Leeds")
    Completion(text='["pawlane.co.uk", "tubhound.com", "furloft.com"]', tokens=19, seconds=0.41, finish_reason="stop",
               mean_logprob=-0.62)
    Suggestions(domains=("pawlane.co.uk", "tubhound.com", "furloft.com"), strict=True)
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Wishes:
    """Wishes of a customer. `must_include`: one of these; `forbidden_tlds`: none of these."""

    must_include: tuple[str, ...] = ()
    must_not_include: tuple[str, ...] = ()
    allowed_tlds: tuple[str, ...] = ()
    forbidden_tlds: tuple[str, ...] = ()
    no_hyphens: bool = False
    no_digits: bool = False
    max_label_length: int | None = None
    starts_with: str | None = None
    script: str | None = None

    def also(self, other: "Wishes") -> "Wishes":
        """Both wishes together; where only one can be kept (words to include, suffixes, a beginning), the other's."""
        limits = [limit for limit in (self.max_label_length, other.max_label_length) if limit is not None]
        return Wishes(
            other.must_include or self.must_include,
            tuple(dict.fromkeys(self.must_not_include + other.must_not_include)),
            other.allowed_tlds or self.allowed_tlds,
            tuple(dict.fromkeys(self.forbidden_tlds + other.forbidden_tlds)),
            self.no_hyphens or other.no_hyphens,
            self.no_digits or other.no_digits,
            min(limits, default=None),
            other.starts_with or self.starts_with,
        )

    def __bool__(self) -> bool:
        """Whether anything is asked."""
        return self != Wishes()


@dataclass(frozen=True, slots=True)
class Request:
    """One description on its way to a model; `wishes` come on top of its own words, `seed` on top of the decoding's."""

    id: str
    description: str
    wishes: Wishes = Wishes()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, raw.

    `tokens` counts generated tokens; `seconds` is this request's share of its batch's wall time; `finish_reason` is
    `stop` (a stop string or end token), `length` (token limit) or `none` (not a token-by-token model);
    `mean_logprob` is the mean natural-log probability of the generated tokens, None where the model gives none.
    """

    text: str
    tokens: int
    seconds: float
    finish_reason: str
    mean_logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """A readable answer: the names as written (lower-cased, trimmed), valid or not; validity is a metric's business."""

    domains: tuple[str, ...]
    strict: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model declined, in any of the three spellings of `models.contract`; `strict` when exactly `["__BLOCKED__"]`."""

    strict: bool


@dataclass(frozen=True, slots=True)
class Malformed:
    """No answer can be read from the text; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The description was turned away before any model saw it; `reason` says why."""

    reason: str


Answer = Suggestions | Refusal | Malformed | Rejected


class Listed(NamedTuple):
    """A description, its language (ISO 639-1) and the names somebody gave it."""

    description: str
    language: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """What loading a model cost: wall seconds, bytes of weights as quantized, adapter parameters; None where unknown."""

    seconds: float | None = None
    footprint: int | None = None
    trainable_parameters: int | None = None
