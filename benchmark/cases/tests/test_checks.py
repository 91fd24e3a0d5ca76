"""Tests of the tests: each fault, put into the real data, is found, and nothing else is."""

import copy
import random

import pytest

from benchmark.cases import DATASETS, balance, language, leaks, names, schema, surface
from benchmark.cases import rated as readings_check
from benchmark.cases import satisfiable as expectations
from benchmark.cases.data_files import Files, read_files

BRANDS = names.read_brands()


@pytest.fixture(scope="session")
def pristine() -> Files:
    return read_files(DATASETS)


@pytest.fixture
def files(pristine) -> Files:
    """A copy to spoil, of the sets that the leaks below touch."""
    return copy.deepcopy({name: rows for name, rows in pristine.items() if name.startswith(("gold/", "edge/", "safety/"))})


def typos(text: str, every: int, rng: random.Random) -> str:
    """Double, drop or swap a letter in every n-th word."""
    words = text.split()
    for at in range(0, len(words), every):
        word, cut = words[at], rng.randrange(max(1, len(words[at]) - 1))
        words[at] = rng.choice([word[:cut] + word[cut : cut + 1] + word[cut:], word[:cut] + word[cut + 1 :]])
    return " ".join(words)


# Leaks


def test_a_copied_test_row_is_found_by_every_leak_check(files):
    files["gold/train"].append({**files["gold/test"][7], "id": "gold-train-9999"})
    row = files["gold/test"][7]
    where = f"gold/test {row['id']}", "gold/train gold-train-9999"
    for found in (
        leaks.same_text(files),
        leaks.same_text(files, leaks.normalised),
        leaks.near_copies(files),
        leaks.shared_businesses(files),
    ):
        assert len(found) == 1
        assert all(name in found[0] for name in where)
    assert len(leaks.shared_labels(files)) == len(leaks.shared_domains(files)) == 3


def test_a_copy_in_other_case_and_punctuation_is_found(files):
    text = files["edge/test"][120]["description"]
    files["safety/train"][0]["description"] = f"  {text.upper().replace(' ', '  ')}!! "
    assert leaks.same_text(files) == []
    assert len(leaks.same_text(files, leaks.normalised)) == 1


def test_a_disguised_copy_is_found(files):
    row = next(row for row in files["edge/test"] if row["class"] == "technical")
    files["gold/train"][3]["description"] = row["description"].replace("e", "\u200be").replace("o", "о")
    assert len(leaks.same_text(files, leaks.normalised)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_with_typing_errors_is_found(files, seed):
    row = files["gold/test"][random.Random(seed).randrange(200)]
    files["gold/train"][seed]["description"] = typos(f"hello, {row['description']} please", 4, random.Random(seed))
    found = leaks.near_copies(files)
    assert len(found) == 1
    assert row["id"] in found[0]


def test_the_same_text_twice_in_one_file_is_found(files):
    files["gold/train"][5]["description"] = files["gold/train"][6]["description"]
    assert len(leaks.same_text(files)) == 1


def test_paraphrases_by_hand():
    import numpy as np

    vectors = {"dogs washed at home": (1.0, 0.0), "home visits for dogs": (0.8, 0.6), "oak floors laid well": (0.0, 1.0)}

    def encode(texts):
        return np.array([vectors[text] for text in texts], np.float32)

    def row(text, **fields):
        return {"id": text[:3], "description": text, **fields}

    files = {
        "gold/test": [row("dogs washed at home", language="en")],
        "gold/train": [row("home visits for dogs", language="en"), row("oak floors laid well", language="en")],
        "calibration/pairs_validation": [row("oak floors laid well")],
    }
    found = leaks.paraphrases(files, encode)
    assert [line[:4] for line in found] == ["1.00", "0.80"]
    assert "calibration/pairs_validation oak ~ gold/train oak" in found[0]
    assert leaks.paraphrases({name: rows for name, rows in files.items() if name != "gold/train"}, encode) == []
    # Another language, one or two words, and l33t say nothing to the encoder.
    for hidden in (row("dogs washed at home", language="de"), row("dogs"), row("d0gs w4shed at h0me", language="en")):
        assert leaks.paraphrases({"gold/test": [hidden], "gold/train": files["gold/train"][:1]}, encode) == []


def test_paraphrases_in_other_languages_by_hand():
    import numpy as np

    # What all three have in common, (0, 0, 9), is taken away; then the first two point the same way and the third does not.
    vectors = {"Hundesalon": (1.0, 0.1, 9.0), "salon pour chiens": (1.0, -0.1, 9.0), "oak floors": (-2.0, 0.0, 9.0)}

    def encode(texts):
        return np.array([vectors[text] for text in texts], np.float32)

    def row(text, language):
        return {"id": text[:3], "description": text, "language": language}

    files = {
        "gold/test": [row("Hundesalon", "de")],
        "safety/train": [row("salon pour chiens", "fr"), row("oak floors", "und")],
    }
    (found,) = leaks.paraphrases_abroad(files, encode)
    assert found.startswith("0.98 gold/test Hun ~ safety/train sal")
    english = {**files, "gold/test": [row("Hundesalon", "en")]}
    same_split = {"gold/train": files["gold/test"], "safety/train": files["safety/train"]}
    assert leaks.paraphrases_abroad(english, encode) == leaks.paraphrases_abroad(same_split, encode) == []


def test_a_paraphrase_with_typing_errors_is_found(files):
    from models.ranker.encoder import Encoder

    original = next(row for row in files["gold/test"] if row["description"] == "handsome wooden chicken coops")
    leak = {**files["gold/train"][0], "description": "We bild good-looking coops of wood for hens"}
    some = {"gold/test": [*files["gold/test"][:20], original], "gold/train": [*files["gold/train"][:20], leak]}
    assert leaks.near_copies(some) == []
    found = leaks.paraphrases(some, Encoder().matrix)
    assert [line[5:].split(":")[0] for line in found] == [f"gold/test {original['id']} ~ gold/train {leak['id']}"]


@pytest.mark.parametrize(
    ("one", "two", "description_may", "label_may"),
    [
        ("synthetic/test", "synthetic/train", True, False),
        ("synthetic/test", "gold/train", False, False),
        ("gold/test", "synthetic/train", False, False),
        ("gold/validation", "calibration/pairs_test", False, False),
        ("gold/train", "synthetic/train", True, True),
    ],
)
def test_which_files_may_share_what(one, two, description_may, label_may):
    a = {"id": "a", "description": "My best friend and I own a mobile DJ", "domains": ["purrden.be"]}
    b = {"id": "b", "description": "My best friend and I own a mobile DJ!", "domains": ["purrden.com"]}
    files = {one: [a], two: [b]}
    assert (leaks.near_copies(files) == []) is description_may
    assert (leaks.shared_labels(files) == []) is label_may
    assert leaks.shared_domains(files) == []
    assert (leaks.shared_domains({one: [a], two: [a]}) == []) is label_may


# Fields, names, balance, meaning: one fault in one row of the real files


def spoil(**fields):
    def change(rows):
        rows[0].update(fields)

    return change


def drop(key):
    return lambda rows: rows[0].pop(key)


def remove(**fields):
    """Remove all rows with these values but one."""

    def change(rows):
        found = [row for row in rows if all(row[key] == value for key, value in fields.items())]
        rows[:] = [row for row in rows if row not in found[1:]]

    return change


def every(**fields):
    """Change every row."""

    def change(rows):
        for row in rows:
            row.update({key: value(row) if callable(value) else value for key, value in fields.items()})

    return change


def foreign_is(language):
    return every(language=lambda row: row["language"] if row["language"] == "en" else language)


FAULTS = [
    (schema.schema_faults, "gold/test", drop("industry"), "industry: Field required"),
    (schema.schema_faults, "gold/test", spoil(industry="bakeries"), "expected one of food_beverage"),
    (schema.schema_faults, "gold/test", spoil(domains=["one.com", "two.com"]), "domains: List should have at least 3"),
    (schema.schema_faults, "gold/test", spoil(split="train"), "split: Extra inputs are not permitted"),
    (schema.schema_faults, "gold/test", spoil(description=" \n"), "description: String should match"),
    (schema.schema_faults, "safety/test", spoil(label="harmful"), "label: Input should be 'unsafe' or 'safe'"),
    (schema.schema_faults, "safety/train", spoil(domains=["oat.com", "rye.com", "bun.com"]), "only a row labelled `safe`"),
    (schema.schema_faults, "safety/train", lambda rows: rows[6].update(domains=["oat.com"]), "domains: List should have at"),
    (schema.schema_faults, "edge/test", spoil(expect={"behavior": "ok", "no_hyphen": True}), "expect.no_hyphen: Extra"),
    (schema.schema_faults, "edge/test", spoil(expect={"behavior": "refuse", "no_hyphens": True}), "only behavior `ok`"),
    (schema.schema_faults, "calibration/pairs_test", drop("better"), "expected better_raw and worse_raw for"),
    (
        schema.schema_faults,
        "calibration/graded_test",
        spoil(grades={"relevance": 11}),
        "grades.relevance: Input should be less",
    ),
    (schema.schema_faults, "instruct/train", spoil(output="one.com, two.com, three.com"), "expected a JSON array of three"),
    (schema.schema_faults, "instruct/train", spoil(output='["a.com", "b.com", "c.invalidtld"]'), "expected a JSON array"),
    (leaks.repeated_labels, "gold/train", spoil(domains=["crumb.com", "crumb.co", "oat.com"]), "gold/train: crumb is in"),
    (
        names.invalid_domains,
        "gold/validation",
        spoil(domains=["bread.bakeryy", "oat.com", "rye.com"]),
        "bread.bakeryy (suffix)",
    ),
    (names.invalid_domains, "calibration/pairs_test", spoil(better=["-oat.com", "rye.com"]), "-oat.com (ldh)"),
    (names.suffix_faults, "gold/test", every(domains=["oat.com", "rye.com", "bun.com"]), "100% .com"),
    (names.suffix_faults, "gold/test", every(domains=["oat.com", "rye.com", "bun.co"]), "2 different suffixes"),
    (names.length_faults, "gold/test", every(domains=["elevenchars.com"]), "median label of 11 characters"),
    (names.length_faults, "gold/test", every(domains=["oat.com", "rye.com", "fifteenletters2.com"]), "over 14 characters"),
    (names.hyphen_faults, "gold/test", every(domains=["oat.com", "oat-2.com"]), " labels with hyphen or digit, expected 2%"),
    (balance.complexity_faults, "gold/test", remove(complexity="complex"), "complex, expected 20%"),
    (balance.industry_faults, "gold/test", remove(industry="technology"), "1 rows of technology, expected 25"),
    (balance.industry_faults, "gold/validation", every(industry="gaming"), "1 industries, expected 24"),
    (balance.language_share_faults, "gold/test", every(language="en"), "0.0% not English"),
    (balance.language_share_faults, "gold/test", foreign_is("de"), "1 languages besides English, expected 6"),
    (balance.class_faults, "edge/test", remove(**{"class": "idiom"}), "1 rows of class idiom, expected 8"),
    (balance.safety_faults, "safety/test", spoil(label="safe"), "485 unsafe and 487 safe rows"),
    (balance.safety_faults, "safety/test", remove(category="hate", label="safe"), "hate: 42 unsafe and 1 safe rows"),
    (balance.safety_faults, "safety/test", every(category="hate"), "1 categories of harm, expected 12"),
    (expectations.expectation_faults, "edge/test", spoil(expect={"behavior": "ok"}), "but the input check says otherwise"),
    (
        expectations.expectation_faults,
        "edge/test",
        lambda rows: rows[20].update(expect={"behavior": "ok", "must_include": ["zenith"], "max_label_length": 5}),
        "found no two names",
    ),
    (
        expectations.expectation_faults,
        "edge/test",
        lambda rows: rows[20].update(expect={"behavior": "ok", "allowed_tlds": ["invalidtld"]}),
        "found no two names",
    ),
]


@pytest.mark.parametrize(("check", "name", "change", "message"), FAULTS)
def test_a_fault_is_found(check, name, change, message, pristine):
    assert check(name, pristine[name]) == []
    rows = copy.deepcopy(pristine[name])
    change(rows)
    found = check(name, rows)
    assert any(message in line for line in found), found


@pytest.mark.parametrize(
    ("label", "used", "recalled"),
    [
        *[("netflix", 1, 1), ("apple", 1, 0), ("appletree", 0, 0), ("starbuckscafe", 0, 1), ("microsift", 0, 1)],
        *[("netflx", 0, 1), ("canvas", 0, 0), ("tidecrumb", 0, 0)],
    ],
)
def test_brands(label, used, recalled):
    rows = [{"id": "gold-test-0001", "domains": [f"{label}.com"]}]
    assert (len(names.brands_used("gold/test", rows, BRANDS)), len(names.brands_recalled("gold/test", rows, BRANDS))) == (
        used,
        recalled,
    )


def test_missing_rows_and_ids(pristine):
    assert balance.missing_rows(pristine) == schema.repeated_ids(pristine) == []
    files = {**pristine, "gold/test": pristine["gold/test"][1:] + pristine["edge/test"][:1]}
    assert schema.repeated_ids(files) == ["id edge-001 is given 2 times"]
    files["gold/test"] = files["gold/test"][:309]
    assert balance.missing_rows(files) == ["gold/test: 309 rows, expected at least 400"]
    assert schema.schema_faults("golden/test", [])[0].startswith("golden/test: no such data set; expected one of gold/, ")


def test_contrast_pairs(files):
    safety = {name: rows for name, rows in files.items() if name.startswith("safety/")}
    assert balance.contrast_faults(safety) == []
    pair = next(row for row in safety["safety/train"] if row["pair"])
    pair["label"] = {"safe": "unsafe", "unsafe": "safe"}[pair["label"]]
    assert f"pair {pair['pair']}: " in balance.contrast_faults(safety)[0]
    pair["pair"] = None
    assert f"{pair['id']}: stratum contrast with pair None" in balance.contrast_faults(safety)[0]
    few = {"safety/test": [row for row in safety["safety/test"] if row["stratum"] != "contrast"]}
    assert balance.contrast_faults(few) == ["0 contrast pairs, expected 80"]


def test_calibration_covers_its_kinds(pristine):
    files = {name: rows for name, rows in pristine.items() if name.startswith("calibration/")}
    assert balance.calibration_faults(files) == []
    flat = [{**row, "grades": {"relevance": 9}} for row in files["calibration/graded_test"]]
    rest = {name: [row for row in rows if row.get("kind") != "near_miss"] for name, rows in files.items()}
    assert balance.calibration_faults({**rest, "calibration/graded_test": flat}) == [
        "0 pairs of kind near_miss, expected 20",
        "calibration/graded_test: 1 different grades of relevance, expected 5",
    ]


@pytest.mark.parametrize("kind", ["on_brief_vs_off_brief", "valid_vs_malformed"])
def test_a_pair_the_wrong_way_round_is_found(kind, pristine):
    name = "calibration/pairs_test"
    row = next(row for row in pristine[name] if row["kind"] == kind)
    suffix = "_raw" if kind == "valid_vs_malformed" else ""
    turned = {**row, f"better{suffix}": row[f"worse{suffix}"], f"worse{suffix}": row[f"better{suffix}"]}
    assert expectations.pair_faults(name, [row]) == []
    assert "the worse one fine, too" in expectations.pair_faults(name, [turned])[0]


def test_a_wrong_language_is_found(pristine):
    detector = language.detector({"gold/train": pristine["gold/train"]})
    german = [row for row in pristine["gold/train"] if row["language"] == "de"]
    assert language.language_faults("gold/train", german, detector) == []
    found = language.language_faults("gold/train", [{**row, "language": "sv"} for row in german], detector)
    assert "sv, detected de" in found[0]
    assert "the detector agrees on 0 of" in found[-1]


def rated(case="gold-test-1", description="bakery", readings=3):
    sheets = [{"sheet": f"test-{number}-01"} for number in range(readings)]
    return {"id": "rating-test-1", "case": case, "description": description, "language": "en", "readings": sheets}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (rated(), None),
        (rated(readings=0), "found 0 readings, expected 1"),
        (rated(description="baker"), "has another description or language by now"),
        (rated(case="gold-train-1"), "found the case gold-train-1, expected one of gold/test"),
    ],
)
def test_ratings_belong_to_their_rows(row, fault):
    files = {"gold/test": [{"id": "gold-test-1", "description": "bakery", "language": "en"}]}
    found = readings_check.rating_faults("ratings/test", [row], files)
    assert len(found) == (fault is not None)
    assert all(fault in text for text in found)


def test_ratings_repeat_the_descriptions_of_their_split():
    files = {"gold/test": [{"id": "a", "description": "bakery"}], "ratings/test": [{"id": "b", "description": "bakery"}] * 2}
    assert leaks.same_text(files) == []


def hard(better, worse, description="a bakery by the sea"):
    return {"description": description, "better": better, "worse": worse}


def test_rules_of_letters_by_hand():
    copies = hard(["bakery.com"], ["zxqwv.com"])
    assert surface.overlap(copies["description"], copies["better"]) == 1
    assert surface.overlap(copies["description"], copies["worse"]) == 0
    assert surface.shorter("", ["four.com", "sixsix.co.uk"]) == -5
    assert surface.trigrams("", ["harbour.com"]) > surface.trigrams("", ["zxqwv.com"])
    assert surface.share_ordered("overlap", [copies, hard(["x.com"], ["q.com"])]) == 0.75  # one right, one tie


def test_a_kind_that_a_rule_orders_is_named():
    pairs = [hard(["longer.com"], ["short.com"])] * 2 + [hard(["short.com"], ["longer.com"])] * 2
    assert surface.surface_faults("one_bad_name", pairs) == []
    faults = surface.surface_faults("one_bad_name", pairs[:2])
    assert faults[0].startswith("one_bad_name: the rule 'shorter' orders 0% of 2 pairs, expected 35% to 65%")
    assert not any("shorter" in fault for fault in surface.surface_faults("longer_but_better", pairs[:2]))
