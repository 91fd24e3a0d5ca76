"""How varied a set of descriptions and labels is: distinct-n, self-BLEU, and how often labels repeat an ending.

    distinct_n(["a red fox", "a red hen"], 2)   -> 0.75   three different pairs among four
    self_bleu(["a red fox", "a red fox"])       -> 1.0    each text is the other, word for word

Sources: distinct-n, Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models" (NAACL 2016);
self-BLEU, Zhu et al., "Texygen" (SIGIR 2018); smoothing, method 1 of Chen & Cherry (WMT 2014). All depend on the number
of rows, so only sets of the same size may be compared.
"""

import math
import random
import re
import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

ENDING = 3  # letters
REPEATED = 0.01  # an ending that more than this share of the labels have counts as repeated
_TOKEN = re.compile(r"\w+(?:['’]\w+)*")
_EPSILON = 0.1

Ngram = tuple[str, ...]


def tokens(text: str) -> list[str]:
    """Lower-cased words, apostrophes inside them kept."""
    return _TOKEN.findall(text.lower())


def ngrams(words: Sequence[str], n: int) -> list[Ngram]:
    """All runs of `n` words; none where the text is shorter."""
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """Different n-grams over all n-grams of the whole set, 0-1; None where there are none."""
    grams = [gram for text in texts for gram in ngrams(tokens(text), n)]
    return len(set(grams)) / len(grams) if grams else None


def self_bleu(texts: Sequence[str], order: int = 4, sample: int = 500, seed: int = 0) -> float | None:
    """Mean BLEU of each text of a seeded sample against all others of the sample, 0-1, lower is more varied.

    Uniform weights over the orders 1 to `order` that the text is long enough for; None below two texts with words.
    """
    chosen = list(texts) if len(texts) <= sample else random.Random(seed).sample(list(texts), sample)
    documents = [words for words in map(tokens, chosen) if words]
    if len(documents) < 2:
        return None
    logs: list[list[float]] = [[] for _ in documents]
    for size in range(1, order + 1):
        counted = [Counter(ngrams(words, size)) for words in documents]
        highest = _two_highest(counted)
        for index, counts in enumerate(counted):
            if total := counts.total():
                matched = sum(min(count, _elsewhere(highest[gram], count)) for gram, count in counts.items())
                logs[index].append(math.log((matched or _EPSILON) / total))
    lengths = sorted(map(len, documents))
    return statistics.fmean(
        math.exp(statistics.fmean(log) + _brevity(len(words), lengths)) for log, words in zip(logs, documents, strict=True)
    )


def _two_highest(counted: Sequence[Counter[Ngram]]) -> dict[Ngram, tuple[int, int]]:
    """Per n-gram, its highest and second-highest count in any text: what the maximum over *other* texts needs."""
    highest: dict[Ngram, tuple[int, int]] = {}
    for counts in counted:
        for gram, count in counts.items():
            first, second = highest.get(gram, (0, 0))
            highest[gram] = (count, first) if count > first else (first, max(second, count))
    return highest


def _elsewhere(two_highest: tuple[int, int], own: int) -> int:
    first, second = two_highest
    return second if own == first else first


def _brevity(length: int, lengths: Sequence[int]) -> float:
    """Log of BLEU's brevity penalty against the nearest length of another text; `lengths` is sorted, `length` in it."""
    at = bisect_left(lengths, length)
    others = [*lengths[max(0, at - 1) : at], *lengths[at + 1 : at + 2]]
    nearest = min(others, key=lambda other: (abs(other - length), other))
    return 0.0 if nearest <= length else 1 - nearest / length


def distinct_share(items: Sequence[str]) -> float | None:
    """Different items over all items."""
    return len(set(items)) / len(items) if items else None


def common_ending(labels: Sequence[str], size: int = ENDING) -> tuple[str, float] | None:
    """The most common ending of `size` letters and the share of labels that have it; ties: the first in ABC order."""
    if not labels:
        return None
    counts = Counter(label[-size:] for label in labels)
    ending = min(counts, key=lambda key: (-counts[key], key))
    return ending, counts[ending] / len(labels)


def repeated_ending_share(labels: Sequence[str], size: int = ENDING, above: float = REPEATED) -> float | None:
    """Share of labels whose ending of `size` letters belongs to more than `above` of all labels."""
    if not labels:
        return None
    counts = Counter(label[-size:] for label in labels)
    return sum(count for count in counts.values() if count > above * len(labels)) / len(labels)


def measure(descriptions: Sequence[str], labels: Sequence[str], seed: int = 0) -> dict[str, str]:
    """All measures of one set as text, by the name that the table shows; labels have no suffix: `pawlane`."""
    ending = common_ending(labels)
    values = {f"distinct-{n} of descriptions (higher is better)": distinct_n(descriptions, n) for n in (1, 2, 3)}
    values["self-BLEU-4 of 500 descriptions (lower is better)"] = self_bleu(descriptions, seed=seed)
    values["distinct labels, share (higher is better)"] = distinct_share(labels)
    values[f"labels with a {ENDING}-letter ending that over {REPEATED:.0%} share (lower is better)"] = repeated_ending_share(
        labels
    )
    shown = {name: "-" if value is None else f"{value:.3f}" for name, value in values.items()}
    shown[f"most common {ENDING}-letter label ending, share (lower is better)"] = (
        "-" if ending is None else f"{ending[1]:.3f} (-{ending[0]})"
    )
    shown["median label length, letters"] = f"{statistics.median(map(len, labels)):g}" if labels else "-"
    return shown


def markdown(columns: Mapping[str, Mapping[str, str]]) -> str:
    """The measures of several sets side by side, one column a set, as a markdown table."""
    names = list(next(iter(columns.values())))
    rows = [["measure", *columns], ["---", *("---:" for _ in columns)]]
    rows += [[name, *(measures[name] for measures in columns.values())] for name in names]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
