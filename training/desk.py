"""What writing a synthetic row needs: the vocabulary, seeded dice, and what earlier rows have taken.

desk = Desk(load_vocabulary(), random.Random("domainbench 0"))
desk.claim("cat hotel, Ghent")    # True, and False for "Cat hotel Ghent!" from now on
"""

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from models.errors import InputError
from training.diversity import tokens

VOCABULARY = Path(__file__).parent / "vocabulary"
DRAWS = 3000
Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class Desk:
    """The vocabulary, the dice, and the descriptions and labels in use."""

    vocabulary: dict[str, Any]
    rng: random.Random
    descriptions: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)

    def claim(self, text: str) -> bool:
        """Take the description if it is new, but for case and punctuation, and holds no forbidden word."""
        key = " ".join(tokens(text))
        if key in self.descriptions or not set(self.vocabulary["forbidden"]["words"]).isdisjoint(tokens(text)):
            return False
        self.descriptions.add(key)
        return True


def load_vocabulary(folder: Path = VOCABULARY) -> dict[str, Any]:
    """Read every file: `industries`, merged over their files, and the other files' tables by file name."""
    vocabulary: dict[str, Any] = {"industries": {}}
    for path in sorted(folder.glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{path}: not valid TOML: {error}") from error
        if path.stem.startswith("industries_"):
            vocabulary["industries"] |= table
        else:
            vocabulary[path.stem] = table
    return vocabulary


def first(draw: Callable[[], Drawn | None], what: str) -> Drawn:
    """Draw until something comes of it; InputError, naming `what`, when nothing does."""
    for _ in range(DRAWS):
        if (drawn := draw()) is not None:
            return drawn
    raise InputError(f"found no unused {what} in {DRAWS} draws: ask for fewer rows, or extend {VOCABULARY}")
