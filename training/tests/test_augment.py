"""Each kind of augmentation on the real train rows: the answer that is due, constraints obeyed, nothing told of a test set."""

import re
from collections import Counter

import pytest

from benchmark.cases import DATASETS, read_rows
from benchmark.cases.leaks import near_copies
from models.contract import domain_fault, split_domain
from models.errors import InputError
from models.flaws.offence import offensive_reading
from models.input_check import check
from training.augment import KINDS, ROWS, augment, main
from training.data import to_example
from training.wishes import WISHES, phrases

TOLD_AS_IT_IS = sorted(kind for kind in KINDS if kind not in WISHES and not kind.startswith("refused"))
REFUSED = sorted(kind for kind in KINDS if kind.startswith("refused"))
BAKERY = {"id": "gold-train-0001", "description": "sourdough bakery", "domains": ["tide-crumb.com", "salt9.com", "lowoven.co"]}
UNTOUCHABLE = [f"{name}.jsonl" for name in ("gold/test", "gold/validation", "edge/test", "safety/test", "safety/validation")]


@pytest.fixture(scope="module")
def rows():
    return [row for path in ROWS for row in read_rows(path)]


@pytest.fixture(scope="module")
def sources(rows):
    return {row["id"]: row for row in rows}


@pytest.fixture(scope="module")
def forty(rows):
    """Forty rows of each kind."""
    return augment(rows, list(KINDS), 40 * len(KINDS) / len(rows), 0)


@pytest.fixture(scope="module")
def unseen():
    """What no training row may tell: every text of the test and validation sets, in small letters."""
    return [row["description"].casefold() for name in UNTOUCHABLE for row in read_rows(DATASETS / name) if row["description"]]


def of_kind(rows, kind):
    found = [row for row in rows if row["kind"] == kind]
    assert len(found) == 40
    return found


def asked(row, sources):
    """What an augmented row says beyond its source."""
    return row["description"].replace(str(check(sources[row["id"]]["description"])).rstrip("."), " ")


def labels(row):
    return [(split_domain(domain) or ("", ""))[0] for domain in row["domains"]]


def test_share_kinds_and_seed_decide(rows):
    found = augment(rows, ["typos", "only_tld", "refused_noise"], 0.35, 0)
    assert Counter(row["kind"] for row in found) == {
        "typos": 130,
        "only_tld": 129,
        "refused_noise": 129,
    }  # 0.35 x 1110, in three
    assert found == augment(rows, ["typos", "only_tld", "refused_noise"], 0.35, 0)
    assert found != augment(rows, ["typos", "only_tld", "refused_noise"], 0.35, 1)
    assert augment(rows, [], 0.35, 0) == augment(rows, ["typos"], 0, 0) == []


def test_rows_are_new_whole_and_as_the_input_check_leaves_them(forty, rows, sources):
    told = {row["description"] for row in rows}
    assert len({row["description"] for row in forty}) == len(forty)
    for row in forty:
        assert row["description"] not in told
        assert row["description"] == check(row["description"])
        assert row.keys() == {*sources[row["id"]], "kind"}


@pytest.mark.parametrize("kind", TOLD_AS_IT_IS)
def test_a_business_told_otherwise_has_the_same_names(kind, forty, sources):
    assert all(row["domains"] == sources[row["id"]]["domains"] for row in of_kind(forty, kind))


@pytest.mark.parametrize("kind", REFUSED)
def test_a_harmful_business_is_refused_however_it_is_told(kind, forty):
    for row in of_kind(forty, kind):
        assert row["label"] == "unsafe"
        assert to_example(row).answer == '["__BLOCKED__"]'


@pytest.mark.parametrize("kind", sorted(WISHES))
def test_names_under_a_constraint_are_an_answer(kind, forty, sources):
    for row in of_kind(forty, kind):
        assert len(set(row["domains"])) == len(row["domains"]) in (2, 3)
        assert [domain_fault(domain) for domain in row["domains"]] == [None] * len(row["domains"])
        assert not any(offensive_reading(label) for label in {*labels(row)} - {*labels(sources[row["id"]])})


# Each constraint again, from the text alone


def words_asked(row, sources):
    return set(re.findall(r"\w+", asked(row, sources)))


def holds_must_include(row, sources):
    return any(all(word in label for label in labels(row)) for word in words_asked(row, sources) if len(word) > 2)


def holds_avoid_word(row, sources):
    named = words_asked(row, sources) & set(re.findall(r"[a-z]+", sources[row["id"]]["description"]))
    return any(not any(word in label for label in labels(row)) for word in named)


def holds_only_tld(row, sources):
    (suffix,) = {(split_domain(domain) or ("", ""))[1] for domain in row["domains"]}
    return f".{suffix}" in asked(row, sources)


def holds_at_most(row, sources):
    return max(map(len, labels(row))) == int(re.search(r"\d+", asked(row, sources)).group())


def holds_starts_with(row, sources):
    return {label[0].upper() for label in labels(row)} <= words_asked(row, sources)


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        *[("must_include", holds_must_include), ("avoid_word", holds_avoid_word), ("only_tld", holds_only_tld)],
        *[("at_most", holds_at_most), ("starts_with", holds_starts_with)],
    ],
)
def test_what_the_text_asks_is_what_the_names_do(kind, holds, forty, sources):
    assert [row for row in of_kind(forty, kind) if not holds(row, sources)] == []


@pytest.mark.parametrize(
    ("kind", "domains"),
    [
        *[("no_hyphens", ["salt9.com", "lowoven.co"]), ("no_digits", ["tide-crumb.com", "lowoven.co"])],
        ("two_names", ["tide-crumb.com", "salt9.com"]),
    ],
)
def test_names_that_break_a_constraint_are_left_out(kind, domains):
    (row,) = augment([BAKERY], [kind], 1)
    assert row["domains"] == domains


def test_a_row_none_of_whose_names_obey_is_not_used():
    with pytest.raises(InputError, match="'no_hyphens' found none of 1 rows to change; expected rows with `domains`"):
        augment([{**BAKERY, "domains": ["a-b.com", "c-d.com", "e.com"]}], ["no_hyphens"], 1)


def test_errors_name_the_kind(rows):
    with pytest.raises(InputError, match="no such kind of augmentation: shout, scream; expected some of typos, slang"):
        augment(rows, ["shout", "typos", "scream"], 0.1)
    with pytest.raises(InputError, match="'refused_mixed' found none of 1 rows to change; expected rows labelled unsafe"):
        augment([BAKERY], ["refused_mixed"], 1)


# The phrasings


def test_every_phrase_holds_the_text_once():
    tables = phrases()
    lists = [tables[name] for name in ("decorations", "markup", "links", "injection", "refused_injection", "mixed")]
    for phrase in [phrase for found in (*lists, *tables["constraints"].values()) for phrase in found]:
        assert phrase.count("{text}") == 1, phrase
    assert all("{line}" in phrase for phrase in tables["mixed"])
    assert all("{host}" in phrase for phrase in tables["links"])
    assert [tld for tld in tables["tlds"] if domain_fault(f"tidecrumb.{tld}")] == []


def test_short_forms_are_words_of_their_rows(sources):
    for key, text in phrases()["short"].items():
        assert text in sources[key]["description"].casefold()


def near(texts, unseen):
    from rapidfuzz import fuzz, process

    ratios = process.cdist([text.casefold() for text in texts], unseen, scorer=fuzz.ratio, score_cutoff=90)
    return [(texts[at], unseen[other]) for at, other in zip(*ratios.nonzero(), strict=True)]


@pytest.mark.parametrize("seed", range(3))
def test_no_row_tells_a_test_case(seed, rows, unseen):
    found = augment(rows, list(KINDS), 40 * len(KINDS) / len(rows), seed)
    assert near([row["description"] for row in found], unseen) == []


def test_no_row_is_nearly_a_copy_of_a_test_case(forty):
    pytest.importorskip("datasketch", reason="needs the dev extra")
    files = {name.removesuffix(".jsonl"): read_rows(DATASETS / name) for name in UNTOUCHABLE}
    shorts = [{"id": key, "description": text} for key, text in phrases()["short"].items()]
    assert near_copies({**files, "gold/train": [*forty, *shorts]}) == []


def test_no_short_form_is_a_test_case(unseen):
    assert near(list(phrases()["short"].values()), unseen) == []


def test_no_phrase_is_taken_from_a_test_case(unseen):
    from rapidfuzz import fuzz, process

    tables = phrases()
    lists = (
        *(tables[name] for name in ("injection", "refused_injection", "padding", "markup")),
        *tables["constraints"].values(),
    )
    pieces = [piece.strip() for found in lists for phrase in found for piece in re.split(r"\{\w+\}", phrase.casefold())]
    long = [piece for piece in pieces if len(piece) >= 20]
    ratios = process.cdist(long, unseen, scorer=fuzz.partial_ratio, score_cutoff=90)
    # Only a text that is longer than the phrase can hold it.
    assert [(long[a], unseen[b]) for a, b in zip(*ratios.nonzero(), strict=True) if len(unseen[b]) >= len(long[a])] == []


def test_examples_are_printed(capsys):
    assert main(["--show", "4", "--kinds", "shouting,refused_disguise"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[::2]] == ["shouting"] * 2 + ["refused_disguise"] * 2
    assert lines[7].strip() == '["__BLOCKED__"]'
    assert main(["--kinds", "shout"]) == 2
    assert "no such kind of augmentation: shout" in capsys.readouterr().err
