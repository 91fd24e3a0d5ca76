"""What a disguised description says: look-alike letters, leet, spaced-out and reversed words read as they are meant.

    legible("c0ca1ne by p0st")            -> "cocaine by post"
    legible("s t o l e n  cards")         -> "stolen cards"
    legible("enutrof ecnarusni")          -> "fortune insurance"
    legible("4 tyres 4 the price of 3")   -> as it is: read otherwise, it says nothing more

Every disguise is undone where the words that come out are likelier than those that stand there (`models.ranker.segment`).
"""

import re
import unicodedata
from functools import lru_cache
from itertools import product

from models.ranker.segment import k_best, word_logprob

# Letters of other scripts drawn like Latin ones: Cyrillic, Greek, Armenian and small capitals, after Unicode TS 39.
_LOOKS = str.maketrans(
    dict(
        zip(
            "аеорсухіјѕԁһӏкмтвнгпԛԝүѵԍ" + "αορνυικτχγηωςεβρμ" + "օսոհցյ" + "ɡʟɴʀᴀᴇᴏᴛɪᴋᴍᴄᴅᴜᴠ",
            "aeopcyxijsdhlkmtbhrnqwyvg" + "aopvuiktxynwsebpu" + "ounhgj" + "glnraeotikmcduv",
            strict=True,
        )
    )
)
_FILLERS = re.compile(
    "[\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_LEET = {
    "0": "o",
    "1": "il",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "l",
}
_WORD = re.compile(r"[@$]?[^\W_]+(?:[@$!|][^\W_]+)*")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[0-9@$!|])")
# 24h, 2nd, 90s, 4x4, b2b, mp3: figures that are meant.
_FIGURES = re.compile(r"\d+[a-z]{1,3}|\d+x\d+|[a-z]2[a-z]|mp\d|h2o|co2|\d+am|\d+pm")
# Single letters in a row, whatever stands between them: s t o l e n, s.t.o.l.e.n, s-t-o-l-e-n
_SPACED = re.compile(r"(?<![^\W_])(?:(?:[^\W_][ *|/]+){4,}|(?:[^\W_][._-]){3,})[^\W_](?![^\W_])")
# Nats a word: how much likelier the words must become; a word that everybody knows; below which nothing is read.
_GAIN, _KNOWN, _UNREAD = 2.0, -14.5, -15.5
_MOST_DOUBTS = 5  # figures of a word that may stand for two letters


@lru_cache(maxsize=16_384)
def legible(text: str) -> str:
    """Return `text` with its disguises undone; plain text is only NFKC-normalised and stripped of what is invisible."""
    plain = _FILLERS.sub("", unicodedata.normalize("NFKC", text))
    plain = _WORD.sub(lambda match: _latin(match.group()), plain)
    plain = _SPACED.sub(lambda match: _joined(match.group()), plain)
    plain = _WORD.sub(lambda match: _unleet(match.group()), plain)
    return _forward(plain)


def _latin(word: str) -> str:
    """Look-alikes in a word with Latin letters become Latin; so does a whole word of them, if it is one in Latin."""
    folded = word.lower().translate(_LOOKS)
    if folded == word.lower() or not folded.isascii():
        return word
    has_latin = any("a" <= letter <= "z" for letter in word.lower())
    return folded if has_latin or (word_logprob(folded) > _KNOWN and len(folded) > 2) else word


def _joined(run: str) -> str:
    """Join spaced-out letters; wider gaps part words, and else the likeliest words are read into the letters."""
    words = [re.sub(r"[^\w@$!|]|_", "", part) for part in re.split(r"\s{2,}|\s+[/|]\s+", run)]
    return " ".join(" ".join(k_best(_unleet(word.lower()), 1)[0].words) if word else "" for word in words)


def _unleet(word: str) -> str:
    lower = word.lower()
    if not _MIXED.match(lower) or _FIGURES.fullmatch(lower):
        return word
    choices = [_LEET.get(letter, letter) for letter in lower]
    if sum(len(choice) > 1 for choice in choices) > _MOST_DOUBTS:
        choices = [choice[0] for choice in choices]
    best = max(map("".join, product(*choices)), key=_likely)
    return best if _likely(best) > _UNREAD else word


def _likely(word: str) -> float:
    """Log probability a word of the likeliest words in `word`; a split costs as much as a rarer word."""
    words = k_best(word, 1)[0].words if word.isascii() else ()
    return sum(map(word_logprob, words)) / len(words) - 2 * (len(words) - 1) if words else 2 * _UNREAD


def _forward(text: str) -> str:
    """Read the text backwards, or the words that are one only when read so."""
    by_word = re.sub(r"[^\W\d_]{3,}", lambda match: _turned(match.group()), text)
    whole = text[::-1]
    return whole if _mean(whole) > _mean(by_word) + _GAIN else by_word


def _turned(word: str) -> str:
    forward, backward = word.lower(), word.lower()[::-1]
    turned = word_logprob(backward) > _KNOWN and word_logprob(forward) < word_logprob(backward) - 2 * _GAIN
    return backward if turned and word_logprob(forward) < _KNOWN else word


def _mean(text: str) -> float:
    """Mean log probability of the words of three letters and more."""
    words = re.findall(r"[a-z]{3,}", text.lower())
    return sum(map(word_logprob, words)) / len(words) if len(words) > 1 else 0.0
