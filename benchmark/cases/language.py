"""Is a row in the language that it says? By lingua, on rows long enough to tell."""

from typing import TYPE_CHECKING

from benchmark.cases.data_files import Files, Row, description
from models.input_check import check

if TYPE_CHECKING:
    from lingua import LanguageDetector

MIN_CHARACTERS = 40
# lingua takes English words full of accents or typing errors for another language, but hardly ever surely so.
SURE = 0.8
MIN_AGREEMENT = 0.95
# Their very point is text that no detector can place.
UNDETECTABLE = {"accents_emoji", "mixed_script_rtl", "gibberish", "symbols", "repeated_words", "obfuscated"}


def detector(files: Files) -> "LanguageDetector":
    """Build a detector of the languages that occur in the files; half a gigabyte of memory."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = {row["language"] for rows in files.values() for row in rows if "language" in row} - {"und", "mul"}
    languages = [getattr(IsoCode639_1, code.upper()) for code in sorted(codes)]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*languages).build()


def language_faults(name: str, rows: list[Row], lingua: "LanguageDetector") -> list[str]:
    """Rows that the detector is sure are in another language; too low a share of rows on which it agrees."""
    faults, agreed, told = [], 0, 0
    for row in rows:
        text = str(check(description(row)))
        kind = row.get("class") or row.get("stratum")
        if len(text) < MIN_CHARACTERS or kind in UNDETECTABLE or row["language"] in {"und", "mul"}:
            continue
        best = lingua.compute_language_confidence_values(text)[0]
        found = best.language.iso_code_639_1.name.lower()
        told += 1
        agreed += found == row["language"]
        if found != row["language"] and best.value >= SURE:
            faults.append(f"{name} {row['id']}: {row['language']}, detected {found} ({best.value:.2f}): {text[:80]!r}")
    if told and agreed < MIN_AGREEMENT * told:
        faults.append(f"{name}: the detector agrees on {agreed} of {told} rows, expected {MIN_AGREEMENT:.0%}")
    return faults
