"""Labels of synthetic rows: how each construction builds one, and which are turned down."""

import random

import pytest

from training import naming
from training.desk import Desk, load_vocabulary

VOCABULARY = load_vocabulary()


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
    assert naming.build_label(way, parts, [["ck$", "k"]], random.Random(0)) == expected


@pytest.mark.parametrize(
    "label",
    ["penisland", "netflix", "starbucksy", "taken", "oat", "overlongnames", "bakeryhill", "angstschrei", "hillll"],
)
def test_which_labels_are_acceptable(label):
    desk = Desk(VOCABULARY, random.Random(0), labels={"taken"})
    assert not naming.acceptable(label, desk, "a bakery in Leeds")
    assert naming.acceptable("crustlane", desk, "a bakery in Leeds")


def test_a_held_out_label_gives_way_and_nothing_else_changes():
    entry = VOCABULARY["industries"]["food_beverage"]

    def draw(held_out):
        desk = Desk(VOCABULARY | {"labels": VOCABULARY["labels"] | {"held_out": held_out}}, random.Random(3))
        names = list(naming.domains(desk, {**entry, "clues": entry["roots"]}, "com", "cat hotel"))
        return names, desk.rng.random(), desk.labels

    names, next_roll, _ = draw([])
    label, suffix = names[1].split(".", 1)
    changed, same_roll, taken = draw([label])
    assert (changed[0], changed[2], same_roll) == (names[0], names[2], next_roll)
    other = changed[1].removesuffix(f".{suffix}")
    assert other not in {changed[1], label}
    assert {other, label} < taken
    assert draw([label]) == (changed, same_roll, taken)
    assert draw([label, other])[0][1] not in {names[1], changed[1]}
