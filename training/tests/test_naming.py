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
