"""Blind readings: which answers, the sheets, taking them back, and how far the readers agree.

    python -m benchmark readers choose --split train --answers a.jsonl b.jsonl     which answers: datasets/ratings/train.jsonl
    python -m benchmark readers sheet --split train --readings 2 --output sheets   sheets/train-1-01.csv ..., sheets/key.jsonl
    python -m benchmark readers read sheets/train-1-01.csv --split train --reader ana --kind person
    python -m benchmark readers agree --split train
    python -m benchmark readers fit                       learn rulers A and B from the train ratings (--tune: try settings)

Answers are runs, or files as `python -m models.generate` writes them; answers made of gold names are added. A reader gets one
sheet and the scales (`sheet` writes them to SCALES.txt beside it), and nothing else: not the key, no other reader's values.
Sheets can be filled in with a spreadsheet.
"""

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path

from benchmark.cases import DATASETS, read_rows
from benchmark.cases.ratings import RATINGS, of_models, read_ratings, write_ratings
from benchmark.readers.agreement import agreement_table
from benchmark.readers.choice import as_ratings, choose, from_gold, read_candidates
from benchmark.readers.sheets import SCALES, Key, key_lines, make_sheets, read_key, read_sheet, with_readings
from models.cli import command, parser
from models.errors import InputError
from models.files import check_writable, write_atomically
from models.ranker.encoder import Encoder

SPLITS = ("train", "validation", "test")


def _choose(options: argparse.Namespace) -> int:
    path = _ratings(options)
    if path.is_file() and any(row.readings for row in read_ratings(path)):
        raise InputError(f"{path}: it holds readings; name another --ratings, or delete it if they are of no use")
    check_writable(path)
    gold = {row["id"]: row for row in read_rows(DATASETS / "gold" / f"{options.split}.jsonl")}
    candidates = [candidate for file in options.answers for candidate in read_candidates(file)]
    cases = {identity: gold[identity] for identity in {candidate.case for candidate in candidates} & gold.keys()}
    candidates += from_gold(cases, candidates, options.seed)
    rows = as_ratings(choose(candidates, cases, options.per_case, options.seed), cases, options.split)
    write_ratings(rows, path)
    read, sources = {row.case for row in rows}, {row.source for row in rows}
    print(f"{path}: {len(rows)} answers to {len(read)} cases from {len(sources)} sources")
    return 0


def _sheet(options: argparse.Namespace) -> int:
    rows = read_ratings(_ratings(options))
    key: Key = {}
    for number in range(1, options.readings + 1):
        texts, part = make_sheets(rows, f"{options.split}-{number}", options.seed, options.cases)
        key |= part
        for name, text in texts.items():
            write_atomically(options.output / f"{name}.csv", text)
    write_atomically(options.output / "SCALES.txt", SCALES)
    write_atomically(options.output / "key.jsonl", key_lines(key))
    print(f"{options.output}: {len(key)} sheets, {options.readings} readings of {len(rows)} answers")
    return 0


def _read(options: argparse.Namespace) -> int:
    path, rows = _ratings(options), read_ratings(_ratings(options))
    for sheet in options.sheets:
        key = read_key(options.key or sheet.parent / "key.jsonl")
        if sheet.stem not in key:
            raise InputError(f"{sheet}: the key knows the sheets {', '.join(key)}; the file's name says which it is")
        readings = read_sheet(sheet, key[sheet.stem], options.reader or sheet.stem, options.kind, options.date)
        rows = with_readings(rows, readings)
    write_ratings(rows, path)
    print(f"{path}: {sum(len(row.readings) for row in rows)} readings of {len(rows)} answers")
    return 0


def _agree(options: argparse.Namespace) -> int:
    rows = read_ratings(_ratings(options))
    print(agreement_table(rows, of_models(rows)))
    return 0


def _fit(options: argparse.Namespace) -> int:
    from benchmark.readers.fit import fit, tune  # scikit-learn

    encoder = Encoder()
    if options.tune:
        print(tune(encoder))
        return 0
    for name, answers in fit(encoder).items():
        print(f"ruler {name.upper()}: learned from {answers} answers")
    return 0


def _ratings(options: argparse.Namespace) -> Path:
    return options.ratings or RATINGS / f"{options.split}.jsonl"


def _parser() -> argparse.ArgumentParser:
    main_parser = parser("benchmark readers", __doc__)
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str, of_split: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        if not of_split:
            return sub
        sub.add_argument("--split", choices=SPLITS, required=True, help="whose ratings")
        sub.add_argument("--ratings", type=Path, help="another file of ratings than datasets/ratings/SPLIT.jsonl")
        return sub

    choosing = add("choose", _choose, "choose answers to have read, without those that give their source away")
    choosing.add_argument("--answers", type=Path, nargs="+", required=True, help="files of answers")
    choosing.add_argument("--per-case", type=int, default=6, help="answers a case, at most (%(default)s)")
    choosing.add_argument("--seed", type=int, default=0)
    sheet = add("sheet", _sheet, "write the sheets for readers, and their key")
    sheet.add_argument("--readings", type=int, default=2, help="how often each answer is read (%(default)s)")
    sheet.add_argument("--cases", type=int, default=60, help="cases a sheet, at most (%(default)s)")
    sheet.add_argument("--output", type=Path, required=True, help="folder for the sheets")
    sheet.add_argument("--seed", type=int, default=0)
    reading = add("read", _read, "take back filled-in sheets")
    reading.add_argument("sheets", type=Path, nargs="+", help="CSV files with the columns row and the four scales")
    reading.add_argument("--key", type=Path, help="the key (key.jsonl beside the sheet)")
    reading.add_argument("--reader", help="who read (by default the sheet's name: a fresh reader for each)")
    reading.add_argument("--kind", choices=("model", "person"), required=True, help="what the reader is")
    reading.add_argument("--date", type=datetime.date.fromisoformat, default=datetime.date.today(), help="when (today)")
    add("agree", _agree, "print how far the readers agree")
    fitting = add("fit", _fit, "learn rulers A and B from the train ratings", of_split=False)
    fitting.add_argument("--tune", action="store_true", help="only print how other settings do on the validation ratings")
    return main_parser


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    return int(options.run(options))
