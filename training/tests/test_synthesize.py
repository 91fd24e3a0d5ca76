import csv
import json
import math
import random
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import domain_fault
from models.errors import InputError
from training import diversity, synthesize

VOCABULARY = synthesize.load_vocabulary()
INDUSTRIES = VOCABULARY["industries"]
LABELS = VOCABULARY["labels"]
MINIMA = {"kinds": 20, "audiences": 12, "twists": 12, "roots": 30, "tlds": 4, "verbs": 6, "foreign": 6}
KEYS = [
    *("food_beverage", "technology", "health_wellness", "professional_services", "agriculture_garden"),
    *(
        "travel_hospitality",
        "pets_animals",
        "family_children",
        "home_services",
        "retail_ecommerce",
        "gaming",
        "security",
    ),
    *("science_biotech", "media_publishing", "manufacturing", "energy_environment", "fashion_beauty", "sports_fitness"),
    *("arts_crafts", "music_events", "nonprofit_community", "finance_insurance", "real_estate", "construction_trades"),
    *("automotive", "logistics_transport", "education"),
]


@pytest.fixture(scope="module")
def rows():
    return {scheme: synthesize.synthesize(scheme, 300, 60, seed=7) for scheme in synthesize.SCHEMES}


def texts(node: Any) -> list[str]:
    """Every string of a vocabulary table."""
    if isinstance(node, str):
        return [node]
    values = [*node.keys(), *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else []
    return [text for value in values for text in texts(value)]


# The vocabulary


def test_every_industry_is_there():
    assert sorted(INDUSTRIES) == sorted(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_industry_is_rich_enough(key):
    entry = INDUSTRIES[key]
    assert {name: len(set(entry[name])) >= least for name, least in MINIMA.items()} == dict.fromkeys(MINIMA, True)
    assert [suffix for suffix in entry["tlds"] if domain_fault(f"label.{suffix}")] == []
    parts = [*entry["roots"], *entry["verbs"], *entry["foreign"], *" ".join(entry["kinds"].values()).split()]
    assert [part for part in parts if not (part.isascii() and part.isalpha() and part.islower())] == []
    assert {len(clues.split()) for clues in entry["kinds"].values()} == {3}


def test_no_vocabulary_word_is_forbidden():
    forbidden = set(VOCABULARY["forbidden"]["words"])
    tables = {name: table for name, table in VOCABULARY.items() if name != "forbidden"}
    assert forbidden & {word for text in texts(tables) for word in diversity.tokens(text)} == set()


def test_every_slot_has_a_filler():
    known = {*VOCABULARY["slots"], *VOCABULARY["plans"]["numbers"], "kind", "field", "audience", "twist", "place"}
    asked = {slot for text in texts([VOCABULARY["plans"], VOCABULARY["slots"]]) for slot in synthesize._SLOT.findall(text)}
    assert asked - known == set()


def test_broken_vocabulary_names_the_file(tmp_path):
    (tmp_path / "plans.toml").write_text("voices = [")
    with pytest.raises(InputError, match=r"plans\.toml: not valid TOML"):
        synthesize.load_vocabulary(tmp_path)


# Descriptions


def test_quotas_are_exact():
    counts = Counter(synthesize._quotas(2700, random.Random(0)))
    sizes = {"simple": (1026, 54), "medium": (1026, 54), "complex": (513, 27)}
    assert counts == {(name, edge): size[edge] for name, size in sizes.items() for edge in (False, True)}


@pytest.mark.parametrize("scheme", synthesize.SCHEMES)
def test_no_description_occurs_twice(rows, scheme):
    found = [row.description.lower() for part in rows[scheme].values() for row in part]
    assert len(set(found)) == len(found) == 360


def test_length_follows_complexity(monkeypatch):
    monkeypatch.setattr(synthesize, "EDGE_SHARE", 0)
    for row in synthesize.synthesize("domainbench", 100, 0, seed=1)["train"]:
        low, high = synthesize.WORDS[row.complexity]
        assert low <= len(row.description.split()) <= high, row


def test_edge_rows_include_other_languages(monkeypatch):
    monkeypatch.setattr(synthesize, "EDGE_SHARE", 1)
    found = synthesize.synthesize("domainbench", 200, 0, seed=1)["train"]
    assert {row.language for row in found} == {"en", "de", "es", "fr", "it"}
    assert min(len(row.description.split()) for row in found) <= 2
    assert any(row.description.isupper() for row in found)


def test_sub_trades_of_test_rows_are_held_out(rows):
    found = {split: [row.description.lower() for row in part] for split, part in rows["domainbench"].items()}
    every = [
        (kind.lower(), at % synthesize.HELD_OUT == 0)
        for entry in INDUSTRIES.values()
        for at, kind in enumerate(entry["kinds"], 1)
    ]

    def share(split: str, held_out: bool) -> float:
        kinds = [kind for kind, held in every if held is held_out]
        return statistics.fmean(any(kind in text for kind in kinds) for text in found[split])

    assert share("train", held_out=True) == 0 < 0.8 < share("train", held_out=False)
    assert share("test", held_out=False) == 0 < 0.8 < share("test", held_out=True)


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("a {x} shop", "an honest shop"),
        ("A {y} shop", "A one-woman shop"),
        ("a {z}", "a used car lot"),
        ("a {v}", "an EV charger"),
        ("{n} of us", "4 of us"),
    ],
)
def test_slots_and_articles(plan, expected):
    slots = {"x": "honest", "y": ["one-woman"], "z": ["{u} lot"], "u": "used car", "v": "EV charger", "n": [4, 4]}
    assert synthesize._expand(plan, slots, random.Random(0)) == expected


def test_no_choice_is_made_twice_in_one_text():
    assert sorted(synthesize._expand("{t} {t} {t}", {"t": ["a1", "b1", "c1"]}, random.Random(3)).split()) == [
        "a1",
        "b1",
        "c1",
    ]


@given(st.text(alphabet="abcdefgh ", max_size=60), st.integers(0, 5), st.integers(0, 99))
def test_typos_stay_inside_long_words(text, most, seed):
    before, after = text.split(" "), synthesize._typos(text, most, random.Random(seed)).split(" ")
    changed = [(one, two) for one, two in zip(before, after, strict=True) if one != two]
    assert len(changed) <= most
    for one, two in changed:
        assert len(one) > 4
        assert abs(len(one) - len(two)) <= 1
        assert (one[0], one[-1]) == (two[0], two[-1])


@pytest.mark.parametrize(("text", "free"), [("Gun shop, Leeds", False), ("begun: shop", True), ("cat hotel GHENT!", False)])
def test_forbidden_or_taken_text_is_not_claimed(text, free):
    desk = synthesize.Desk(VOCABULARY, random.Random(0), descriptions={"cat hotel ghent"})
    assert desk.claim(text) is free


# Labels


@pytest.mark.parametrize(
    ("way", "parts", "expected"),
    [
        ("join", [["slow"], ["crust"]], "slowcrust"),
        ("join", [["oat"], ["thyme"]], "oathyme"),
        ("join", [["jar"], ["jar"]], ""),
        ("ending", [["stone"], ["ora"]], "stonora"),
        ("ending", [["stone"], ["wick"]], "stonewick"),
        ("blend", [["melon"], ["onward"]], "melonward"),
        ("blend", [["melon"], ["crust"]], ""),
        ("respell", [["brick"]], "brik"),
        ("respell", [["tulip"]], ""),
        ("word", [["tulip"]], "tulip"),
    ],
)
def test_constructions(way, parts, expected):
    assert synthesize.build_label(way, parts, [["ck$", "k"]], random.Random(0)) == expected


@pytest.mark.parametrize(
    "label",
    ["penisland", "netflix", "starbucksy", "taken", "oat", "overlongnames", "bakeryhill", "angstschrei", "hillll"],
)
def test_which_labels_are_acceptable(label):
    desk = synthesize.Desk(VOCABULARY, random.Random(0), labels={"taken"})
    assert not synthesize._acceptable(label, desk, "a bakery in Leeds")
    assert synthesize._acceptable("crustlane", desk, "a bakery in Leeds")


def test_labels_are_valid_unique_and_short(rows):
    found = [row.domains for part in rows["domainbench"].values() for row in part]
    assert {len(set(domains)) for domains in found} == {3}
    domains = [domain for three in found for domain in three]
    labels = [domain.split(".")[0] for domain in domains]
    assert [domain for domain in domains if domain_fault(domain)] == []
    assert len(set(labels)) == len(labels)
    assert statistics.median(map(len, labels)) <= 10
    assert 0.45 <= sum(domain.endswith(".com") for domain in domains) / len(domains) <= 0.6


def test_our_scheme_is_more_varied(rows):
    def column(scheme: str) -> tuple[float, ...]:
        train = rows[scheme]["train"]
        descriptions, labels = zip(*((row.description, row.domains[0].split(".")[0]) for row in train), strict=True)
        ending = diversity.common_ending(labels)
        values = (
            diversity.distinct_n(descriptions, 2),
            diversity.self_bleu(descriptions),
            diversity.distinct_share(labels),
        )
        assert ending
        return (*(value or math.nan for value in values), ending[1])

    ours, theirs = column("domainbench"), column("nameforge")
    assert ours[0] > 1.5 * theirs[0]
    assert ours[1] < 0.7 * theirs[1]
    assert ours[2] == 1.0 > theirs[2]
    assert ours[3] < theirs[3]


# The command line


def test_files_agree_and_repeat_byte_for_byte(tmp_path):
    for name, seed in (("one", "5"), ("two", "5"), ("three", "6")):
        synthesize.main(["--train", "40", "--test", "10", "--seed", seed, "--output", str(tmp_path / name)])
    names = ["test.csv", "test.jsonl", "train.csv", "train.jsonl"]
    one, two, three = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / n).iterdir())} for n in ("one", "two", "three")
    )
    assert list(one) == names
    assert one == two
    assert all(one[name] != three[name] for name in names)
    records = [json.loads(line) for line in one["train.jsonl"].decode().splitlines()]
    table = list(csv.DictReader(one["train.csv"].decode().splitlines()))
    assert len(records) == 40
    assert list(records[0]) == ["id", "business", "description", "domains", "industry", "complexity", "language"]
    assert [tuple(row.values()) for row in table] == [(r["description"], r["domains"][0], r["complexity"]) for r in records]
    assert list(table[0]) == ["business_description", "domain_name", "complexity"]
    assert len({record["business"] for record in records}) == 40


def test_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    (tmp_path / "train.csv").write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        synthesize.write({"train": [synthesize.Row("cat hotel", ("purrden.be",), "pets_animals", "simple")]}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train.csv"]
    assert (tmp_path / "train.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train", "-1", "--compare"], "found '-1', expected a whole number of rows"),
        (["--train", "ten", "--compare"], "found 'ten', expected a whole number of rows"),
        (["--train", "5"], "--output --compare is required"),
        (["--scheme", "other", "--compare"], "invalid choice: 'other'"),
        (["--output", __file__], "cannot write to"),
        (["--scheme", "nameforge", "--train", "9000", "--output", "unused"], "found no unused simple train row"),
    ],
)
def test_errors_say_what_was_found_and_expected(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        synthesize.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit):
        synthesize.main(["--help"])
    assert "python -m training.synthesize --train 2700 --test 100 --seed 0 --output DIR" in capsys.readouterr().out


def test_compare_prints_both_schemes(capsys):
    synthesize.main(["--train", "50", "--compare"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| measure | nameforge | domainbench |"
    assert len(lines) == 10


# Diversity, worked by hand


def test_distinct_n_by_hand():
    assert diversity.distinct_n(["a red fox", "A red hen!"], 2) == 0.75
    assert diversity.distinct_n(["it's", "it's"], 1) == 0.5
    assert diversity.distinct_n(["one", ""], 2) is None


def test_self_bleu_by_hand():
    assert diversity.self_bleu(["a red fox", "a red fox"]) == 1.0
    # Each text: 2 of 4 words and 1 of 3 pairs occur in the other.
    assert diversity.self_bleu(["a b c d", "a b x y"], order=2) == pytest.approx(math.sqrt(1 / 2 * 1 / 3))
    # Short text: all its words, brevity e^(1 - 4/2). Long text: 2 of 4 words.
    assert diversity.self_bleu(["a b", "a b c d"], order=1) == pytest.approx((math.exp(-1) + 0.5) / 2)
    # A repeated word counts as often as some other text has it: "a a" against "a c" matches once of two.
    assert diversity.self_bleu(["a a", "a c"], order=1) == pytest.approx(0.5)
    # Nothing in common: 0.1 of 2 words (method 1).
    assert diversity.self_bleu(["a b", "c d"], order=1) == pytest.approx(0.05)
    assert diversity.self_bleu(["alone", "!"]) is None


@settings(max_examples=50)
@given(st.lists(st.text(alphabet="abc ", min_size=1, max_size=12), max_size=8), st.randoms())
def test_self_bleu_is_a_share_and_ignores_order(found, dice):
    value = diversity.self_bleu(found)
    shuffled = dice.sample(found, len(found))
    assert value is None or 0 <= value <= 1 + 1e-9
    assert diversity.self_bleu(shuffled) == (None if value is None else pytest.approx(value))


def test_self_bleu_sample_is_seeded():
    found = [f"word{n % 7} and word{n % 5} with {n}" for n in range(60)]
    assert diversity.self_bleu(found, sample=10, seed=1) == diversity.self_bleu(found, sample=10, seed=1)
    assert diversity.self_bleu(found, sample=10, seed=1) != diversity.self_bleu(found, sample=10, seed=2)


def test_endings_by_hand():
    labels = ["freshlab", "coollab", "petlab", "oat"]
    assert diversity.common_ending(labels) == ("lab", 0.75)
    assert diversity.common_ending(["dot", "cat"]) == ("cat", 0.5)
    assert diversity.repeated_ending_share(labels, above=0.5) == 0.75
    assert diversity.distinct_share(["a", "a", "b", "c"]) == 0.75
    assert (diversity.common_ending([]), diversity.repeated_ending_share([]), diversity.distinct_share([])) == (None,) * 3
    assert set(diversity.measure([], []).values()) == {"-"}
