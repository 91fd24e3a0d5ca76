"""The rule-based generator: the benchmark's floor, and what the service falls back on when no model can answer.

    suggest("mobile dog groomer, Leeds")  -> ["dogmitten.com", "muzzlerun.com", "groomique.dog"]
    respond("mobile dog groomer, Leeds")  -> '["dogmitten.com", "muzzlerun.com", "groomique.dog"]'

A description is folded to plain letters, its stop words are dropped, its topics are looked up in vocabulary.toml, and
names are built in four ways: keyword + root, root compound, blend with an overlap, clipped word + ending. It has no
refusals of its own: it is a floor, not a guard, and answers whatever it is asked.
"""

import hashlib
import json
import random
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.contract import domain_fault
from models.input_check import MAX_CHARACTERS

MIN_LABEL, MAX_LABEL, BEST_LABEL = 5, 14, 9
_VOCABULARY = Path(__file__).with_name("vocabulary.toml")

# Letters that Unicode decomposition leaves alone.
_PLAIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "’": "'"})
_NOISE = re.compile(r"(?:https?://|www\.)\S+|\S{1,64}@\S+|<[^<>]{0,80}>|(?<![\w.-])[a-z0-9-]{1,63}\.[a-z]\S*")
_VOWEL = re.compile(r"[aeiouy]")
_UNSAYABLE = re.compile(r"[^aeiouy]{5}|(.)\1\1|^[^aeiouy]*$")
_ADJECTIVE = re.compile(r"(?:ed|al|ous|ive|able|ic|er|ly)$")
_FIRST_SYLLABLE = re.compile(r"[^aeiouy]*[aeiouy]+[^aeiouy]+")

# What a client may plainly ask of the names, in folded text; what these match is no part of the business.
_WORD = r"[\"'`]?([a-z]{2,12})\b[\"'`]?"
_TLD = re.compile(r"(\b(?:no|not|never|avoid|without|kein|sans)\s+)?(?<!\w)\.([a-z]{2,12}(?:\.[a-z]{2})?)\b", re.I)
_TLD_CUE = re.compile(r"\b(?:only|must|ends?|ending|domains?|tld|want|nur|enden|solo|uniquement|seulement)\b", re.I)
_BANNED = re.compile(
    r"(?i)(?:\b(?:without|avoid|not?|never|nothing)\b|n't)[^.;:]{0,25}?\b(?:words?|use|include|contain|mention)\s+"
    rf"(?:the\s+)?(?:words?\s+)?{_WORD}(?:\s*(?:,|\bor\b|\band\b)\s*{_WORD})?"
)
_REQUIRED = re.compile(
    r"(?i)\b(?:(?:include|contain|feature)(?:s|ing)?\s+(?:the\s+)?(?:(?:word|name|term)\s+|(?=[\"'`]))"
    rf"|must\s+(?:include|contain|feature)\s+(?!the\b|an?\b)){_WORD}"
)
# "no palm trees": what is negated is not what is sold; "no.1" and "not for profit" are.
_NEGATED = re.compile(r"(?i)\b(?:no|not|never|without|except|ohne|keine?|sans|senza)\s+(?!for\b)[a-z]+( [a-z]+)?")


@dataclass(frozen=True, slots=True)
class Topic:
    """A field of business: the phrases that point at it (its keywords are in `Vocabulary.index`) and its words."""

    phrases: tuple[str, ...]
    roots: tuple[str, ...]
    suffixes: tuple[str, ...]
    tlds: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """vocabulary.toml, read; `index` leads from a stem to its topics, of which "generic" serves where none is found."""

    topics: dict[str, Topic]
    index: dict[str, tuple[str, ...]]
    heads: tuple[str, ...]
    endings: tuple[str, ...]
    ugly: re.Pattern[str]
    stopwords: dict[str, frozenset[str]]
    language_tlds: dict[str, str]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the description plainly asks of its names; the empty string and tuple ask nothing."""

    required: str
    banned: tuple[str, ...]
    tlds: tuple[str, ...]
    banned_tlds: tuple[str, ...]

    def allow(self, label: str) -> bool:
        """Whether `label` obeys them, the suffix aside, and has a good length."""
        good = MIN_LABEL <= len(label) <= max(MAX_LABEL, len(self.required) + 5)
        return good and self.required in label and not any(word in label for word in self.banned)


@dataclass(frozen=True, slots=True)
class Brief:
    """A description as the rules see it: its keywords, best first, and the words and suffixes of its topics."""

    keywords: tuple[str, ...]
    roots: tuple[str, ...]
    suffixes: tuple[str, ...]
    tld: str


Candidate = tuple[float, str, frozenset[str]]  # (gain, label, the words in it)


def suggest(description: str, count: int = 3, seed: int = 0) -> list[str]:
    """Return `count` distinct valid domain names for any text at all; the same text and seed give the same names.

    Labels are 5-14 ASCII letters (longer around a long required word). Of three names two are .com and one has a suffix
    of the topic or language, unless the text asks for others. Wishes that cannot be met are dropped.
    """
    digest = hashlib.sha256(f"{seed}\n{description}".encode(errors="surrogatepass")).digest()
    rng = random.Random(int.from_bytes(digest))
    wishes, text = _wishes(_NOISE.sub(" ", _fold(description[:MAX_CHARACTERS])))
    brief = _brief(text, wishes.required, rng)
    usual = [tld for tld in ("com", "com", brief.tld) if tld not in wishes.banned_tlds]
    tlds = wishes.tlds or usual or ("net", "org")
    return [f"{label}.{tlds[i % len(tlds)]}" for i, label in enumerate(_labels(brief, wishes, rng, count))]


def respond(description: str, seed: int = 0) -> str:
    """Return the raw text that a model would write: a JSON array of three names, never a refusal."""
    return json.dumps(suggest(description, 3, seed))


def identity() -> str:
    """Return the SHA-256 of this file and its vocabulary: the cache key of completions made by these rules."""
    return hashlib.sha256(Path(__file__).read_bytes() + _VOCABULARY.read_bytes()).hexdigest()


@cache
def vocabulary() -> Vocabulary:
    """Read vocabulary.toml; keywords and stop words are folded and stemmed as descriptions are."""
    data = tomllib.loads(_VOCABULARY.read_text(encoding="utf-8"))
    index: dict[str, tuple[str, ...]] = {}
    topics: dict[str, Topic] = {}
    for name, entry in data["topic"].items():
        words = _fold(entry["keywords"]).lower().split()
        phrases = tuple(word.replace("-", " ") for word in words if not word.isascii() or "-" in word)
        for word in dict.fromkeys(_stem(word) for word in words if word.isascii() and word.isalpha()):
            index[word] = (*index.get(word, ()), name)
        roots, suffixes, tlds = (tuple(entry[key].split()) for key in ("roots", "suffixes", "tlds"))
        topics[name] = Topic(phrases, roots, suffixes, tlds, float(entry.get("weight", 1)))
    heads, endings, ugly = (tuple(data["common"][key].split()) for key in ("heads", "endings", "ugly"))
    stopwords = {language: frozenset(words.split()) for language, words in data["stopwords"].items()}
    return Vocabulary(topics, index, heads, endings, re.compile("|".join(ugly)), stopwords, data["language_tlds"])


def _fold(text: str) -> str:
    """Take accents and ligatures off; other scripts stay."""
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(character for character in plain if not unicodedata.combining(character))


def _stem(word: str) -> str:
    """Take off plural and -ing, so that what is left is a word: berries, dishes, dogs, baking, wedding, grooming."""
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    if word.endswith("s") and len(word) > 3 and word[-2] not in "sui":
        return word[:-1]
    base = word.removesuffix("ing")
    if base == word or len(base) < 3 or not _VOWEL.search(base):
        return word
    if base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    closed = re.search(r"(?:^|[^aeiou])[aeiou][^aeiouwxyr]$", base) and len(base) <= 4
    return base + "e" if closed or base[-1] in "cv" or base.endswith(("dg", "rg", "chin", "rang")) else base


def _wishes(text: str) -> tuple[Wishes, str]:
    """Read the plain wishes in folded text; return them and the text without them."""
    tlds: dict[bool, list[str]] = {True: [], False: []}
    for match in _TLD.finditer(text):
        cued = match[1] or _TLD_CUE.search(text, max(0, match.start() - 40), match.end() + 40)
        if cued and domain_fault(f"name.{match[2].lower()}") is None:
            tlds[bool(match[1])].append(match[2].lower())
    banned = [word.lower() for match in _BANNED.finditer(text) for word in match.groups() if word]
    text = _BANNED.sub(" ", _TLD.sub(" ", text))
    required = _REQUIRED.search(text)
    word = required[1].lower() if required else ""
    wishes = Wishes(word, tuple(ban for ban in banned if ban not in word), tuple(tlds[False]), tuple(tlds[True]))
    return wishes, _NEGATED.sub(" ", text)


def _content(text: str) -> tuple[list[str], str]:
    """Return the stems that carry meaning, each once, in order, and the language of the stop words around them.

    A capital inside a sentence marks a place, a person or a brand, which no name should borrow (German aside).
    """
    found = list(re.finditer(r"[A-Za-z]+", text))
    words = [match[0].lower() for match in found]
    stopwords = vocabulary().stopwords
    language = max(stopwords, key=lambda code: sum(word in stopwords[code] for word in words))
    capitals = language != "de" and any(word[0][0].islower() for word in found)
    stems = []
    for match, word in zip(found, words, strict=True):
        inside = re.search(r"[\w,'\"&-]\s*$", text[max(0, match.start() - 3) : match.start()])
        borrowed = capitals and match[0][0].isupper() and inside
        if not borrowed and 1 < len(word) < 40 and word not in stopwords["en"] | stopwords[language]:
            stems.append(_stem(word))
    return list(dict.fromkeys(stems)), language


def _topics_of(stem: str) -> tuple[str, ...]:
    """Look a stem up, whole or, from five letters, as the start or end of a compound (hundeschule, microbrewery)."""
    index = vocabulary().index
    pieces = [stem[:end] for end in range(len(stem), 4, -1)] + [stem[start:] for start in range(3, len(stem) - 4)]
    return index.get(stem) or next((index[piece] for piece in pieces if piece in index), ())


def _brief(text: str, required: str, rng: random.Random) -> Brief:
    """Find the one or two topics of the text and the words to build on; a required word is the only keyword."""
    words = vocabulary()
    stems, language = _content(text)
    spaced = re.sub(r"[\s-]+", " ", text.lower())
    scores = {name: sum(t.weight for phrase in t.phrases if phrase in spaced) for name, t in words.topics.items()}
    for position, stem in enumerate(stems):
        for name in _topics_of(stem):
            scores[name] += words.topics[name].weight * (1 - 0.5 * position / len(stems))
    best = sorted(scores, key=lambda name: -scores[name])[:2]
    ranked = [name for name in best if scores[name] >= 0.6 * scores[best[0]] > 0]
    chosen = [words.topics[name] for name in ranked] or [words.topics["generic"]]
    # Beyond a few words, only those of the topics are safe to build on.
    on_topic = [stem for stem in stems if set(ranked) & set(_topics_of(stem))]
    if not on_topic or (len(stems) <= 4 and language == "en"):
        on_topic += [stem for stem in stems if stem not in on_topic and not _ADJECTIVE.search(stem)]
    keywords = [w for w in on_topic if 3 <= len(w) <= 12 and not re.search("....ed$", w) and _sayable(w)][:3]
    tld = words.language_tlds.get(language) if rng.random() < 0.5 else None
    return Brief(
        keywords=(required,) if required else tuple(keywords),
        roots=tuple(word for topic in chosen for word in topic.roots),
        suffixes=tuple(word for topic in chosen for word in topic.suffixes),
        tld=tld or rng.choice(chosen[0].tlds),
    )


def _sayable(label: str) -> bool:
    return not (_UNSAYABLE.search(label) or vocabulary().ugly.search(label))


def _joined(first: str, second: str, gain: float = 0.0) -> Candidate:
    """Put two words side by side; doubled letters, meeting vowels and piled-up consonants at the seam cost."""
    seam = first[-2:] + second[:2]
    rough = (first[-1] == second[0]) + (first[-1] in "aeiou" and second[0] in "aeiou") + (not _VOWEL.search(seam))
    return gain - 1.5 * rough, first + second, frozenset((first, second))


def _compounds(brief: Brief) -> Iterator[Candidate]:
    """Build keyword + root: breadpath."""
    for rank, word in enumerate(brief.keywords):
        yield from (_joined(word, suffix, -rank) for suffix in brief.suffixes)
        yield from (_joined(word, root, -rank - 0.5) for root in brief.roots)
        yield from (_joined(root, word, -rank - 0.5) for root in (*brief.roots, *vocabulary().heads))


def _root_compounds(brief: Brief) -> Iterator[Candidate]:
    """Build from the topic's own words: crumbfold, slowcrumb."""
    for root in brief.roots:
        yield from (_joined(root, suffix) for suffix in brief.suffixes)
        yield from (_joined(head, root) for head in vocabulary().heads)


def _blends(brief: Brief) -> Iterator[Candidate]:
    """Let two words share letters (lumen + enzyme: lumenzyme), or put an ending on one (crumbella, leaflet)."""
    stock = (*brief.keywords, *brief.roots)
    for first in stock:
        for second in (*stock, *brief.suffixes):
            shared = next((n for n in range(min(len(first), len(second)) - 2, 0, -1) if first.endswith(second[:n])), 0)
            if shared and first != second:
                gain = (first in brief.keywords) + 1.5 * (shared > 1) - 0.5
                yield gain, first + second[shared:], frozenset((first, second))
        clipped = _FIRST_SYLLABLE.match(first)
        for ending in vocabulary().endings:
            if ending[0] in "aeiou" and clipped and 3 <= len(clipped[0]) <= 6:
                yield 0.5 * (first in brief.keywords) - 0.5, clipped[0] + ending, frozenset((first, ending))
            elif ending[0] not in "aeiou" and first[-1] not in "aeiouy" and len(first) <= 6:
                yield _joined(first, ending, -0.5)


def _labels(brief: Brief, wishes: Wishes, rng: random.Random, count: int) -> list[str]:
    """Take names from the three pools in turn, best first with some luck, no word twice while others are left."""
    pools: list[list[Candidate]] = []
    for build in (_compounds, _root_compounds, _blends):
        built = (item for item in build(brief) if wishes.allow(item[1]) and _sayable(item[1]))
        lucky = [(item[0] + 2.5 * rng.random() - 0.4 * abs(len(item[1]) - BEST_LABEL), *item[1:]) for item in built]
        pools.append(sorted(lucky, key=lambda item: -item[0]))
    labels: list[str] = []
    used: set[str] = set()
    while len(labels) < count:
        turn = len(labels) % len(pools)
        left = [item for pool in (*pools[turn:], *pools[:turn]) for item in pool if item[1] not in labels]
        unused = (item for item in left if not used & item[2] - {wishes.required})
        # When the words at hand run out or meet no wish, open syllables never do.
        syllables = "".join(rng.choice("bdfklmnprstvz") + rng.choice("aeiou") for _ in range(4))
        _, label, parts = next(unused, None) or next(iter(left), (0.0, wishes.required + syllables, frozenset[str]()))
        used |= parts
        if label not in labels:
            labels.append(label)
    return labels
