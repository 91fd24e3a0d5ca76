"""Synthetic rows: business descriptions with domain names, from the vocabularies in `training/vocabulary/`.

    python -m training.synthesize --train 2700 --test 100 --seed 0 --output DIR

writes train.csv, test.csv (`business_description,domain_name,complexity`; the first name of each row) and train.jsonl,
test.jsonl, one object a line:

    {"id": "synthetic-train-00001", "business": "synthetic-business-train-00001", "description": "cat hotel, Ghent",
     "domains": ["purrden.be", "napsuite.com", "sunfold.pet"], "industry": "pets_animals", "complexity": "simple",
     "language": "en"}

40% of the rows are simple, 40% medium, 20% complex; 5% are edge rows (very short, vague, typos, mixed language ...).
The same seed writes the same bytes. Schemes: `domainbench` draws a sub-trade, a voice and one of many sentence plans,
and builds each label another way; the sub-trades of its test rows occur in no train row. `nameforge` is one template
a complexity and a short list of label suffixes: it repeats itself, and is kept to be measured against (--compare).
"""

import argparse
import csv
import io
import json
import random
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from models.cli import command
from models.files import check_writable, write_atomically
from training.desk import Desk, first, load_vocabulary
from training.diversity import markdown, measure
from training.naming import domains

WORDS = {"simple": (3, 10), "medium": (10, 25), "complex": (25, 60)}  # an ordinary row's length, both ends included
EDGE_SHARE = 0.05
HELD_OUT = 8  # every eighth sub-trade of an industry is for test rows only
_SLOT = re.compile(r"\{(\w+)\}")
_AN = re.compile(r"\b([Aa]) (?=[aeiAEIO]|o(?!ne\b)|u(?!ni|se)|HR\b|ho(?:ur|nest))")
_START = re.compile(r"(?:^|[.?!] )[a-z]")


@dataclass(frozen=True, slots=True)
class Row:
    """One description with its names, the fields in the order of the JSONL."""

    description: str
    domains: tuple[str, ...]
    industry: str
    complexity: str
    language: str = "en"


def synthesize(scheme: str, train: int, test: int, seed: int) -> dict[str, list[Row]]:
    """Return the `train` and `test` rows; raises InputError when the vocabulary is too small for so many."""
    desk = Desk(load_vocabulary(), random.Random(f"{scheme} {seed}"))
    return {
        split: [
            first(partial(SCHEMES[scheme], desk, split, complexity, edge), f"{complexity} {split} row")
            for complexity, edge in tqdm(_quotas(count, desk.rng), desc=f"{scheme} {split}", unit="row")
        ]
        for split, count in (("train", train), ("test", test))
    }


def _quotas(count: int, rng: random.Random) -> list[tuple[str, bool]]:
    """Complexity and edge flag of each row, in random order: 40/40/20, and 5% of each."""
    medium, complex_ = round(0.4 * count), round(0.2 * count)
    sizes = {"simple": count - medium - complex_, "medium": medium, "complex": complex_}
    rows = [(complexity, at < round(EDGE_SHARE * size)) for complexity, size in sizes.items() for at in range(size)]
    rng.shuffle(rows)
    return rows


def domainbench_row(desk: Desk, split: str, complexity: str, edge: bool) -> Row | None:
    """Try one row of our own scheme; None when the text is taken, forbidden or of the wrong length."""
    vocabulary, rng = desk.vocabulary, desk.rng
    plans, slots = vocabulary["plans"], vocabulary["slots"]
    industry = rng.choice(list(vocabulary["industries"]))
    entry = vocabulary["industries"][industry]
    kind = rng.choice([kind for at, kind in enumerate(entry["kinds"], 1) if (at % HELD_OUT == 0) == (split == "test")])
    if edge:
        voice = rng.choice([voice for voice in plans["edge"] if voice["complexity"] == complexity])
    else:
        name = rng.choices(list(plans["voices"]), list(plans["voices"].values()))[0]
        voice = {"name": name, "plans": plans["plans"][complexity][name]}
    places = {place: suffix for suffix, names in vocabulary["labels"]["places"].items() for place in names}
    slots = slots | plans["numbers"] | {"twist": entry["twists"], "place": list(places)}
    # One row keeps its trade, audience and relative however often a plan asks for them.
    slots |= {"kind": kind, "field": entry["field"]}
    slots |= {"audience": rng.choice(entry["audiences"]), "relative": rng.choice(slots["relative"])}
    plain = _expand(rng.choice(voice["plans"]), slots, rng)
    text = _in_voice(plain, voice, plans["typos"], rng)
    low, high = WORDS[complexity]
    if not (edge or low <= len(text.split()) <= high) or not desk.claim(text):
        return None
    suffix = next((places[place] for place in places if place in plain), "com")
    clues = entry["kinds"][kind].split() if kind in plain else entry["roots"]
    names = tuple(domains(desk, {**entry, "clues": clues}, suffix, plain))
    return Row(text, names, industry, complexity, voice.get("language", "en"))


def nameforge_row(desk: Desk, split: str, complexity: str, edge: bool) -> Row | None:
    """Try one row as the first report made them; labels may repeat between rows, as they did there."""
    lists, rng = desk.vocabulary["nameforge"], desk.rng
    industry, service = rng.choice([(key, name) for key, names in lists["services"].items() for name in names])
    adjective = rng.choice(lists["adjective"])
    text = _expand(lists["templates"][complexity], lists | {"adjective": adjective, "service": service}, rng)
    text = _typos(text, 3, rng) if edge else text
    if not desk.claim(text):
        return None
    stems = [re.sub("[^a-z]", "", stem) for stem in (adjective, service.split()[0])]
    labels = rng.sample([stem + suffix for stem in stems for suffix in lists["suffixes"]], 3)
    names = tuple(f"{label}.{rng.choice(lists['tlds'])}" for label in labels)
    return Row(text, names, industry, complexity)


Scheme = Callable[[Desk, str, str, bool], Row | None]
SCHEMES: dict[str, Scheme] = {"domainbench": domainbench_row, "nameforge": nameforge_row}


def _expand(plan: str, slots: Mapping[str, Any], rng: random.Random) -> str:
    """Fill the plan's slots, and the slots of what fills them: with the one text, a number of the range, or a choice.

    No choice is made twice in one text.
    """
    used: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        options = slots[match[1]]
        if isinstance(options, str):
            return options
        if isinstance(options[0], int):
            return str(rng.randint(*options))
        choice: str = rng.choice([option for option in options if option not in used])
        used.add(choice)
        return _SLOT.sub(fill, choice)

    return _AN.sub(r"\1n ", _SLOT.sub(fill, plan))


def _in_voice(text: str, voice: Mapping[str, Any], typos: Mapping[str, Any], rng: random.Random) -> str:
    """Letter case and typing errors: slang is lower case, so is half of the tags; others begin sentences properly."""
    if voice["name"] == "slang" or (voice["name"] == "tag" and rng.random() < 0.5):
        text = text.lower()
    elif voice["name"] != "tag":
        text = _START.sub(lambda match: match[0].upper(), text)
    most = voice.get("typos") or (typos["most"] if rng.random() < typos["share"] else 0)
    return _typos(text.upper() if voice.get("shout") else text, most, rng)


def _typos(text: str, most: int, rng: random.Random) -> str:
    """Drop, swap or double a letter inside up to `most` of the longer words."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) > 4]
    for at in rng.sample(long, min(len(long), rng.randint(1, most) if most else 0)):
        word, cut = words[at], rng.randrange(1, len(words[at]) - 2)
        tails = (word[cut + 1 :], word[cut + 1] + word[cut] + word[cut + 2 :], word[cut] + word[cut:])
        words[at] = word[:cut] + rng.choice(tails)
    return " ".join(words)


def write(rows: Mapping[str, Sequence[Row]], folder: Path) -> None:
    """Write SPLIT.csv and SPLIT.jsonl, each by way of a temporary file, so that no reader sees half of one."""
    for split, found in rows.items():
        numbers = [f"{split}-{number:05d}" for number in range(1, len(found) + 1)]
        records = [
            {"id": f"synthetic-{number}", "business": f"synthetic-business-{number}"} | asdict(row)
            for number, row in zip(numbers, found, strict=True)
        ]
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["business_description", "domain_name", "complexity"])
        writer.writerows([row.description, row.domains[0], row.complexity] for row in found)
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        for name, text in ((f"{split}.csv", table.getvalue()), (f"{split}.jsonl", lines)):
            write_atomically(folder / name, text)


def compare(count: int, seed: int) -> str:
    """The diversity of `count` rows of each scheme, descriptions and first labels, as a markdown table."""
    columns = {}
    for scheme in sorted(SCHEMES, reverse=True):
        rows = synthesize(scheme, count, 0, seed)["train"]
        labels = [row.domains[0].split(".")[0] for row in rows]
        columns[scheme] = measure([row.description for row in rows], labels)
    return markdown(columns)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of rows, 0 or more")
    return int(text)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; a usage error exits with 2."""
    parser = argparse.ArgumentParser(
        prog="python -m training.synthesize", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=_count, default=2700, metavar="N", help="rows of train (default 2700)")
    parser.add_argument("--test", type=_count, default=100, metavar="N", help="rows of test (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other rows (default 0)")
    parser.add_argument("--scheme", choices=SCHEMES, default="domainbench", help="default domainbench")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--output", type=Path, metavar="DIR", help="folder for the four files, created where missing")
    task.add_argument("--compare", action="store_true", help="print the diversity of N train rows of both schemes")
    options = parser.parse_args(arguments)
    if options.compare:
        print(compare(options.train, options.seed))
        return 0
    check_writable(options.output / "train.csv")
    write(synthesize(options.scheme, options.train, options.test, options.seed), options.output)
    print(f"{options.train} train and {options.test} test rows of scheme {options.scheme} in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
