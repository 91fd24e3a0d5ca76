"""The input check: what is turned away, with a clear reason, before any model sees it; the rest is normalised.

check("\\n\\t")                  -> Rejected("the description is empty")
check("co\\u200bffee  shop")      -> "coffee shop"
"""

import re
import unicodedata
from functools import lru_cache

from models.types import Rejected

MAX_CHARACTERS = 8000
_SPACE = re.compile(r"\s+")
# They hold emoji sequences and Persian or Indic words together; between Latin letters they only hide.
_JOINERS = "\u200c\u200d"
# Letters of other scripts drawn like Latin ones: mapped, and joiners dropped, only in words with Latin letters.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁԛԝАВЕКМНОРСТХІЈЅ", "aeopcyxijsdqwABEKMHOPCTXIJS", _JOINERS)
# Joiners and combining accents belong to the word, or a second check would see other words than the first.
_WORD = re.compile(rf"[\w\u0300-\u036f{_JOINERS}]+")


@lru_cache(maxsize=16_384)
def check(description: str) -> str | Rejected:
    """Return the description normalised (NFC, no control or format characters, single spaces), or Rejected."""
    text = "".join(" " if character.isspace() else character for character in description if _kept(character))
    # Letters that a dropped character kept apart may compose only now: hence NFC after every step that drops one.
    text = unicodedata.normalize("NFC", _WORD.sub(_undisguise, unicodedata.normalize("NFC", text)))
    text = _SPACE.sub(" ", text).strip(f" {_JOINERS}")
    if not text:
        return Rejected("the description is empty")
    if len(text) > MAX_CHARACTERS:
        return Rejected(f"the description has {len(text)} characters; at most {MAX_CHARACTERS} are accepted")
    return text


def _kept(character: str) -> bool:
    return character.isspace() or character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}


def _undisguise(match: re.Match[str]) -> str:
    word = match.group()
    if any("a" <= letter <= "z" or "A" <= letter <= "Z" for letter in word):
        return word.translate(_LOOKALIKES)
    return word
