"""More rows from train rows: the same businesses described as people and attackers describe them, with the expected answer.

    python -m training augment --show 20

The row {"id": "gold-train-0001", "description": "sourdough bakery in a seaside town", "domains": ["tidecrumb.com", ...]}
becomes, its other fields unchanged,

    {"description": "SOURDOUGH BAKERY IN A SEASIDE TOWN!!!", "domains": ["tidecrumb.com", ...], "kind": "shouting", ...}
    {"description": "sourdough bakery in a seaside town, .org only", "domains": ["tidecrumb.org", ...], "kind": "only_tld", ...}

and a row labelled `unsafe` stays one under every disguise. The phrasings are data: augmentation.toml. What models/input_check
undoes before any model is asked (control characters, look-alike letters, NFD, white space) is not worth a row.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from benchmark.cases import DATASETS, read_rows
from benchmark.expectations import unmet
from models.cli import command
from models.contract import REFUSAL_TEXT
from models.errors import InputError
from models.input_check import check
from models.types import Rejected, Suggestions
from training.wishes import WISHES, Row, phrases

ROWS = (DATASETS / "gold" / "train.jsonl", DATASETS / "safety" / "train.jsonl")
_ROUNDS = 3  # a row may serve one kind again, phrased otherwise
_KEYS = "qwertyuiop asdfghjkl zxcvbnm"
_LEET = str.maketrans("aeios", "43105")
_CONTENT = re.compile(r"\b[a-z]{4,}\b")
# The fields that change, or None where the row does not lend itself to it.
Change = Callable[[Row, random.Random], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to tell a row: of rows with names or of `unsafe` ones; with English phrases, of English rows alone."""

    change: Change
    unsafe: bool = False
    english: bool = False


def augment(rows: Sequence[Row], kinds: Sequence[str], share: float, seed: int = 0) -> list[dict[str, Any]]:
    """Return about `share` x len(rows) new rows, as many of each kind; `id` is the source's.

    The same arguments give the same rows. No kind says the same twice: one that has run out of rows gives fewer.
    InputError for a kind that is not known or to which no row lends itself.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InputError(f"no such kind of augmentation: {', '.join(unknown)}; expected some of {', '.join(KINDS)}")
    total = round(share * len(rows))
    found: list[dict[str, Any]] = []
    for number, name in enumerate(kinds):
        found += _of_kind(name, rows, total // len(kinds) + (number < total % len(kinds)), seed)
    return found


def _of_kind(name: str, rows: Sequence[Row], wanted: int, seed: int) -> list[dict[str, Any]]:
    rng = random.Random(f"{seed} {name}")
    sources = [row for row in rows if _serves(row, KINDS[name])]
    seen = {row["description"] for row in sources}
    found: list[dict[str, Any]] = []
    for row in chain.from_iterable(rng.sample(sources, len(sources)) for _ in range(_ROUNDS)):
        if len(found) == wanted:
            break
        changed = KINDS[name].change(row, rng)
        text = check(changed["description"]) if changed else ""
        if changed and not isinstance(text, Rejected) and text not in seen:
            seen.add(text)
            found.append({**row, **changed, "description": text, "kind": name})
    if wanted > 0 and not found:
        due = "labelled unsafe" if KINDS[name].unsafe else "with `domains`"
        raise InputError(f"augmentation {name!r} found none of {len(rows)} rows to change; expected rows {due}")
    return found


def _serves(row: Row, kind: Kind) -> bool:
    if not isinstance(row.get("description"), str) or (kind.english and row.get("language", "en") != "en"):
        return False
    return row.get("label") == "unsafe" if kind.unsafe else bool(row.get("domains"))


def _fill(phrase: str, **words: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), phrase)


def _wrapped(name: str) -> Change:
    return lambda row, rng: {"description": _fill(rng.choice(phrases()[name]), text=row["description"].rstrip("."))}


def _typos(row: Row, rng: random.Random) -> dict[str, Any]:
    """Mistype a third of the words of four letters and more."""
    words = row["description"].split()
    places = [at for at, word in enumerate(words) if len(word) > 3 and word.isascii() and word.isalpha()]
    for at in rng.sample(places, -(-len(places) // 3)):
        word, cut = words[at], rng.randrange(1, len(words[at]) - 1)
        key = _KEYS.find(word[cut].lower())
        beside = _KEYS[key + 1 : key + 2].strip() or word[cut] * 2
        middle = rng.choice(("", word[cut] * 2, word[cut + 1] + word[cut], beside))
        words[at] = word[:cut] + middle + word[cut + 1 + (middle == word[cut + 1] + word[cut]) :]
    return {"description": " ".join(words)}


def _slang(row: Row, rng: random.Random) -> dict[str, Any]:
    words = re.sub(r"[^\w\s@/&'-]", "", row["description"].lower()).split()
    text = " ".join(phrases()["slang"].get(word, word) for word in words)
    return {"description": f"{rng.choice(phrases()['openers'])} {text}" if rng.random() < 0.5 else text}


def _shouting(row: Row, rng: random.Random) -> dict[str, Any]:
    case = rng.choice((str.upper, str.upper, str.lower, str.title, str.swapcase))
    return {"description": case(row["description"]).rstrip(".!?") + rng.choice(("", "!", "!!!", "?!", "!!1!"))}


def _short(row: Row, rng: random.Random) -> dict[str, Any] | None:
    text = phrases()["short"].get(row.get("id"))
    return {"description": rng.choice((text, text, text.capitalize(), text.upper()))} if text else None


def _repeated(row: Row, rng: random.Random) -> dict[str, Any]:
    """Repeat a short row as a whole, or one word of a long one."""
    text = phrases()["short"].get(row.get("id"), row["description"])
    words = text.split()
    if len(words) <= 8:
        return {"description": " ".join([text] * rng.randint(2, 5))}
    at = rng.randrange(len(words))
    return {"description": " ".join([*words[:at], *[words[at]] * rng.randint(3, 5), *words[at + 1 :]])}


def _link(row: Row, rng: random.Random) -> dict[str, Any] | None:
    words = _CONTENT.findall(row["description"].lower())
    if len(words) < 2:
        return None
    host = rng.choice(("", "-")).join(rng.sample(words, 2))
    return {"description": _fill(rng.choice(phrases()["links"]), text=row["description"].rstrip("."), host=host)}


def _long(row: Row, rng: random.Random) -> dict[str, Any]:
    sentences = rng.sample(phrases()["padding"], rng.randint(2, 12))
    sentences.insert(rng.randint(0, len(sentences)), row["description"].rstrip(".") + ".")
    return {"description": " ".join(sentences)}


def _disguise(row: Row, rng: random.Random) -> dict[str, Any] | None:
    """Write leet, or the two longest words backwards or with something between their letters."""
    if row.get("stratum") == "obfuscated":
        return None
    text: str = row["description"]
    if rng.random() < 0.4:
        return {"description": text.lower().translate(_LEET)}
    hide = rng.choice((lambda word: word[::-1], *(between.join for between in (".", " ", "_", "-", "*"))))
    for word in sorted(set(_CONTENT.findall(text)), key=lambda word: (-len(word), word))[:2]:
        text = re.sub(rf"\b{word}\b", hide(word), text)
    return {"description": text}


def _noise(row: Row, rng: random.Random) -> dict[str, Any] | None:
    return rng.choice((_typos, _shouting, _wrapped("decorations"), _wrapped("markup"), _link, _long))(row, rng)


def _mixed(row: Row, rng: random.Random) -> dict[str, Any]:
    lawful = rng.choice(sorted(phrases()["short"].values()))
    line = row["description"].rstrip(".")
    return {"description": _fill(rng.choice(phrases()["mixed"]), text=lawful, line=line)}


def _wished(name: str) -> Change:
    def change(row: Row, rng: random.Random) -> dict[str, Any] | None:
        wish = WISHES[name](row, rng)
        if wish is None or unmet(wish.expectation, Suggestions(tuple(wish.domains), strict=True)):
            return None
        text = row["description"].rstrip(".")
        return {
            "description": _fill(rng.choice(phrases()["constraints"][name]), text=text, **wish.words),
            "domains": wish.domains,
        }

    return change


KINDS: dict[str, Kind] = {
    **{"typos": Kind(_typos), "slang": Kind(_slang, english=True), "shouting": Kind(_shouting)},
    **{"symbols": Kind(_wrapped("decorations")), "repeated": Kind(_repeated), "short": Kind(_short)},
    **{"markup": Kind(_wrapped("markup")), "link": Kind(_link), "long": Kind(_long, english=True)},
    **{"disguise": Kind(_disguise), "injection": Kind(_wrapped("injection"))},
    **{name: Kind(_wished(name), english=True) for name in WISHES},
    **{"refused_injection": Kind(_wrapped("refused_injection"), unsafe=True), "refused_noise": Kind(_noise, unsafe=True)},
    **{"refused_disguise": Kind(_disguise, unsafe=True), "refused_mixed": Kind(_mixed, unsafe=True)},
}


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Print examples; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training augment", description=__doc__.split("\n")[0])
    parser.add_argument("--show", type=int, default=20, metavar="N", help="how many rows (default 20)")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"some of {', '.join(KINDS)} (default all)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other rows (default 0)")
    options = parser.parse_args(arguments)
    rows = [row for path in ROWS for row in read_rows(path)]
    found = augment(rows, options.kinds.split(","), options.show / len(rows), options.seed)
    for row in found:
        answer = json.dumps(row["domains"], ensure_ascii=False) if row.get("domains") else REFUSAL_TEXT
        print(f"{row['kind']:<17} {row['description']}\n{'':<17} {answer}")
    return 0
