"""Offence: does a plausible reading of the label say something that its owner would rather not see in print?

    offence("penisland")        -> 0.2: "label splits as pen + island; 'penis' is a plausible split, log-odds -0.3"
    offence("therapistfinder")  -> 1.0: "no offensive split": 'rapist' lies inside a word that readers see whole
    offence("penistonebikes")   -> 1.0: cutting up the town of Penistone moves no letter across a border

A term counts where a reader meets it: as the likeliest reading, or *exposed*, which means that its reading disagrees
with the innocent one about where the words begin (pen|island, penis|land). A term that merely lies inside an innocent
word (s-cunt-horpe, the-rapist, cock-tail) is the error of substring filters and does not count. Readings are ranked by
the word frequencies of `models.ranker.segment`. Terms and phrases: `data/offensive.csv`,
`data/offensive_phrases.csv`, ours (severity 1 crude, 2 embarrassing, 3 unusable). Limits were set on one half of the
lists in `tests/data/` and on gold train rows; the other half measures them.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path

from models.contract import MAX_LABEL
from models.flaws.finding import Finding
from models.ranker.segment import Split, is_word, k_best, word_logprob

_DATA = Path(__file__).parent / "data"
VALUE_BY_SEVERITY = {1: 0.6, 2: 0.2, 3: 0.0}
# Nats: an exposed term is seen down to 1 : e^16 against the best innocent reading, because the eye needs only one good
# look; every other word of its reading must be at least as frequent as 1 in 7 million, or the reading is no reading.
_EXPOSED_LOG_ODDS, _RAREST_WORD = -16.0, -15.8
# A label of one word shows a severe term or a phrase inside it where that is nearly as likely: therapist, not fagan.
_BARE_LOG_ODDS = -4.0
# Innocent readings that count as seen, in nats below the best of them.
_ALSO_SEEN = 3.0
# Terms that the frequency list does not know are as rare as its rarest words.
_UNLISTED_TERM = -20.7
_LETTERS = re.compile(r"[a-z]+")
_LEET = str.maketrans("01345789$@", "oieastbgsa")
_LEET_INSIDE = re.compile(r"(?<=[a-z])[0-9$@]+(?=[a-z])")
# Set phrases whose own words are on the list and whose meaning is not.
_INNOCENT = (
    "pussywillow",
    "cockadoodle",
    "killerwhale",
    "spermwhale",
    "deadsea",
    "nakedeye",
    "bluetit",
    "coaltit",
    "buttjoint",
)


@dataclass(frozen=True, slots=True)
class OffensiveReading:
    """A reading with an offensive term in it; `log_odds` in nats against `innocent`, the best reading without one."""

    term: str
    severity: int
    words: tuple[str, ...]
    innocent: tuple[str, ...]
    log_odds: float


@cache
def _terms() -> dict[str, tuple[tuple[str, ...], int]]:
    """Return the letters of each term or phrase, to its words and severity."""
    terms: dict[str, tuple[tuple[str, ...], int]] = {}
    for name, column in (("offensive_phrases.csv", "phrase"), ("offensive.csv", "term")):
        with (_DATA / name).open(newline="") as file:
            for row in csv.DictReader(file):
                words = tuple(row[column].split())
                terms["".join(words)] = (words, int(row["severity"]))
    return terms


@cache
def _terms_by_start() -> dict[str, list[str]]:
    starts: dict[str, list[str]] = {}
    for term in _terms():
        starts.setdefault(term[:3], []).append(term)
    return starts


@lru_cache(maxsize=200_000)
def offensive_reading(label: str) -> OffensiveReading | None:
    """Return the worst plausible offensive reading of `label`, the severest and then the likeliest, or None.

    Hyphens and digits end a word, so `pen-island` has one reading; figures inside letters are read as letters too. Of a label
    that is too long to be registered the first MAX_LABEL letters are read, so that no answer can make scoring slow.
    """
    lower = label[:MAX_LABEL].lower()
    spelled = _LEET_INSIDE.sub(lambda match: match.group().translate(_LEET), lower)
    runs = dict.fromkeys(_LETTERS.findall(lower) + (_LETTERS.findall(spelled) if spelled != lower else []))
    found = [reading for run in runs for reading in _plausible_offences(run)]
    return max(found, key=lambda reading: (reading.severity, reading.log_odds), default=None)


def offence(label: str) -> Finding:
    """Return 1 where no plausible reading of `label` offends, else the value of the worst term's severity."""
    found = offensive_reading(label)
    if found is None:
        return Finding(1.0, "no offensive split")
    value = VALUE_BY_SEVERITY[found.severity]
    if not found.innocent or not all(map(is_word, found.innocent)):
        return Finding(value, f"label reads as {' + '.join(found.words)}; '{found.term}' is offensive")
    innocent = " + ".join(found.innocent)
    return Finding(value, f"label splits as {innocent}; '{found.term}' is a plausible split, log-odds {found.log_odds:.1f}")


def _plausible_offences(run: str) -> Iterator[OffensiveReading]:
    starts = _terms_by_start()
    beginnings = ((at, starts[run[at : at + 3]]) for at in range(len(run) - 2) if run[at : at + 3] in starts)
    hits = [(at, at + len(term)) for at, terms in beginnings for term in terms if run.startswith(term, at)]
    if not hits:
        return
    covered = [range(at, at + len(name)) for name in _INNOCENT if (at := run.find(name)) >= 0]
    innocent = [split for split in k_best(run) if not _has_term(split.words)]
    innocent = [split for split in innocent if split.logprob >= innocent[0].logprob - _ALSO_SEEN]
    for start, end in hits:
        if any(start in span and end - 1 in span for span in covered):
            continue
        found = _judge(run, start, end, innocent)
        if found:
            yield found


def _judge(run: str, start: int, end: int, innocent: list[Split]) -> OffensiveReading | None:
    """Return the likeliest reading of `run` with a term at [start, end) if readers see it."""
    words, severity = _terms()[run[start:end]]
    before = k_best(run[:start], 1)[0] if start else Split((), 0.0)
    after = k_best(run[end:], 1)[0] if end < len(run) else Split((), 0.0)
    if any(word_logprob(word) < _RAREST_WORD for word in before.words + after.words):
        return None
    reading = before.words + words + after.words
    logprob = before.logprob + sum(max(word_logprob(word), _UNLISTED_TERM) for word in words) + after.logprob
    # Where each of the best readings has a term there is no innocent one to compare with: the term is what it says.
    best = innocent[0] if innocent else Split((), k_best(run)[-1].logprob)
    found = OffensiveReading(" ".join(words), severity, reading, best.words, logprob - best.logprob)
    if not innocent or found.log_odds >= 0.0 or end - start == len(run):
        return found
    if best.words == (run,):
        return found if (severity == 3 or len(words) > 1) and found.log_odds >= _BARE_LOG_ODDS else None
    exposed = all(_exposed(split.words, reading, start, end) for split in innocent)
    seen = exposed and found.log_odds >= _EXPOSED_LOG_ODDS and len(reading) <= len(best.words) + 1
    return found if seen else None


def _exposed(innocent: tuple[str, ...], reading: tuple[str, ...], start: int, end: int) -> bool:
    """Whether a border of the innocent words lies inside the term, or is none in the offensive reading."""
    borders = set(accumulate(map(len, innocent[:-1])))
    return any(start < border < end for border in borders) or not borders <= set(accumulate(map(len, reading)))


def _has_term(words: tuple[str, ...]) -> bool:
    terms = _terms()
    joined = (words[i:j] for i in range(len(words)) for j in range(i + 1, min(len(words), i + 4) + 1))
    return any(terms.get("".join(piece), ((), 0))[0] == piece for piece in joined)
