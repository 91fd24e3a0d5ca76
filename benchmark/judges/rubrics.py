"""The questions put to a judge, and how untrusted text is quoted in them.

    rubric("relevance").bands[0]   -> Band(low=0, high=1, meaning="No connection: ...")
    question("mobile dog groomer, Leeds", "pawlane.co.uk", "relevance")
        -> ('"mobile dog groomer, Leeds":', ' pawlane.co.uk', ' relevance')                           next token: a digit

The parts of a question stay apart so that names of one business share its tokens, and criteria of one name share both.
Hardening: a description is normalised, stripped of quotation marks, cut to LONGEST characters and quoted. Its lines stay lines:
folded into one, an order in the text comes nearer to the name, and more of the planted ones moved the local judge. A name that
could not be registered is never shown to a judge, and look-alike letters are shown as the A-label they make.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import idna

from models.contract import domain_fault
from models.input_check import check

PATH = Path(__file__).with_name("rubrics.toml")
CRITERIA = ("relevance", "creativity", "professionalism")
# Calibration pairs name finer criteria than a judge has: memorability is a part of professionalism.
JUDGED_AS = {**{name: name for name in CRITERIA}, "memorability": "professionalism"}
LONGEST = 600
_QUOTES = str.maketrans(dict.fromkeys('"“”„«»', "'"))


class Band(NamedTuple):
    """What the digits low..high mean."""

    low: int
    high: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """One criterion: the steps of judging it and the meaning of its digits, 0-9."""

    name: str
    steps: tuple[str, ...]
    bands: tuple[Band, ...]


@cache
def rubric(criterion: str) -> Rubric:
    """Return a criterion's rubric; KeyError for one that is not in CRITERIA."""
    fields = _read()[criterion]
    return Rubric(criterion, tuple(fields["steps"]), tuple(Band(*band) for band in fields["bands"]))


@cache
def preamble() -> str:
    """Return what the local judge reads once before all questions."""
    return str(_read()["preamble"]).strip() + "\n"


def rubrics_sha256() -> str:
    """Hash of the rubrics' file, for a judge's fingerprint."""
    return hashlib.sha256(PATH.read_bytes()).hexdigest()


def harden(description: str) -> str:
    """Return the description as inert data: normalised, no empty lines or quotation marks, at most LONGEST characters."""
    lines = map(check, description[: 4 * LONGEST].splitlines())  # dropped characters do not count
    text = "\n".join(line for line in lines if isinstance(line, str)).translate(_QUOTES)
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0]


def judgeable(domain: str) -> str | None:
    """Return a valid domain in lower case, as A-labels where it is not ASCII; None for one that cannot be registered."""
    if domain_fault(domain) is not None:
        return None
    name = domain.lower()
    return name if name.isascii() else idna.encode(name, strict=True).decode()


def question(description: str, domain: str, criterion: str) -> tuple[str, str, str]:
    """Return the parts of the text after `preamble` that the next token, a digit, answers."""
    return f'"{description}":', f" {domain}", f" {criterion}"


def answer_value(criterion: str, values: Sequence[Any]) -> Any:
    """Combine the values (numbers or tensors) of an answer's names: their mean, for professionalism halfway to the worst.

    Source: datasets/CALIBRATION_RUBRIC.md, "How to grade", 3. answer_value("professionalism", [9, 9, 0]) -> 3.0
    """
    mean = sum(values) / len(values)
    return (mean + min(values)) / 2 if criterion == "professionalism" else mean


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(PATH.read_text(encoding="utf-8"))
