"""Serious flaws of a name, which cap what an answer can be worth: what must not stand on a shop front.

    serious_flaw("pawlane.co.uk")   -> None
    serious_flaw("penisland.com")   -> "penisland.com reads as 'penis land'"

`offence` and `brand` are the files of those names; `script`: invisible characters, mixed scripts, a script that passes for
ASCII (after Unicode TS 39). Rules on suffixes, hyphens, filler words and length once stood beside them: blind readers gave
the names that those rules marked down more than the other signals led to expect, so they are gone.
"""

import unicodedata
from functools import lru_cache

import idna

from models.flaws.brands import LOOK_ALIKES, brand_distance
from models.flaws.finding import Finding
from models.flaws.offence import offence
from models.ranker.segment import label_and_suffix

# A part below this is serious.
SERIOUS = 0.5
# Scripts that one language writes together.
_TOGETHER = ({"HIRAGANA", "KATAKANA", "CJK"}, {"HANGUL", "CJK"})
_ACCENTED, _OTHER_SCRIPT = 0.8, 0.9


def serious_flaw(domain: str) -> str | None:
    """Say what no business could live down in `domain`: an offensive reading, a known brand, letters that deceive; or None."""
    label = label_and_suffix(domain)[0].rpartition(".")[2]
    for kind, check in (("offence", offence), ("brand", brand_distance), ("script", script)):
        finding = check(label)
        if finding.value < SERIOUS:
            return f"{domain}: {kind}, {finding.why}"
    return None


@lru_cache(maxsize=200_000)
def script(label: str) -> Finding:
    """Judge the characters of `label`, an A-label decoded: 1 for ASCII, 0 for what hides, mixes or passes for ASCII."""
    if label.lower().startswith("xn--"):
        try:
            label = idna.decode(label)
        except (idna.IDNAError, UnicodeError):
            return Finding(0.0, f"'{label}' decodes to no name")
    if label.isascii():
        return Finding(1.0, "ASCII")
    hidden = [character for character in label if unicodedata.category(character) in {"Cf", "Cc", "Zs", "Co", "Cn"}]
    if hidden:
        return Finding(0.0, f"invisible character U+{ord(hidden[0]):04X}")
    letters = [character for character in unicodedata.normalize("NFC", label.lower()) if character.isalpha()]
    if not letters:
        return Finding(0.0, "symbols and no letter")
    scripts = {unicodedata.name(letter, "UNKNOWN").split(" ")[0].split("-")[0] for letter in letters}
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        return Finding(0.0, f"mixes scripts: {', '.join(sorted(scripts)).lower()}")
    if scripts == {"LATIN"}:
        return Finding(_ACCENTED, "accented letters, hard to type")
    if all(letter in LOOK_ALIKES for letter in letters):
        return Finding(0.0, f"passes for '{''.join(LOOK_ALIKES[letter] for letter in letters)}'")
    return Finding(_OTHER_SCRIPT, f"one script, {', '.join(sorted(scripts)).lower()}")
