"""Do two splits share a description or a name? Copies, near-copies, paraphrases; businesses, domains, labels.

Every two files of different splits are compared, whichever sets they belong to: gold/train with edge/test too. Names have no
exception; descriptions have one, see `held_apart`. Ratings repeat the descriptions of gold rows and the names of answers to
them: they stay in their split if those rows do, which `benchmark.cases.rated` checks.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from benchmark.cases.data_files import Files, Row, description, held_apart, split_of
from models.contract import split_domain
from models.input_check import check
from models.types import Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Jaccard of character 5-grams. A copy with a typing error in every fourth word still has 0.5 and more; of the pairs that
# share no business the highest have 0.4, by a phrase in common ("... for market traders in Lagos").
NEAR_COPY = 0.5
# Cosine of MiniLM. Of the 40 pairs of English rows first found above it, three in four sold the same thing to the same people
# and were rewritten; below it, pairs are two offers of one trade ("Online chess lessons", "Online chess boxing academy").
PARAPHRASE = 0.72
# One or two words name a trade ("bakery"), and every bakery is near it; copies of them are found all the same.
MIN_WORDS = 3
SHINGLE = 5
_WORD = re.compile(r"\w+")
_DISGUISED = re.compile(r"[^\W\d]\d|\d[^\W\d]")

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]


def normalised(text: str) -> str:
    """Text without case, punctuation, disguise and extra space: 'CAFÉ  &co.' -> 'café co'; "" for rejected input."""
    checked = check(text)
    if isinstance(checked, Rejected):
        return ""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", checked).casefold()))


def same_text(files: Files, key: Callable[[str], str] = str) -> list[str]:
    """Descriptions with the same `key` in two splits, or twice in one file."""
    found: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for name, row in _rows(files):
        found[key(description(row))].append((name, row))
    faults = []
    for text, places in found.items():
        splits, names = {split_of(name) for name, _ in places}, [name for name, _ in places]
        if text and (len(splits) > 1 or len(set(names)) < len(names)):
            faults.append(f"{' = '.join(_called(name, row) for name, row in places)}: {text!r:.100}")
    return faults


def near_copies(files: Files, threshold: float = NEAR_COPY) -> list[str]:
    """Descriptions of two splits whose character 5-grams overlap by `threshold` or more (Jaccard).

    MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3) finds candidates, whose exact
    overlap then decides, so that the result does not depend on the hash.
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold * 0.6, num_perm=128)
    seen: list[tuple[str, Row, set[str]]] = []
    faults = []
    for name, row in _rows(files):
        shingles = _shingles(normalised(description(row)))
        if not shingles:
            continue
        sketch = MinHash(num_perm=128)
        sketch.update_batch([shingle.encode() for shingle in shingles])
        for at in sorted(index.query(sketch)):
            other, twin, others = seen[at]
            overlap = len(shingles & others) / len(shingles | others)
            if held_apart(name, other) and overlap >= threshold:
                faults.append(_pair(overlap, (other, twin), (name, row)))
        index.insert(len(seen), sketch)
        seen.append((name, row, shingles))
    return faults


def paraphrases(files: Files, encode: Encode, threshold: float = PARAPHRASE) -> list[str]:
    """English descriptions of two splits whose sentence vectors have a cosine of `threshold` or more.

    `encode` returns one unit vector a text, (texts, width). Only English: the encoder knows nothing else. A row without a
    `language` counts as English if it is ASCII; words of letters and digits mixed (l33t) are all alike to the encoder.
    """
    import numpy as np

    readable: dict[str, list[Row]] = defaultdict(list)
    for name, row in _rows(files):
        if _readable(row):
            readable[name].append(row)
    vectors = {name: encode([str(check(description(row))) for row in rows]) for name, rows in readable.items()}
    faults = []
    for a, b in (two for two in combinations(vectors, 2) if held_apart(*two)):
        cosines = vectors[a] @ vectors[b].T
        for i, j in np.argwhere(cosines >= threshold):
            faults.append(_pair(float(cosines[i, j]), (a, readable[a][i]), (b, readable[b][j])))
    return faults


def paraphrases_abroad(files: Files, encode: Encode, threshold: float = PARAPHRASE) -> list[str]:
    """Descriptions of two splits in other languages than English whose vectors have a cosine of `threshold` or more.

    `encode` returns unit vectors of a multilingual encoder, (texts, width). What all texts have in common is taken away
    first, because the cosines of such encoders all lie close to 1 (Mu and Viswanath, "All-but-the-Top", ICLR 2018). Rows
    that do not say their language are not compared.
    """
    import numpy as np

    rows = [(name, row) for name, row in _rows(files) if row.get("language", "en") != "en" and normalised(description(row))]
    vectors = encode([str(check(description(row))) for _, row in rows])
    vectors = vectors - vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    found = [(rows[i], rows[j], float(cosines[i, j])) for i, j in np.argwhere(np.triu(cosines, 1) >= threshold)]
    return [_pair(cosine, a, b) for a, b, cosine in found if held_apart(a[0], b[0])]


def shared_businesses(files: Files) -> list[str]:
    """Business ids in two splits."""
    return _in_two_splits(files, lambda row: [row["business"]] if "business" in row else [], "business")


def shared_domains(files: Files) -> list[str]:
    """Domains that two splits expect."""
    return _in_two_splits(files, domains, "domain")


def shared_labels(files: Files) -> list[str]:
    """Labels (the domain left of its suffix) that two splits expect."""
    return _in_two_splits(files, labels, "label")


def repeated_labels(name: str, rows: list[Row]) -> list[str]:
    """Labels expected by two rows of one file, or twice by one."""
    owners: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for label in labels(row):
            owners[label].append(row["id"])
    return [f"{name}: {label} is in {', '.join(ids)}" for label, ids in owners.items() if len(ids) > 1]


def domains(row: Row) -> list[str]:
    """The domains that a row expects or calls better; none where it has raw text."""
    if "output" in row:
        return list(json.loads(row["output"]))
    return list(row.get("domains") or row.get("better") or [])


def labels(row: Row) -> list[str]:
    """Their labels."""
    return [(split_domain(domain) or (domain, ""))[0] for domain in domains(row)]


def _rows(files: Files) -> Iterator[tuple[str, Row]]:
    return ((name, row) for name in sorted(files) if not name.startswith("ratings/") for row in files[name])


def _called(name: str, row: Row) -> str:
    return f"{name} {row.get('id', '')}".strip()


def _pair(value: float, a: tuple[str, Row], b: tuple[str, Row]) -> str:
    return f"{value:.2f} {_called(*a)} ~ {_called(*b)}: {description(a[1])!r:.90} ~ {description(b[1])!r:.90}"


def _shingles(text: str) -> set[str]:
    return {text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1))} if text else set()


def _readable(row: Row) -> bool:
    text = str(check(description(row)))
    words = text.split()
    english = row["language"] == "en" if "language" in row else text.isascii()
    return english and len(words) >= MIN_WORDS and sum(bool(_DISGUISED.search(word)) for word in words) * 4 <= len(words)


def _in_two_splits(files: Files, keys: Callable[[Row], list[str]], what: str) -> list[str]:
    places: dict[str, dict[str, str]] = defaultdict(dict)
    for name, row in _rows(files):
        for key in keys(row):
            places[key].setdefault(name, _called(name, row))
    return [
        f"{what} {key}: {', '.join(found.values())}"
        for key, found in places.items()
        if len({split_of(name) for name in found}) > 1
    ]
